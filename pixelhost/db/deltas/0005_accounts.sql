-- Mail to be sent, written in the transaction that causes it, and for a month that it was. Whoever sends a letter moves
-- its due_at into the future first, so nobody else does; a sender that dies leaves it due again. What a letter says goes
-- when it is sent or given up, because links in it log people in.
CREATE TABLE outbox (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),     -- also of the Message-ID
    recipient text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    html text NOT NULL,
    created_at timestamptz NOT NULL,
    due_at timestamptz,                                -- null = sent, or given up
    attempts integer NOT NULL DEFAULT 0,
    last_error text NOT NULL DEFAULT '',
    sent_at timestamptz,
    CHECK (sent_at IS NULL OR due_at IS NULL)
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_created_at ON outbox (created_at) WHERE due_at IS NULL;

ALTER TABLE users
    ADD COLUMN hotlinking_enabled boolean NOT NULL DEFAULT true,
    ADD COLUMN transfer_cap_bytes bigint NOT NULL DEFAULT 0 CHECK (transfer_cap_bytes >= 0),
    ADD COLUMN skip_file_viewer boolean NOT NULL DEFAULT false,
    ADD COLUMN embed_domains text NOT NULL DEFAULT '',
    ADD COLUMN branding jsonb NOT NULL DEFAULT '{}';
DROP TRIGGER users_changed ON users;
CREATE TRIGGER users_changed AFTER UPDATE OF plan_id, hotlinking_enabled, transfer_cap_bytes, skip_file_viewer, embed_domains, branding
    ON users FOR EACH STATEMENT EXECUTE FUNCTION tell_files_changed();

DROP INDEX files_owner;
CREATE INDEX files_owner ON files (owner_id, uploaded_at, id);

-- Time series of an account, its files and its filesystem together, summed by slots of ten minutes. Triggers on
-- file_usage and node_usage feed it: a year of it is one scan, and what is deleted goes on counting. No foreign key, here
-- and in the next table: whoever counts would wait for whoever deletes the account, who waits for the files that are
-- being counted; a trigger deletes the rows.
CREATE TABLE account_usage (
    user_id uuid NOT NULL,
    slot timestamptz NOT NULL,
    views bigint NOT NULL,
    downloads bigint NOT NULL,
    bandwidth_bytes bigint NOT NULL,
    bandwidth_paid_bytes bigint NOT NULL,
    PRIMARY KEY (user_id, slot)
);

-- Paid transfer of an account in the latest month that had any: the sum that is looked up with each of its files.
CREATE TABLE account_transfer (
    user_id uuid PRIMARY KEY,
    month date NOT NULL,                               -- its first day, in UTC
    paid_bytes bigint NOT NULL
);

-- What was removed from accounts without their doing, for two years.
CREATE TABLE activity (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    happened_at timestamptz NOT NULL,
    event text NOT NULL CHECK (event IN ('file_instance_expired', 'file_instance_blocked', 'file_instance_lost',
                                         'filesystem_node_blocked', 'filesystem_node_lost')),
    file_id text NOT NULL,                             -- of a node its number
    file_name text NOT NULL,                           -- of a node its path below the root
    reason text NOT NULL
);
CREATE INDEX activity_user ON activity (user_id, happened_at, id);
CREATE INDEX activity_happened_at ON activity (happened_at);
CREATE UNIQUE INDEX activity_lost ON activity (event, file_id)
 WHERE event IN ('file_instance_lost', 'filesystem_node_lost');

