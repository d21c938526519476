-- The whole current schema of pixelhost, for Postgres 15 and newer. An empty database gets this file; an older one gets
-- pixelhost/db/deltas/. No extension is needed. Times are timestamptz, sizes are bytes, digests are raw bytes.

-- Accounts. The counters are kept by the triggers on files and nodes, so that no path of the code can forget them.
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_.-]{3,32}$'),
    email text NOT NULL DEFAULT '',
    email_verified boolean NOT NULL DEFAULT false,
    password_hash text,                                -- argon2id; null = no login by password
    is_admin boolean NOT NULL DEFAULT false,
    plan_id text NOT NULL,
    banned_at timestamptz,
    ban_reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    file_count bigint NOT NULL DEFAULT 0 CHECK (file_count >= 0),
    storage_used_bytes bigint NOT NULL DEFAULT 0 CHECK (storage_used_bytes >= 0),         -- files and filesystem
    node_count bigint NOT NULL DEFAULT 0 CHECK (node_count >= 0),                         -- without the root
    filesystem_used_bytes bigint NOT NULL DEFAULT 0 CHECK (filesystem_used_bytes >= 0),
    balance_micro_eur bigint NOT NULL DEFAULT 0,       -- prepaid; kept by the triggers on ledger
    resumes_plan_id text,                              -- not null = unpaid; the plan that money brings back
    hotlinking_enabled boolean NOT NULL DEFAULT true,  -- may visitors use this account's transfer
    transfer_cap_bytes bigint NOT NULL DEFAULT 0 CHECK (transfer_cap_bytes >= 0),         -- a month; 0 = the plan's
    skip_file_viewer boolean NOT NULL DEFAULT false,
    embed_domains text NOT NULL DEFAULT '',            -- with spaces between them
    branding jsonb NOT NULL DEFAULT '{}',              -- of the pages of its files, by the API's names
    totp_secret_sealed bytea,                          -- not null = logins need a code
    totp_step bigint NOT NULL DEFAULT 0,               -- that of the last code used: none counts twice
    pin_hash text,                                     -- argon2id; not null = keys of downloads need the PIN
    affiliate_user_id uuid REFERENCES users ON DELETE SET NULL,       -- gets a share of what this account pays
    checkout_country text NOT NULL DEFAULT '',
    checkout_name text NOT NULL DEFAULT '',
    checkout_provider text NOT NULL DEFAULT '',
    delete_at timestamptz                              -- not null = goes then, unless it logs in before
);
CREATE UNIQUE INDEX users_name ON users (lower(name));
CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE email <> '';
CREATE INDEX users_affiliate ON users (affiliate_user_id) WHERE affiliate_user_id IS NOT NULL;
CREATE INDEX users_delete_at ON users (delete_at) WHERE delete_at IS NOT NULL;

-- Logins and API keys. A key is looked up by its hash and shown again from its sealed copy; a token is shown once.
CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key_sha256 bytea NOT NULL UNIQUE CHECK (length(key_sha256) = 32),
    key_sealed bytea,
    kind text NOT NULL DEFAULT 'session' CHECK (kind IN ('session', 'token')),
    app_name text NOT NULL DEFAULT '',
    user_agent text NOT NULL DEFAULT '',
    created_ip text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    CHECK ((key_sealed IS NOT NULL) = (kind = 'session'))
);
CREATE INDEX sessions_user ON sessions (user_id, created_at);

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

-- Bytes in the blob store, by content. refs is kept by a trigger on every table that refers to a blob, because code
-- forgets ON DELETE CASCADE; a row with no references longer than the grace period is swept, bytes first, then the row.
CREATE TABLE blobs (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    crc32 bigint NOT NULL CHECK (crc32 BETWEEN 0 AND 4294967295),
    location text NOT NULL,                            -- the store's own name for where the bytes lie
    refs bigint NOT NULL DEFAULT 0 CHECK (refs >= 0),
    created_at timestamptz NOT NULL,
    unreferenced_since timestamptz,                    -- null exactly while refs > 0
    virus_name text NOT NULL DEFAULT '',               -- not empty = found to be malware
    scan_state text NOT NULL DEFAULT 'waiting'
        CHECK (scan_state IN ('waiting', 'clean', 'infected', 'too_large', 'failed', 'sealed')),
    scan_attempts integer NOT NULL DEFAULT 0,          -- that failed since the last one that didn't
    scan_due_at timestamptz NOT NULL DEFAULT '-infinity'              -- infinity = never again
);
CREATE INDEX blobs_unreferenced ON blobs (unreferenced_since) WHERE refs = 0;
CREATE INDEX blobs_scan_due ON blobs (scan_due_at) WHERE scan_due_at < 'infinity';

-- Files of the Pixeldrain API: a name in an account for a blob.
CREATE TABLE files (
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9]{8}$'),
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    blob bytea NOT NULL REFERENCES blobs,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    mime_type text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    kept_at timestamptz NOT NULL,                      -- the plan's expiry counts from here; a read moves it on
    last_viewed_at timestamptz NOT NULL,
    views bigint NOT NULL DEFAULT 0,
    downloads bigint NOT NULL DEFAULT 0,
    bandwidth_bytes bigint NOT NULL DEFAULT 0,
    bandwidth_paid_bytes bigint NOT NULL DEFAULT 0,
    delete_after_date timestamptz,
    delete_after_downloads bigint NOT NULL DEFAULT 0 CHECK (delete_after_downloads >= 0),   -- 0 = never
    abuse_type text NOT NULL DEFAULT '',               -- not empty = taken down
    abuse_reporter text NOT NULL DEFAULT ''
);
CREATE INDEX files_owner ON files (owner_id, uploaded_at, id);
CREATE INDEX files_blob ON files (blob);
CREATE INDEX files_delete_after ON files (delete_after_date) WHERE delete_after_date IS NOT NULL;
CREATE INDEX files_delete_after_downloads ON files (id) WHERE delete_after_downloads > 0;

