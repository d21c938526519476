ALTER TABLE abuse_reports
    ADD status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'granted', 'rejected')),
    ADD decided_at timestamptz CHECK ((decided_at IS NULL) = (status = 'pending'));
CREATE INDEX abuse_reports_pending ON abuse_reports (file_id) WHERE status = 'pending';

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
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER nodes_taken_down BEFORE INSERT ON nodes FOR EACH ROW WHEN (NEW.blob IS NOT NULL)
    EXECUTE FUNCTION take_down_node();
CREATE TRIGGER nodes_taken_down_anew BEFORE UPDATE OF blob ON nodes FOR EACH ROW WHEN (NEW.blob <> OLD.blob)
    EXECUTE FUNCTION take_down_node();