-- Usage adds up at the accounts: by slots of ten minutes, and paid transfer by the month, whose change tells whoever has
-- read the sum with a file.
CREATE FUNCTION add_account_usage(
    user_ids uuid[], slots timestamptz[], views bigint[], downloads bigint[], bytes bigint[], paid_bytes bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO account_usage AS a (user_id, slot, views, downloads, bandwidth_bytes, bandwidth_paid_bytes)
    SELECT u.user_id, date_bin('10 minutes', u.slot, 'epoch'::timestamptz), sum(u.views), sum(u.downloads),
           sum(u.bytes), sum(u.paid)
      FROM unnest(user_ids, slots, views, downloads, bytes, paid_bytes)
               AS u (user_id, slot, views, downloads, bytes, paid)
     GROUP BY 1, 2
    ON CONFLICT (user_id, slot) DO UPDATE SET
        views = a.views + excluded.views,
        downloads = a.downloads + excluded.downloads,
        bandwidth_bytes = a.bandwidth_bytes + excluded.bandwidth_bytes,
        bandwidth_paid_bytes = a.bandwidth_paid_bytes + excluded.bandwidth_paid_bytes;
    INSERT INTO account_transfer AS t (user_id, month, paid_bytes)
    SELECT DISTINCT ON (u.user_id) u.user_id, date_trunc('month', u.slot AT TIME ZONE 'UTC')::date AS month, sum(u.paid)
      FROM unnest(user_ids, slots, paid_bytes) AS u (user_id, slot, paid)
     WHERE u.paid <> 0 GROUP BY 1, 2 ORDER BY 1, 2 DESC
    ON CONFLICT (user_id) DO UPDATE SET
        month = excluded.month,
        paid_bytes = excluded.paid_bytes + CASE WHEN t.month = excluded.month THEN t.paid_bytes ELSE 0 END
     WHERE t.month <= excluded.month;
    IF FOUND THEN
        PERFORM pg_notify('pixelhost_files', '');
    END IF;
END
$$;

-- A file is used: whoever counts inserts slots, or adds to them.
CREATE FUNCTION count_file_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM add_account_usage(array_agg(f.owner_id), array_agg(n.slot), array_agg(n.views), array_agg(n.downloads),
                                  array_agg(n.bandwidth_bytes), array_agg(n.bandwidth_paid_bytes))
           FROM added n JOIN files f ON f.id = n.file_id;
    ELSE
        PERFORM add_account_usage(array_agg(f.owner_id), array_agg(n.slot), array_agg(n.views - o.views),
                                  array_agg(n.downloads - o.downloads),
                                  array_agg(n.bandwidth_bytes - o.bandwidth_bytes),
                                  array_agg(n.bandwidth_paid_bytes - o.bandwidth_paid_bytes))
           FROM added n JOIN removed o USING (file_id, slot) JOIN files f ON f.id = n.file_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER file_usage_added AFTER INSERT ON file_usage REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_file_usage();
CREATE TRIGGER file_usage_changed AFTER UPDATE ON file_usage REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_file_usage();

-- The same for a node, which has no views.
CREATE FUNCTION count_node_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM add_account_usage(array_agg(t.owner_id), array_agg(n.slot), array_agg(0::bigint), array_agg(n.downloads),
                                  array_agg(n.bandwidth_bytes), array_agg(n.bandwidth_paid_bytes))
           FROM added n JOIN nodes t ON t.id = n.node_id;
    ELSE
        PERFORM add_account_usage(array_agg(t.owner_id), array_agg(n.slot), array_agg(0::bigint),
                                  array_agg(n.downloads - o.downloads),
                                  array_agg(n.bandwidth_bytes - o.bandwidth_bytes),
                                  array_agg(n.bandwidth_paid_bytes - o.bandwidth_paid_bytes))
           FROM added n JOIN removed o USING (node_id, slot) JOIN nodes t ON t.id = n.node_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER node_usage_added AFTER INSERT ON node_usage REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_node_usage();
CREATE TRIGGER node_usage_changed AFTER UPDATE ON node_usage REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_node_usage();

-- An account goes after its files, by whose rows the last that was counted for it came.
CREATE FUNCTION forget_account_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM account_usage WHERE user_id IN (SELECT id FROM removed);
    DELETE FROM account_transfer WHERE user_id IN (SELECT id FROM removed);
    RETURN NULL;
END
$$;
CREATE TRIGGER users_removed AFTER DELETE ON users REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION forget_account_usage();

-- What was used before.
SELECT add_account_usage(array_agg(owner_id), array_agg(slot), array_agg(views), array_agg(downloads),
                         array_agg(bandwidth_bytes), array_agg(bandwidth_paid_bytes))
  FROM (SELECT f.owner_id, u.slot, u.views, u.downloads, u.bandwidth_bytes, u.bandwidth_paid_bytes
          FROM file_usage u JOIN files f ON f.id = u.file_id
         UNION ALL
        SELECT n.owner_id, u.slot, 0, u.downloads, u.bandwidth_bytes, u.bandwidth_paid_bytes
          FROM node_usage u JOIN nodes n ON n.id = u.node_id) used
 GROUP BY owner_id;

ALTER TABLE users
    ADD COLUMN totp_secret_sealed bytea,
    ADD COLUMN totp_step bigint NOT NULL DEFAULT 0,
    ADD COLUMN affiliate_user_id uuid REFERENCES users ON DELETE SET NULL,
    ADD COLUMN checkout_country text NOT NULL DEFAULT '',
    ADD COLUMN checkout_name text NOT NULL DEFAULT '',
    ADD COLUMN checkout_provider text NOT NULL DEFAULT '',
    ADD COLUMN delete_at timestamptz;
CREATE INDEX users_affiliate ON users (affiliate_user_id) WHERE affiliate_user_id IS NOT NULL;
CREATE INDEX users_delete_at ON users (delete_at) WHERE delete_at IS NOT NULL;

-- Links sent by e-mail, each good for one use; an account has at most one of each purpose at a time. A link is looked up
-- by the hash of its secret, so whoever reads this table can't use them.
CREATE TABLE email_links (
    secret_sha256 bytea PRIMARY KEY CHECK (length(secret_sha256) = 32),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('login', 'verify', 'reset')),
    email text NOT NULL,                               -- where it went: what its use verifies
    expires_at timestamptz NOT NULL,
    UNIQUE (user_id, purpose)
);
CREATE INDEX email_links_expires_at ON email_links (expires_at);