-- Files and directories of the filesystems: one tree an account, whose root is made with the account. Whoever changes a
-- tree locks its owner's row first, so changes of one tree take turns: crossing moves can't make a circle. That parents
-- exist is checked by the triggers that count: a foreign key would look up each of 100,000 nodes deleted at once.
CREATE TABLE nodes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    parent_id bigint,                                  -- null for roots, and for trees cut off to be deleted
    name text NOT NULL CHECK (octet_length(name) <= 255 AND (name <> '' OR parent_id IS NULL)),
    blob bytea REFERENCES blobs,                       -- null for directories
    size_bytes bigint NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),   -- that of the blob
    mime_type text NOT NULL DEFAULT '',
    mode integer NOT NULL CHECK (mode BETWEEN 0 AND 4095),          -- of Unix, 0 to 7777 in octal
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    created_by uuid,                                   -- the account may be gone
    child_count bigint NOT NULL DEFAULT 0 CHECK (child_count >= 0),
    share_id text UNIQUE CHECK (share_id ~ '^[A-Za-z0-9]{8}$'),     -- not null = shared
    permissions jsonb,                                 -- of link, users and passwords, in force while it is shared
    properties jsonb NOT NULL DEFAULT '{}',            -- branding
    logging_enabled_at timestamptz,
    log_read_at timestamptz,
    abuse_type text NOT NULL DEFAULT '',               -- not empty = taken down
    abuse_reported_at timestamptz,
    custom_domain_name text UNIQUE,
    custom_domain_cert text,                           -- PEM
    custom_domain_key bytea,                           -- PEM, sealed
    is_cut_off boolean NOT NULL DEFAULT false,         -- its deletion has begun
    downloads bigint NOT NULL DEFAULT 0,
    bandwidth_bytes bigint NOT NULL DEFAULT 0,
    bandwidth_paid_bytes bigint NOT NULL DEFAULT 0,
    UNIQUE (parent_id, name)
) WITH (fillfactor = 90);                             -- room to count in a page, without touching the indexes
CREATE INDEX nodes_owner ON nodes (owner_id);
CREATE UNIQUE INDEX nodes_root ON nodes (owner_id) WHERE parent_id IS NULL AND NOT is_cut_off;
CREATE INDEX nodes_blob ON nodes (blob);
CREATE INDEX nodes_cut_off ON nodes (id) WHERE is_cut_off;
CREATE INDEX nodes_logging ON nodes (logging_enabled_at) WHERE logging_enabled_at IS NOT NULL;
CREATE INDEX nodes_shared ON nodes (owner_id) WHERE share_id IS NOT NULL;
CREATE INDEX nodes_directories ON nodes (parent_id) WHERE blob IS NULL;
CREATE INDEX nodes_taken_down ON nodes (owner_id) WHERE abuse_type <> '' AND blob IS NULL;

-- What a search looks up, because pg_trgm is not everywhere: every two and every three neighbouring characters of a name,
-- hashed together with the account. Three tell more than two, and the shortest term has two. The high cost keeps the
-- planner from computing it row by row; the short pending list keeps whoever fills it from waiting long.
CREATE FUNCTION search_grams(owner_id uuid, name text, sizes integer[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
    SELECT coalesce(array_agg(DISTINCT hashtext(substr(lowered, start, size)) # uuid_hash(owner_id)), '{}')
      FROM lower(name) AS lowered, unnest(sizes) AS size, generate_series(1, length(lowered) - size + 1) AS start
$$;
CREATE INDEX nodes_search ON nodes USING gin (search_grams(owner_id, name, '{2,3}'))
  WITH (gin_pending_list_limit = 1024) WHERE parent_id IS NOT NULL;

-- What happened below the roots and below directories that log, by paths relative to them. The last columns tell from
-- whom it is kept: whoever reads a directory may not read all below it. No foreign key, here and in the two tables that
-- follow: it would look up each of 100,000 nodes deleted at once; their trigger deletes the rows.
CREATE TABLE node_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    directory_id bigint NOT NULL,
    logged_at timestamptz NOT NULL,
    path text NOT NULL,
    path_new text NOT NULL DEFAULT '',
    action text NOT NULL CHECK (action IN ('create', 'update', 'move', 'delete')),
    type text NOT NULL CHECK (type IN ('file', 'dir')),
    way bigint[] NOT NULL DEFAULT '{}',                -- the nodes of the path
    way_new bigint[] NOT NULL DEFAULT '{}',            -- and those of path_new
    permissions jsonb                                  -- those in force there then, where not the directory's own
);
CREATE INDEX node_log_directory ON node_log (directory_id, logged_at);
CREATE INDEX node_log_logged_at ON node_log (logged_at);

-- Who has downloaded which node, so that downloads count once per address. visitor as in file_visitors.
CREATE TABLE node_visitors (
    node_id bigint NOT NULL,
    visitor bytea NOT NULL,
    bytes_sent bigint NOT NULL DEFAULT 0,              -- summed over a series of ranges
    has_downloaded boolean NOT NULL DEFAULT false,     -- at least a tenth was sent
    PRIMARY KEY (node_id, visitor)
);

-- Time series of a node, summed by slots of one minute.
CREATE TABLE node_usage (
    node_id bigint NOT NULL,
    slot timestamptz NOT NULL,
    downloads bigint NOT NULL DEFAULT 0,
    bandwidth_bytes bigint NOT NULL DEFAULT 0,
    bandwidth_paid_bytes bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (node_id, slot)
);

-- Lists (albums) of files, in order. owner_id is null for anonymous lists.
CREATE TABLE lists (
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9]{8}$'),
    owner_id uuid REFERENCES users ON DELETE CASCADE,
    title text NOT NULL CHECK (char_length(title) <= 300),
    created_at timestamptz NOT NULL
);
CREATE INDEX lists_owner ON lists (owner_id, created_at);

-- The files of a list. A deleted file leaves its lists.
CREATE TABLE list_files (
    list_id text NOT NULL REFERENCES lists ON DELETE CASCADE,
    position integer NOT NULL,
    file_id text NOT NULL REFERENCES files ON DELETE CASCADE,
    description text NOT NULL DEFAULT '',
    PRIMARY KEY (list_id, position)
);
CREATE INDEX list_files_file ON list_files (file_id);

-- Who has seen what, so that views and downloads count once per address. visitor is a keyed hash of the address, of an
-- IPv6 one of its network of 64 bits.
CREATE TABLE file_visitors (
    file_id text NOT NULL REFERENCES files ON DELETE CASCADE,
    visitor bytea NOT NULL,
    bytes_sent bigint NOT NULL DEFAULT 0,              -- summed over a series of ranges
    has_viewed boolean NOT NULL DEFAULT false,
    has_downloaded boolean NOT NULL DEFAULT false,     -- at least a tenth was sent
    PRIMARY KEY (file_id, visitor)
);

-- Time series of a file, summed by slots of ten minutes.
CREATE TABLE file_usage (
    file_id text NOT NULL REFERENCES files ON DELETE CASCADE,
    slot timestamptz NOT NULL,
    views bigint NOT NULL DEFAULT 0,
    downloads bigint NOT NULL DEFAULT 0,
    bandwidth_bytes bigint NOT NULL DEFAULT 0,
    bandwidth_paid_bytes bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (file_id, slot)
);

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
-- Slots come in the order of time, so this finds those of a month for the whole instance and costs next to nothing.
CREATE INDEX account_usage_slot ON account_usage USING brin (slot);

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

-- Bytes that an address was sent, by the minute in which it had them, for the daily limits of plans. visitor as in
-- file_visitors.
CREATE TABLE visitor_usage (
    visitor bytea NOT NULL,
    slot timestamptz NOT NULL,
    bytes_sent bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (visitor, slot)
);
CREATE INDEX visitor_usage_slot ON visitor_usage (slot);

-- What an address has begun to download, for the daily limits of plans: more of the same within a day is no other download.
CREATE TABLE visitor_downloads (
    visitor bytea NOT NULL,
    subject text NOT NULL,                             -- like 'file abcdABCD' or 'node 12'
    started_at timestamptz NOT NULL,
    PRIMARY KEY (visitor, subject)
);
CREATE INDEX visitor_downloads_started_at ON visitor_downloads (started_at);

-- Downloads under way that some limit looks at. A process is named by the backend that keeps an advisory lock for it: where
-- that is free the process has died, and its rows count no more. None of this outlives the server.
CREATE SEQUENCE download_numbers;                      -- logged: a crash that empties the table must not repeat them
CREATE UNLOGGED TABLE open_downloads (
    id bigint PRIMARY KEY DEFAULT nextval('download_numbers'),
    process integer NOT NULL,
    visitor bytea NOT NULL,
    is_held boolean NOT NULL,                          -- to the limits of a plan
    reserved_bytes bigint NOT NULL,                    -- of the daily limit, until it is known how many went out
    bytes_per_second bigint NOT NULL                   -- that all of an address share; 0 = no limit
);
CREATE INDEX open_downloads_visitor ON open_downloads (visitor);

-- Downloads of files with a rate limit by addresses that are new to them, until file_visitors tells of those or they have
-- ended short of it: each may be the one too many. Whom the limit doesn't hold for is counted by file_visitors alone.
-- Several processes and a crash as in open_downloads.
CREATE UNLOGGED TABLE uncounted_downloads (
    number bigint NOT NULL,                            -- as in open_downloads, where it may have ended
    file_id text NOT NULL,
    visitor bytea NOT NULL,
    process integer NOT NULL,
    PRIMARY KEY (number, file_id)
);
CREATE INDEX uncounted_downloads_file ON uncounted_downloads (file_id);

-- Captcha responses that were right, so that each is good once. It may go on with what it began.
CREATE TABLE captcha_responses (
    response_sha256 bytea PRIMARY KEY CHECK (length(response_sha256) = 32),
    visitor bytea NOT NULL,
    subject text NOT NULL,
    accepted_at timestamptz NOT NULL,
    continuations integer NOT NULL DEFAULT 0           -- how often it has gone on with it
);
CREATE INDEX captcha_responses_accepted_at ON captcha_responses (accepted_at);

-- The malware scanner: one row. Its signatures, and since when it has been away.
CREATE TABLE scanner (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    version text NOT NULL DEFAULT '',
    failures integer NOT NULL DEFAULT 0,               -- since it answered last
    due_at timestamptz NOT NULL DEFAULT '-infinity'    -- when to try again
);
INSERT INTO scanner DEFAULT VALUES;

-- Batches of counters that were applied, so that a batch sent twice (a lost answer, a retry) counts once.
CREATE TABLE usage_batches (
    id uuid PRIMARY KEY,
    applied_at timestamptz NOT NULL
);

-- Reports of abuse, as visitors have made them: an address reports a file once. It is kept in the clear, an IPv6 one by
-- its network of 64 bits, so that who reports in bad faith can be told from the others.
CREATE TABLE abuse_reports (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_id text NOT NULL REFERENCES files ON DELETE CASCADE,
    type text NOT NULL,
    description text NOT NULL CHECK (char_length(description) <= 500),
    reporter_ip text NOT NULL,
    reporter_id uuid REFERENCES users ON DELETE SET NULL,          -- null = without an account
    reported_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'granted', 'rejected')),
    decided_at timestamptz CHECK ((decided_at IS NULL) = (status = 'pending')),
    UNIQUE (file_id, reporter_ip)
);
CREATE INDEX abuse_reports_reported_at ON abuse_reports (reported_at);
CREATE INDEX abuse_reports_pending ON abuse_reports (file_id) WHERE status = 'pending';
CREATE INDEX abuse_reports_reporter ON abuse_reports (reporter_id) WHERE reporter_id IS NOT NULL;

