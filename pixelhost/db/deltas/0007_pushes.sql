-- Every request to some APIs writes here: what a crash of the database forgets is counted anew.
ALTER TABLE rate_windows SET UNLOGGED;

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