ALTER TABLE users
    ADD COLUMN balance_micro_eur bigint NOT NULL DEFAULT 0,
    ADD COLUMN resumes_plan_id text;

-- Invoices: money on its way to an account. One outlives its account, because the books are kept longer.
CREATE TABLE invoices (
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9]{8}$'),
    user_id uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    amount_micro_eur bigint NOT NULL CHECK (amount_micro_eur > 0),
    vat_micro_eur bigint NOT NULL CHECK (vat_micro_eur >= 0),     -- on top
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    customer_name text NOT NULL,
    gateway text NOT NULL,
    network text NOT NULL,
    payment_id text NOT NULL,                          -- the gateway's own name for it
    checkout_url text NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'paid', 'canceled', 'expired', 'failed')),
    paid_at timestamptz CHECK ((paid_at IS NOT NULL) = (status = 'paid')),
    ask_at timestamptz NOT NULL,                       -- when to ask the gateway what became of it, while it is open
    UNIQUE (gateway, payment_id)
);
CREATE INDEX invoices_user ON invoices (user_id, created_at);
CREATE INDEX invoices_ask_at ON invoices (ask_at) WHERE status = 'open';

-- Payments of the built-in test gateway: what a real one would know.
CREATE TABLE test_payments (
    id text PRIMARY KEY,
    total_cents bigint NOT NULL CHECK (total_cents > 0),
    description text NOT NULL,
    checkout_url text NOT NULL,
    return_url text NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'paid', 'canceled')),
    created_at timestamptz NOT NULL
);

-- Every change of a balance, in order, numbered by account without a gap. Nothing is charged twice: an hour once a kind,
-- an invoice once.
CREATE TABLE ledger (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    number bigint NOT NULL,                            -- set by a trigger, as is the balance
    kind text NOT NULL CHECK (kind IN ('deposit', 'credit', 'affiliate', 'subscription', 'storage', 'bandwidth')),
    made_at timestamptz NOT NULL,
    amount_micro_eur bigint NOT NULL,
    balance_micro_eur bigint NOT NULL,                 -- after it
    period_start timestamptz,                          -- the hour that is charged
    used_bytes bigint NOT NULL DEFAULT 0 CHECK (used_bytes >= 0),
    invoice_id text REFERENCES invoices,
    reason text NOT NULL DEFAULT '',                   -- of a credit
    PRIMARY KEY (user_id, number),
    UNIQUE (user_id, kind, period_start),
    UNIQUE (invoice_id, kind),
    CHECK ((period_start IS NOT NULL) = (kind IN ('subscription', 'storage', 'bandwidth'))),
    CHECK ((invoice_id IS NOT NULL) = (kind IN ('deposit', 'affiliate'))),
    CHECK (CASE WHEN kind IN ('deposit', 'affiliate') THEN amount_micro_eur > 0
                WHEN kind = 'credit' THEN amount_micro_eur <> 0 ELSE amount_micro_eur <= 0 END)
);
CREATE INDEX ledger_made_at ON ledger (user_id, made_at);