-- Organisations and people that report abuse. Those with an account take down what is of their types by themselves, with
-- an API key of that account; each has an account to itself.
CREATE TABLE abuse_reporters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),   -- shown with what they had taken down
    email text NOT NULL,
    user_id uuid UNIQUE REFERENCES users ON DELETE SET NULL,
    types text[] NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz                           -- null = never
);
CREATE UNIQUE INDEX abuse_reporters_name ON abuse_reporters (lower(name));

-- What was taken down: a content, that is every file and node with these bytes, those that come later too; or a directory
-- with all that is and comes below it, or an empty file. What lifts a takedown deletes its row. No foreign key to nodes, as
-- of node_log.
CREATE TABLE takedowns (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea UNIQUE CHECK (length(digest) = 32),
    node_id bigint UNIQUE,
    type text NOT NULL CHECK (type <> ''),
    reporter text NOT NULL,                            -- shown with the file
    note text NOT NULL,                                -- for administrators
    made_at timestamptz NOT NULL,
    made_by uuid REFERENCES users ON DELETE SET NULL,
    CHECK (num_nonnulls(digest, node_id) = 1)
);
CREATE INDEX takedowns_made_at ON takedowns (made_at, id);
CREATE INDEX takedowns_made_by ON takedowns (made_by) WHERE made_by IS NOT NULL;

-- Things that were taken down, until their owners are told.
CREATE TABLE takedown_news (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    takedown_id bigint NOT NULL REFERENCES takedowns ON DELETE CASCADE,
    file_id text,
    node_id bigint,
    CHECK (num_nonnulls(file_id, node_id) = 1)
);
CREATE INDEX takedown_news_takedown ON takedown_news (takedown_id);

-- Copies of malware that was known before they came, until their owners are told.
CREATE TABLE malware_news (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_id text,
    node_id bigint,
    CHECK (num_nonnulls(file_id, node_id) = 1)
);

-- What owners say against a takedown, once each.
CREATE TABLE appeals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    takedown_id bigint NOT NULL REFERENCES takedowns ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    text text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 2000),
    made_at timestamptz NOT NULL,
    rejected_at timestamptz,                           -- null = nobody has decided
    answer text NOT NULL DEFAULT '',
    UNIQUE (takedown_id, user_id)
);
CREATE INDEX appeals_made_at ON appeals (made_at, id) WHERE rejected_at IS NULL;
CREATE INDEX appeals_user ON appeals (user_id);

-- Warnings that were sent before the certificate of a custom domain ends, each once; 0 days is when it has ended. No
-- foreign key to nodes, as of node_log.
CREATE TABLE certificate_warnings (
    node_id bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    days integer NOT NULL CHECK (days >= 0),
    PRIMARY KEY (node_id, expires_at, days)
);

-- Addresses that may not upload.
CREATE TABLE ip_bans (
    network cidr PRIMARY KEY,
    reason text NOT NULL DEFAULT '',
    banned_at timestamptz NOT NULL,
    expires_at timestamptz                             -- null = never
);

-- Fixed windows of rate limits, exact across workers: one row an action, subject and window. Every request to some APIs
-- writes here, so it isn't made durable: what a crash of the database forgets is counted anew.
CREATE UNLOGGED TABLE rate_windows (
    action text NOT NULL,
    subject text NOT NULL,
    starts_at timestamptz NOT NULL,
    uses bigint NOT NULL,
    PRIMARY KEY (action, subject, starts_at)
);
CREATE INDEX rate_windows_starts ON rate_windows (starts_at);

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

-- Settings that administrators change while it runs; those that were never changed have no row. A change tells the
-- processes, which keep the values.
CREATE TABLE globals (
    key text PRIMARY KEY,
    value text NOT NULL
);

-- When each background job ran last, for administrators to look at. `failure` is empty when it went well.
CREATE TABLE job_runs (
    name text PRIMARY KEY,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    dealt_with bigint NOT NULL,
    failure text NOT NULL
);

