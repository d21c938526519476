-- An account may protect its downloads with a PIN.
ALTER TABLE users ADD pin_hash text;

-- Tokens are keys too, that nobody is shown a second time.
ALTER TABLE sessions ALTER key_sealed DROP NOT NULL;
ALTER TABLE sessions ADD kind text NOT NULL DEFAULT 'session' CHECK (kind IN ('session', 'token'));
ALTER TABLE sessions ADD CHECK ((key_sealed IS NOT NULL) = (kind = 'session'));

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

CREATE TRIGGER transfer_files_added AFTER INSERT ON transfer_files REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_added_sealed();
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