-- What an account has used and not been charged for: hours since read_at, and transfer. The owed figures count parts of
-- a micro-euro, so that no remainder is ever lost: core/prices.py says how many make one.
CREATE TABLE meters (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    read_at timestamptz,                               -- a full hour; null = hours aren't charged
    storage_bytes bigint NOT NULL DEFAULT 0,           -- used at that time
    transfer_bytes bigint NOT NULL DEFAULT 0,
    storage_owed numeric NOT NULL DEFAULT 0,
    transfer_owed numeric NOT NULL DEFAULT 0,
    subscription_owed numeric NOT NULL DEFAULT 0
);
CREATE INDEX meters_transfer ON meters (user_id) WHERE transfer_bytes > 0;

-- A row of the ledger continues the account's row before it, whatever it was told. The account is locked first, so rows
-- are numbered one after the other. Nothing is changed here yet: ON CONFLICT may still drop the row.
CREATE FUNCTION number_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM users WHERE id = NEW.user_id FOR NO KEY UPDATE;
    SELECT number + 1, balance_micro_eur + NEW.amount_micro_eur INTO NEW.number, NEW.balance_micro_eur
      FROM ledger WHERE user_id = NEW.user_id ORDER BY number DESC LIMIT 1;
    IF NOT FOUND THEN
        NEW.number := 1;
        NEW.balance_micro_eur := NEW.amount_micro_eur;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ledger_numbered BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION number_ledger();

-- The balance of an account is that of its last row.
CREATE FUNCTION carry_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users u SET balance_micro_eur = last.balance_micro_eur
      FROM (SELECT DISTINCT ON (user_id) user_id, balance_micro_eur FROM added ORDER BY user_id, number DESC) last
     WHERE u.id = last.user_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_added AFTER INSERT ON ledger REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION carry_balance();

-- It can be nothing else, so money comes and goes by the ledger alone.
CREATE FUNCTION refuse_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.balance_micro_eur <> coalesce((SELECT balance_micro_eur FROM ledger WHERE user_id = NEW.id
                                           ORDER BY number DESC LIMIT 1), 0) THEN
        RAISE EXCEPTION 'a balance is what the ledger sums to: insert a row there';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER users_balance BEFORE INSERT OR UPDATE OF balance_micro_eur ON users FOR EACH ROW
    EXECUTE FUNCTION refuse_balance();

-- What is written stays written; rows go only with their account, which is gone by the time they do.
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM users WHERE id = OLD.user_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the ledger is never changed: insert a row that makes up for the wrong one';
END
$$;
CREATE TRIGGER ledger_fixed BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_kept BEFORE TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

-- Whoever gives an account another plan decides anew: nothing is resumed then.
CREATE FUNCTION forget_resumed_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.resumes_plan_id := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER users_resume BEFORE UPDATE OF plan_id ON users FOR EACH ROW
    WHEN (NEW.plan_id <> OLD.plan_id AND NEW.resumes_plan_id IS NOT DISTINCT FROM OLD.resumes_plan_id)
    EXECUTE FUNCTION forget_resumed_plan();

-- Settings that administrators change while it runs; those that were never changed have no row. A change tells the
-- processes, which keep the values.
CREATE TABLE globals (
    key text PRIMARY KEY,
    value text NOT NULL
);
CREATE TRIGGER globals_changed AFTER INSERT OR UPDATE OR DELETE ON globals
    FOR EACH STATEMENT EXECUTE FUNCTION tell_files_changed();