-- Links through which anybody may send a secret to the account that made them.
CREATE TABLE push_requests (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token text COLLATE "C" NOT NULL UNIQUE,
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,                                -- shown to whoever sends, as is the message
    message text NOT NULL,
    push_days int NOT NULL CHECK (push_days BETWEEN 1 AND 90),        -- how long what is sent is kept
    pushes_left int NOT NULL CHECK (pushes_left >= 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL                    -- the past where it was closed
);
CREATE INDEX push_requests_owner ON push_requests (owner_id, id DESC);
CREATE INDEX push_requests_expires ON push_requests (expires_at);

-- Secrets that expire. What is secret is sealed with a random key of the push, and that key with the instance's; when the
-- push expires its key goes first, so that nothing sealed with it can be opened any more, wherever copies of it are.
CREATE TABLE pushes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token text COLLATE "C" NOT NULL UNIQUE,
    owner_id uuid REFERENCES users ON DELETE CASCADE,  -- null = anonymous
    request_id bigint REFERENCES push_requests ON DELETE SET NULL,
    kind text NOT NULL CHECK (kind IN ('text', 'file', 'url', 'qr')),
    name text NOT NULL,
    note_sealed bytea,                                 -- with the instance's key: its owner reads it after expiry too
    key_sealed bytea,                                  -- null once expired
    payload_sealed bytea,
    passphrase_sealed bytea,                           -- null = none
    is_end_to_end boolean NOT NULL,                    -- the payload was encrypted before it came here
    is_deletable_by_viewer boolean,                    -- null for URLs
    has_retrieval_step boolean NOT NULL,
    expire_after_days int NOT NULL CHECK (expire_after_days >= 1),
    expire_after_views int NOT NULL CHECK (expire_after_views >= 1),
    views int NOT NULL DEFAULT 0,                      -- that count, and those that came too late
    events int NOT NULL DEFAULT 1,                     -- rows of push_events, at most 2,000
    mails_on_view boolean NOT NULL DEFAULT false,      -- to the owner
    mails_on_expiry boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    used_up_at timestamptz,                            -- files are there for a while after the last view
    expires_at timestamptz NOT NULL,
    expired_at timestamptz,
    is_deleted boolean NOT NULL DEFAULT false,         -- somebody made it expire
    CHECK (expired_at IS NULL OR num_nonnulls(key_sealed, payload_sealed, passphrase_sealed) = 0),
    CHECK (expired_at IS NOT NULL OR key_sealed IS NOT NULL)
) WITH (fillfactor = 85);                              -- room to count a view in a page, without touching the indexes
CREATE INDEX pushes_active ON pushes (owner_id, id DESC) WHERE expired_at IS NULL;
CREATE INDEX pushes_expired ON pushes (owner_id, id DESC) WHERE expired_at IS NOT NULL;
CREATE INDEX pushes_due ON pushes (expires_at) WHERE expired_at IS NULL;
CREATE INDEX pushes_used_up ON pushes (used_up_at) WHERE expired_at IS NULL AND used_up_at IS NOT NULL;
CREATE INDEX pushes_purged ON pushes (expired_at) WHERE expired_at IS NOT NULL;
CREATE INDEX pushes_purged_of_strangers ON pushes (expired_at) WHERE expired_at IS NOT NULL AND owner_id IS NULL;
CREATE INDEX pushes_request ON pushes (request_id) WHERE request_id IS NOT NULL;

-- Files of pushes, sealed with a key that comes from the push's: their blobs hold a little more than size_bytes.
CREATE TABLE push_files (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    push_id bigint NOT NULL REFERENCES pushes ON DELETE CASCADE,
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,        -- whose space they use
    name_sealed bytea NOT NULL,
    mime_type text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    blob bytea NOT NULL REFERENCES blobs
);
CREATE INDEX push_files_push ON push_files (push_id, id);
CREATE INDEX push_files_owner ON push_files (owner_id);
CREATE INDEX push_files_blob ON push_files (blob);

-- What happened to a push, for its owner. Those whose notice is due are told by mail and webhooks, and then aren't.
CREATE TABLE push_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    push_id bigint NOT NULL REFERENCES pushes ON DELETE CASCADE,
    kind text NOT NULL,
    ip text NOT NULL,
    user_agent text NOT NULL,
    referrer text NOT NULL,
    happened_at timestamptz NOT NULL,
    is_notice_due boolean NOT NULL DEFAULT false,
    detail jsonb                                       -- of mail that was sent: to whom, and in which language
);
CREATE INDEX push_events_push ON push_events (push_id, id);
CREATE INDEX push_events_due ON push_events (id) WHERE is_notice_due;

-- Addresses that are told what happens to an account's pushes.
CREATE TABLE webhooks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    url text NOT NULL,
    secret_sealed bytea NOT NULL,                      -- what messages are signed with
    events text[] NOT NULL,
    created_at timestamptz NOT NULL,
    failing_since timestamptz,                         -- null = the last message arrived
    disabled_at timestamptz                            -- nothing arrived for days
);
CREATE INDEX webhooks_user ON webhooks (user_id, created_at);

-- Messages on their way to webhooks, and for a while what became of them. Whoever sends one moves its due_at first.
CREATE TABLE webhook_messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),     -- also of the message
    webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    due_at timestamptz,                                -- null = arrived, or given up
    arrived_at timestamptz,
    last_error text NOT NULL DEFAULT ''
);
CREATE INDEX webhook_messages_due ON webhook_messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_messages_webhook ON webhook_messages (webhook_id, created_at);

-- What people sort the files by that they transfer.
CREATE TABLE transfer_categories (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX transfer_categories_name ON transfer_categories (owner_id, lower(name));

-- Files to be sent to others, each sealed with a random key of its own. Their names are in the clear: they are searched
-- and sorted by the database.
CREATE TABLE transfer_files (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    category_id uuid REFERENCES transfer_categories ON DELETE SET NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    mime_type text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    sealed_bytes bigint NOT NULL CHECK (sealed_bytes >= 0),           -- those of the blob, to be sorted by
    key_sealed bytea NOT NULL,                         -- with the CRC-32 of the content, which tells of what is short
    blob bytea NOT NULL REFERENCES blobs,
    created_at timestamptz NOT NULL,
    trashed_at timestamptz                             -- not null = out of sight
);
CREATE INDEX transfer_files_owner ON transfer_files (owner_id, created_at, id);
CREATE INDEX transfer_files_category ON transfer_files (category_id) WHERE category_id IS NOT NULL;
CREATE INDEX transfer_files_blob ON transfer_files (blob);

-- Files of the sender that a push gives to whoever has its link. They move no bytes and take no space twice.
CREATE TABLE push_transfer_files (
    push_id bigint NOT NULL REFERENCES pushes ON DELETE CASCADE,
    file_id uuid NOT NULL REFERENCES transfer_files ON DELETE CASCADE,
    position int NOT NULL,
    downloads_left int CHECK (downloads_left >= 0),    -- null = no limit
    PRIMARY KEY (push_id, position)
);
CREATE INDEX push_transfer_files_file ON push_transfer_files (file_id);

-- Messages with files, one a recipient: who has an account finds it in the inbox, anybody else is sent the link of a
-- push. What was said is gone when it ends, and its files are files of the sender still.
CREATE TABLE mails (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    identifier text COLLATE "C" NOT NULL CHECK (identifier ~ '^[A-Za-z0-9]{4}$'),     -- for people to talk about it
    sender_id uuid REFERENCES users ON DELETE SET NULL,
    recipient_id uuid REFERENCES users ON DELETE SET NULL,            -- null = without an account, or it is gone
    sender_name text NOT NULL,
    sender_email text NOT NULL,
    recipient_email text NOT NULL,
    subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
    body_sealed bytea,                                 -- null once it has ended
    passphrase_hash text,                              -- argon2id; null = none, or its push has it, or it has ended
    has_passphrase boolean NOT NULL,                   -- that stays known
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    opened_at timestamptz,                             -- first; of a link its push knows until it ends
    is_unread boolean NOT NULL DEFAULT true,           -- in the inbox, where it can be marked so again
    ended_at timestamptz,                              -- expired, or revoked
    is_revoked boolean NOT NULL DEFAULT false,
    max_downloads int CHECK (max_downloads >= 1),      -- null = no limit
    downloads int NOT NULL DEFAULT 0,
    letter_id uuid REFERENCES outbox ON DELETE SET NULL,
    is_letter_failed boolean NOT NULL DEFAULT false,   -- it could not be sent, or would have been one too many
    push_id bigint UNIQUE REFERENCES pushes ON DELETE SET NULL,
    link_id uuid UNIQUE,                               -- not null = what the letter's link opens the push by
    is_deleted_by_sender boolean NOT NULL DEFAULT false,
    is_deleted_by_recipient boolean NOT NULL DEFAULT false,
    CHECK (ended_at IS NULL OR body_sealed IS NULL)
);
CREATE INDEX mails_sender ON mails (sender_id, created_at, id);
CREATE INDEX mails_recipient ON mails (recipient_id, created_at, id);
CREATE INDEX mails_letter ON mails (letter_id);
CREATE INDEX mails_due ON mails (expires_at) WHERE ended_at IS NULL;
CREATE INDEX mails_forgotten ON mails (id) WHERE is_deleted_by_sender OR sender_id IS NULL;

-- Files of a message. A deleted file leaves it.
CREATE TABLE mail_files (
    mail_id uuid NOT NULL REFERENCES mails ON DELETE CASCADE,
    file_id uuid NOT NULL REFERENCES transfer_files ON DELETE CASCADE,
    position int NOT NULL,
    PRIMARY KEY (mail_id, position)
);
CREATE INDEX mail_files_file ON mail_files (file_id);

-- What keys for downloading can be made for: a message's files, again and again, or files of an account, once.
CREATE TABLE downloads (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid REFERENCES users ON DELETE CASCADE,   -- null = the recipient of the message
    mail_id uuid UNIQUE REFERENCES mails ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,                            -- null = when the message does
    CHECK (num_nonnulls(user_id, mail_id) = 1),
    CHECK ((mail_id IS NULL) = (expires_at IS NOT NULL))
);
CREATE INDEX downloads_user ON downloads (user_id);
CREATE INDEX downloads_expires_at ON downloads (expires_at);

-- Files of a download that is no message's.
CREATE TABLE download_files (
    download_id uuid NOT NULL REFERENCES downloads ON DELETE CASCADE,
    file_id uuid NOT NULL REFERENCES transfer_files ON DELETE CASCADE,
    position int NOT NULL,
    PRIMARY KEY (download_id, position)
);
CREATE INDEX download_files_file ON download_files (file_id);

-- Keys that stand in the address of a download, each good for one; looked up by their hash.
CREATE TABLE download_keys (
    key_sha256 bytea PRIMARY KEY CHECK (length(key_sha256) = 32),
    download_id uuid NOT NULL REFERENCES downloads ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX download_keys_download ON download_keys (download_id);
CREATE INDEX download_keys_expires_at ON download_keys (expires_at);

-- What an account's PIN was exchanged for, to make keys of downloads with.
CREATE TABLE temporary_keys (
    key_sha256 bytea PRIMARY KEY CHECK (length(key_sha256) = 32),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX temporary_keys_user ON temporary_keys (user_id);
CREATE INDEX temporary_keys_expires_at ON temporary_keys (expires_at);

-- References come or go: count them at the owners and at the blobs, once for a whole statement, because an account may
-- lose its 50,000 files in one. Owners before blobs, each in order, so that transactions don't wait in a circle; whoever
-- inserts has locked the one owner and the one blob already.
CREATE FUNCTION count_added_files() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users u SET file_count = u.file_count + c.files, storage_used_bytes = u.storage_used_bytes + c.bytes
      FROM (SELECT f.owner_id, count(*) AS files, sum(b.size_bytes) AS bytes
              FROM added f JOIN blobs b ON b.digest = f.blob GROUP BY f.owner_id) c
     WHERE u.id = c.owner_id;
    UPDATE blobs b SET refs = b.refs + c.files, unreferenced_since = NULL
      FROM (SELECT blob, count(*) AS files FROM added GROUP BY blob) c
     WHERE b.digest = c.blob;
    RETURN NULL;
END
$$;
CREATE TRIGGER files_added AFTER INSERT ON files REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_added_files();

-- The same for references that go; a blob's last one starts its grace period.
CREATE FUNCTION count_removed_files() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM users WHERE id IN (SELECT owner_id FROM removed) ORDER BY id FOR NO KEY UPDATE;
    UPDATE users u SET file_count = u.file_count - c.files, storage_used_bytes = u.storage_used_bytes - c.bytes
      FROM (SELECT f.owner_id, count(*) AS files, sum(b.size_bytes) AS bytes
              FROM removed f JOIN blobs b ON b.digest = f.blob GROUP BY f.owner_id) c
     WHERE u.id = c.owner_id;
    PERFORM 1 FROM blobs WHERE digest IN (SELECT blob FROM removed) ORDER BY digest FOR NO KEY UPDATE;
    UPDATE blobs b SET refs = b.refs - c.files,
                       unreferenced_since = CASE WHEN b.refs = c.files THEN now() END
      FROM (SELECT blob, count(*) AS files FROM removed GROUP BY blob) c
     WHERE b.digest = c.blob;
    RETURN NULL;
END
$$;
CREATE TRIGGER files_removed AFTER DELETE ON files REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION count_removed_files();

-- The same for nodes, which count for their account, their directory and their blob. Owners before nodes before blobs.
CREATE FUNCTION count_added_nodes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users u SET node_count = u.node_count + c.nodes, filesystem_used_bytes = u.filesystem_used_bytes + c.bytes,
                       storage_used_bytes = u.storage_used_bytes + c.bytes
      FROM (SELECT owner_id, count(parent_id) AS nodes, sum(size_bytes) AS bytes FROM added GROUP BY owner_id) c
     WHERE u.id = c.owner_id;
    UPDATE nodes p SET child_count = p.child_count + c.nodes
      FROM (SELECT parent_id, count(*) AS nodes FROM added WHERE parent_id IS NOT NULL GROUP BY parent_id) c
     WHERE p.id = c.parent_id;
    IF EXISTS (SELECT FROM added a WHERE parent_id IS NOT NULL
                  AND NOT EXISTS (SELECT FROM nodes p WHERE p.id = a.parent_id)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'the directory of a new node does not exist';
    END IF;
    UPDATE blobs b SET refs = b.refs + c.nodes, unreferenced_since = NULL
      FROM (SELECT blob, count(*) AS nodes FROM added WHERE blob IS NOT NULL GROUP BY blob) c
     WHERE b.digest = c.blob;
    RETURN NULL;
END
$$;
CREATE TRIGGER nodes_added AFTER INSERT ON nodes REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_added_nodes();

-- The same for nodes that go, with what was logged and counted of them.
CREATE FUNCTION count_removed_nodes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM users WHERE id IN (SELECT owner_id FROM removed) ORDER BY id FOR NO KEY UPDATE;
    UPDATE users u SET node_count = u.node_count - c.nodes, filesystem_used_bytes = u.filesystem_used_bytes - c.bytes,
                       storage_used_bytes = u.storage_used_bytes - c.bytes
      FROM (SELECT owner_id, count(*) FILTER (WHERE parent_id IS NOT NULL OR is_cut_off) AS nodes,
                   sum(size_bytes) AS bytes
              FROM removed GROUP BY owner_id) c
     WHERE u.id = c.owner_id;
    UPDATE nodes p SET child_count = p.child_count - c.nodes
      FROM (SELECT parent_id, count(*) AS nodes FROM removed WHERE parent_id IS NOT NULL GROUP BY parent_id) c
     WHERE p.id = c.parent_id;
    IF EXISTS (SELECT FROM removed r JOIN nodes c ON c.parent_id = r.id WHERE r.blob IS NULL) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a directory that is deleted still has children';
    END IF;
    PERFORM 1 FROM blobs WHERE digest IN (SELECT blob FROM removed) ORDER BY digest FOR NO KEY UPDATE;
    UPDATE blobs b SET refs = b.refs - c.nodes,
                       unreferenced_since = CASE WHEN b.refs = c.nodes THEN now() END
      FROM (SELECT blob, count(*) AS nodes FROM removed WHERE blob IS NOT NULL GROUP BY blob) c
     WHERE b.digest = c.blob;
    DELETE FROM node_log WHERE directory_id IN (SELECT id FROM removed WHERE blob IS NULL);
    DELETE FROM node_visitors WHERE node_id IN (SELECT id FROM removed WHERE blob IS NOT NULL);
    DELETE FROM node_usage WHERE node_id IN (SELECT id FROM removed WHERE blob IS NOT NULL);
    RETURN NULL;
END
$$;
CREATE TRIGGER nodes_removed AFTER DELETE ON nodes REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION count_removed_nodes();

-- A node is overwritten or moved: one at a time. Whoever cuts nodes off counts them once for all: 10,000 children would
-- write the row of their directory 10,000 times.
CREATE FUNCTION count_changed_node() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size_bytes <> OLD.size_bytes THEN
        UPDATE users SET filesystem_used_bytes = filesystem_used_bytes + NEW.size_bytes - OLD.size_bytes,
                         storage_used_bytes = storage_used_bytes + NEW.size_bytes - OLD.size_bytes
         WHERE id = NEW.owner_id;
    END IF;
    IF NEW.parent_id IS DISTINCT FROM OLD.parent_id AND NOT NEW.is_cut_off THEN
        UPDATE nodes SET child_count = child_count - 1 WHERE id = OLD.parent_id;
        UPDATE nodes SET child_count = child_count + 1 WHERE id = NEW.parent_id;
        IF NEW.parent_id IS NOT NULL AND NOT FOUND THEN
            RAISE foreign_key_violation USING MESSAGE = 'the directory that a node is moved to does not exist';
        END IF;
    END IF;
    IF NEW.blob IS DISTINCT FROM OLD.blob THEN
        PERFORM 1 FROM blobs WHERE digest IN (OLD.blob, NEW.blob) ORDER BY digest FOR NO KEY UPDATE;
        UPDATE blobs SET refs = refs - 1, unreferenced_since = CASE WHEN refs = 1 THEN now() END
         WHERE digest = OLD.blob;
        UPDATE blobs SET refs = refs + 1, unreferenced_since = NULL WHERE digest = NEW.blob;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER nodes_counted AFTER UPDATE OF blob, size_bytes, parent_id ON nodes FOR EACH ROW
    EXECUTE FUNCTION count_changed_node();

-- Sealed files come or go: they use their owner's space, and refer to their blobs.
CREATE FUNCTION count_added_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users u SET storage_used_bytes = u.storage_used_bytes + c.bytes
      FROM (SELECT owner_id, sum(size_bytes) AS bytes FROM added GROUP BY owner_id) c
     WHERE u.id = c.owner_id;
    UPDATE blobs b SET refs = b.refs + c.files, unreferenced_since = NULL
      FROM (SELECT blob, count(*) AS files FROM added GROUP BY blob) c
     WHERE b.digest = c.blob;
    RETURN NULL;
END
$$;
CREATE TRIGGER push_files_added AFTER INSERT ON push_files REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_added_sealed();
CREATE TRIGGER transfer_files_added AFTER INSERT ON transfer_files REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_added_sealed();

-- The same for those that go; a blob's last reference starts its grace period.
CREATE FUNCTION count_removed_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM users WHERE id IN (SELECT owner_id FROM removed) ORDER BY id FOR NO KEY UPDATE;
    UPDATE users u SET storage_used_bytes = u.storage_used_bytes - c.bytes
      FROM (SELECT owner_id, sum(size_bytes) AS bytes FROM removed GROUP BY owner_id) c
     WHERE u.id = c.owner_id;
    PERFORM 1 FROM blobs WHERE digest IN (SELECT blob FROM removed) ORDER BY digest FOR NO KEY UPDATE;
    UPDATE blobs b SET refs = b.refs - c.files,
                       unreferenced_since = CASE WHEN b.refs = c.files THEN now() END
      FROM (SELECT blob, count(*) AS files FROM removed GROUP BY blob) c
     WHERE b.digest = c.blob;
    RETURN NULL;
END
$$;
CREATE TRIGGER push_files_removed AFTER DELETE ON push_files REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION count_removed_sealed();
CREATE TRIGGER transfer_files_removed AFTER DELETE ON transfer_files REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION count_removed_sealed();

-- A message that a push shows ends with it, whatever ends it. When it was first seen is kept from the push's log, which
-- goes with the push.
CREATE FUNCTION end_message_of_push() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mails
       SET body_sealed = NULL, ended_at = coalesce(ended_at, NEW.expired_at),
           is_revoked = CASE WHEN ended_at IS NULL THEN NEW.is_deleted ELSE is_revoked END,
           opened_at = coalesce(opened_at, (SELECT e.happened_at FROM push_events e
                                             WHERE e.push_id = NEW.id AND e.kind = 'view' ORDER BY e.id LIMIT 1))
     WHERE push_id = NEW.id;
    IF FOUND THEN
        DELETE FROM mail_files f USING mails m WHERE f.mail_id = m.id AND m.push_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER pushes_ended AFTER UPDATE OF expired_at ON pushes FOR EACH ROW
    WHEN (OLD.expired_at IS NULL AND NEW.expired_at IS NOT NULL) EXECUTE FUNCTION end_message_of_push();

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

-- Every account has a filesystem.
CREATE FUNCTION add_root() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO nodes (owner_id, name, mode, created_at, modified_at, created_by)
    VALUES (NEW.id, '', 448, NEW.created_at, NEW.created_at, NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER users_root AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION add_root();

-- The counters above hold only while a file keeps its bytes and its owner.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the bytes and the owner of a file never change: delete it and insert another';
END
$$;
CREATE TRIGGER files_fixed BEFORE UPDATE OF blob, owner_id ON files FOR EACH ROW
    WHEN (OLD.blob IS DISTINCT FROM NEW.blob OR OLD.owner_id IS DISTINCT FROM NEW.owner_id)
    EXECUTE FUNCTION refuse_change();

-- A copy of what was taken down is taken down too. Whoever inserts one has locked its blob's row, and so does whoever takes
-- it down: the one that comes second sees what the first has done.
CREATE FUNCTION take_down_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cause takedowns;
BEGIN
    SELECT * INTO cause FROM takedowns WHERE digest = NEW.blob;
    IF FOUND THEN
        NEW.abuse_type := cause.type;
        NEW.abuse_reporter := cause.reporter;
        INSERT INTO takedown_news (takedown_id, file_id) VALUES (cause.id, NEW.id);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER files_taken_down BEFORE INSERT ON files FOR EACH ROW EXECUTE FUNCTION take_down_file();

-- The same for a node; other bytes are free of what their predecessors were taken down for.
CREATE FUNCTION take_down_node() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cause takedowns;
BEGIN
    SELECT * INTO cause FROM takedowns WHERE digest = NEW.blob;
    IF FOUND THEN
        NEW.abuse_type := cause.type;
        NEW.abuse_reported_at := cause.made_at;
        INSERT INTO takedown_news (takedown_id, node_id) VALUES (cause.id, NEW.id);
    ELSIF TG_OP = 'UPDATE' THEN
        NEW.abuse_type := '';
        NEW.abuse_reported_at := NULL;
        DELETE FROM takedowns WHERE node_id = NEW.id;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER nodes_taken_down BEFORE INSERT ON nodes FOR EACH ROW WHEN (NEW.blob IS NOT NULL)
    EXECUTE FUNCTION take_down_node();
CREATE TRIGGER nodes_taken_down_anew BEFORE UPDATE OF blob ON nodes FOR EACH ROW WHEN (NEW.blob <> OLD.blob)
    EXECUTE FUNCTION take_down_node();

-- Whoever inserts a copy of a content has locked its blob's row, and so does whoever marks it as malware: the one that comes
-- second sees what the first has done.
CREATE FUNCTION note_malware() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM blobs WHERE digest = NEW.blob AND virus_name <> '') THEN
        IF TG_TABLE_NAME = 'files' THEN
            INSERT INTO malware_news (file_id) VALUES (NEW.id);
        ELSE
            INSERT INTO malware_news (node_id) VALUES (NEW.id);
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER files_malware AFTER INSERT ON files FOR EACH ROW EXECUTE FUNCTION note_malware();
CREATE TRIGGER nodes_malware AFTER INSERT ON nodes FOR EACH ROW WHEN (NEW.blob IS NOT NULL)
    EXECUTE FUNCTION note_malware();
CREATE TRIGGER nodes_malware_anew AFTER UPDATE OF blob ON nodes FOR EACH ROW WHEN (NEW.blob <> OLD.blob)
    EXECUTE FUNCTION note_malware();

-- The rows of processes that have died go: what still counts is under way. Who asks is alive, though its own lock wouldn't
-- keep it out.
CREATE FUNCTION forget_dead_downloads() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    dead integer[] := ARRAY(
        SELECT process FROM (SELECT process FROM open_downloads UNION SELECT process FROM uncounted_downloads) p
         WHERE process <> pg_backend_pid()
           AND pg_try_advisory_xact_lock_shared(hashtext('pixelhost process'), process));
BEGIN
    IF cardinality(dead) > 0 THEN
        -- The last of all locks: two who find the same ones take turns.
        PERFORM pg_advisory_xact_lock(hashtextextended('pixelhost dead downloads', 0));
        DELETE FROM open_downloads WHERE process = ANY (dead);
        DELETE FROM uncounted_downloads WHERE process = ANY (dead);
    END IF;
END
$$;

-- Whether an address is counted among the downloads of a file.
CREATE FUNCTION is_downloader(of_file text, by_visitor bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT has_downloaded FROM file_visitors WHERE file_id = of_file AND visitor = by_visitor), false)
$$;

-- Those of these files that have `per_view` times more downloads than views, if whatever has begun counts: no others can
-- be past their rate, and who has begun needn't be looked at to say so.
CREATE FUNCTION files_near_their_rate(ids text[], per_view bigint) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT f.id FROM files f WHERE f.id = ANY (ids) AND per_view * greatest(f.views, 1) < f.downloads + (
        SELECT count(*) FROM uncounted_downloads u WHERE u.file_id = f.id)
$$;

-- Those that have, if all are counted that others have begun: none that the address is counted for itself.
CREATE FUNCTION files_past_their_rate(ids text[], by_visitor bytea, per_view bigint) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT f.id FROM files f
     WHERE f.id = ANY (ids) AND NOT is_downloader(f.id, by_visitor) AND per_view * greatest(f.views, 1) < f.downloads + (
        SELECT count(DISTINCT u.visitor) FROM uncounted_downloads u
         WHERE u.file_id = f.id AND u.visitor <> by_visitor AND NOT is_downloader(u.file_id, u.visitor))
$$;

-- Downloads are over, and were sent so many bytes that count. A second time counts nothing.
CREATE FUNCTION end_downloads(ids bigint[], sent_bytes bigint[], at_time timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    WITH gone AS (
        DELETE FROM open_downloads o USING unnest(ids, sent_bytes) AS e (id, bytes)
         WHERE o.id = e.id RETURNING o.visitor, e.bytes)
    INSERT INTO visitor_usage AS u (visitor, slot, bytes_sent)
    SELECT g.visitor, date_trunc('minute', at_time, 'UTC'), sum(g.bytes)
      FROM gone g WHERE g.bytes > 0 GROUP BY g.visitor ORDER BY g.visitor
    ON CONFLICT (visitor, slot) DO UPDATE SET bytes_sent = u.bytes_sent + excluded.bytes_sent;
END
$$;

-- A download of an address begins, unless a limit refuses it: all of them in one statement, and those of one address
-- take turns. Those that have ended meanwhile end first. Limits are -1 where there are none. `refusal` is empty or
-- names the limit, as `lifted` does with those that a captcha has lifted; a trial takes nothing. Downloads count by
-- what is downloaded, so that more of the same is let pass, and as many as there are subjects; bytes from now on, as
-- many as are asked for, until `end_downloads` says how many it were. `sharing` is how many of the address share the
-- speed, this one included. Where there is a limit over all, those that it holds for take turns too, as do those of one
-- file with a rate limit (`rated`) whose addresses are new to it. A crash of the server may forget the last moments, for
-- which nobody waits.
CREATE FUNCTION begin_download(
    by_process integer, by_visitor bytea, subjects text[], at_time timestamptz, wanted_bytes bigint, is_free boolean,
    downloads_max bigint, bytes_max bigint, at_once_max bigint, overall_max bigint, speed bigint,
    rated text[], per_view bigint, lifted text[] DEFAULT '{}', is_trial boolean DEFAULT false,
    ended bigint[] DEFAULT '{}', ended_bytes bigint[] DEFAULT '{}',
    OUT refusal text, OUT number bigint, OUT sharing bigint
) LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz := at_time - interval '24 hours';
    fresh bigint := 0;
    used_bytes bigint;
    under_way bigint;
BEGIN
    refusal := '';
    IF NOT is_free OR 'overload' = ANY (lifted) THEN
        overall_max := -1;
    END IF;
    IF NOT is_trial THEN
        IF cardinality(ended) > 0 THEN
            PERFORM end_downloads(ended, ended_bytes, at_time);
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended(encode(by_visitor, 'hex'), 0));
    END IF;
    -- In one statement: what ends meanwhile counts as under way, or as used.
    SELECT coalesce(sum(o.reserved_bytes), 0) + CASE WHEN bytes_max < 0 THEN 0 ELSE coalesce((
               SELECT sum(u.bytes_sent) FROM visitor_usage u WHERE u.visitor = by_visitor AND u.slot > since), 0) END,
           count(*) FILTER (WHERE o.is_held),
           CASE WHEN downloads_max < 0 THEN 0 ELSE cardinality(subjects) - (
               SELECT count(*) FROM visitor_downloads d
                WHERE d.visitor = by_visitor AND d.subject = ANY (subjects) AND d.started_at > since) END,
           CASE WHEN cardinality(rated) > 0 THEN ARRAY(
               SELECT r FROM unnest(rated) AS r WHERE NOT coalesce((
                   SELECT v.has_downloaded FROM file_visitors v WHERE v.file_id = r AND v.visitor = by_visitor), false)
           ) ELSE rated END
      INTO used_bytes, under_way, fresh, rated FROM open_downloads o WHERE o.visitor = by_visitor;
    -- Locks always in one order, that of the address first and those of files last, and all before the dead are forgotten:
    -- nobody waits for one who waits for them.
    IF overall_max >= 0 AND NOT is_trial THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('pixelhost downloads over all', 0));
    END IF;
    -- No condition below has a query in it that another could spare it: it would be run all the same.
    IF cardinality(rated) > 0 THEN
        IF NOT is_trial THEN
            -- Not one for each file, as a zip may have more of them than the server has locks.
            PERFORM pg_advisory_xact_lock(hashtext('pixelhost rated files'), bucket)
               FROM (SELECT DISTINCT hashtext(r) & 255 AS bucket FROM unnest(rated) AS r ORDER BY bucket) buckets;
        END IF;
        IF 'rate' <> ALL (lifted) THEN
            IF EXISTS (SELECT FROM files_near_their_rate(rated, per_view)) THEN
                IF EXISTS (SELECT FROM files_past_their_rate(rated, by_visitor, per_view)) THEN
                    PERFORM forget_dead_downloads();
                    IF EXISTS (SELECT FROM files_past_their_rate(rated, by_visitor, per_view)) THEN
                        refusal := 'rate';
                        RETURN;
                    END IF;
                END IF;
            END IF;
        END IF;
    END IF;
    IF bytes_max >= 0 AND bytes_max <= used_bytes THEN
        refusal := 'transfer';
    ELSIF fresh > 0 AND 'downloads' <> ALL (lifted) THEN
        IF downloads_max < fresh + (
            SELECT count(*) FROM visitor_downloads d WHERE d.visitor = by_visitor AND d.started_at > since
        ) THEN
            refusal := 'downloads';
        END IF;
    END IF;
    IF refusal = '' AND overall_max >= 0 THEN
        IF overall_max <= (SELECT count(*) FROM (SELECT FROM open_downloads LIMIT overall_max) o) THEN
            PERFORM forget_dead_downloads();
            IF overall_max <= (SELECT count(*) FROM (SELECT FROM open_downloads LIMIT overall_max) o) THEN
                refusal := 'overload';
            END IF;
        END IF;
    END IF;
    IF refusal = '' AND at_once_max >= 0 AND at_once_max <= under_way THEN
        PERFORM forget_dead_downloads();
        IF at_once_max <= (SELECT count(*) FROM open_downloads o WHERE o.visitor = by_visitor AND o.is_held) THEN
            refusal := 'at_once';
        END IF;
    END IF;
    IF refusal <> '' OR is_trial THEN
        RETURN;
    END IF;
    IF fresh > 0 THEN
        INSERT INTO visitor_downloads AS d (visitor, subject, started_at)
        SELECT by_visitor, subject, at_time FROM unnest(subjects) AS subject
        ON CONFLICT (visitor, subject) DO UPDATE SET started_at = excluded.started_at WHERE d.started_at <= since;
    END IF;
    INSERT INTO open_downloads (process, visitor, is_held, reserved_bytes, bytes_per_second)
    VALUES (by_process, by_visitor, is_free, CASE WHEN bytes_max >= 0 THEN wanted_bytes ELSE 0 END, speed)
    RETURNING id INTO number;
    IF cardinality(rated) > 0 THEN
        INSERT INTO uncounted_downloads SELECT begin_download.number, r, by_visitor, by_process FROM unnest(rated) AS r;
    END IF;
    IF speed > 0 THEN
        sharing := (SELECT count(*) FROM open_downloads o WHERE o.visitor = by_visitor AND o.bytes_per_second = speed);
    END IF;
END
$$;

-- Processes keep the certificates of custom domains until they hear that something changed.
CREATE FUNCTION tell_domains_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pixelhost_news', 'domains');
    RETURN NULL;
END
$$;
CREATE TRIGGER nodes_domain_changed AFTER UPDATE OF custom_domain_name, custom_domain_cert, custom_domain_key ON nodes
    FOR EACH ROW EXECUTE FUNCTION tell_domains_changed();
CREATE TRIGGER nodes_domain_removed AFTER DELETE ON nodes FOR EACH ROW WHEN (OLD.custom_domain_name IS NOT NULL)
    EXECUTE FUNCTION tell_domains_changed();

-- Processes keep what they have read about files until they hear that something changed.
CREATE FUNCTION tell_files_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pixelhost_files', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER globals_changed AFTER INSERT OR UPDATE OR DELETE ON globals
    FOR EACH STATEMENT EXECUTE FUNCTION tell_files_changed();
CREATE TRIGGER files_changed AFTER UPDATE OR DELETE ON files
    FOR EACH STATEMENT EXECUTE FUNCTION tell_files_changed();
CREATE TRIGGER blobs_changed AFTER UPDATE OF virus_name ON blobs FOR EACH ROW
    WHEN (OLD.virus_name <> NEW.virus_name) EXECUTE FUNCTION tell_files_changed();
CREATE TRIGGER users_changed AFTER UPDATE OF plan_id, hotlinking_enabled, transfer_cap_bytes, skip_file_viewer, embed_domains, branding
    ON users FOR EACH STATEMENT EXECUTE FUNCTION tell_files_changed();

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
    given_by uuid UNIQUE CHECK (given_by IS NULL OR kind = 'credit'),  -- the form it came from, which counts once
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
