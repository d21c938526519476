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
CREATE INDEX nodes_taken_down ON nodes (owner_id) WHERE abuse_type <> '' AND blob IS NULL;

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

-- What an address was sent counts by the minute from now on; what counted by the hour goes on counting.
ALTER TABLE visitor_usage RENAME COLUMN hour TO slot;
ALTER TABLE visitor_usage DROP COLUMN downloads;
ALTER INDEX visitor_usage_hour RENAME TO visitor_usage_slot;

ALTER TABLE blobs
    ADD virus_name text NOT NULL DEFAULT '',
    ADD scan_state text NOT NULL DEFAULT 'waiting'
        CHECK (scan_state IN ('waiting', 'clean', 'infected', 'too_large', 'failed', 'sealed')),
    ADD scan_attempts integer NOT NULL DEFAULT 0,
    ADD scan_due_at timestamptz NOT NULL DEFAULT '-infinity';
CREATE INDEX blobs_scan_due ON blobs (scan_due_at) WHERE scan_due_at < 'infinity';
UPDATE blobs b SET virus_name = f.virus_name FROM files f WHERE f.blob = b.digest AND f.virus_name <> '';
ALTER TABLE files DROP COLUMN virus_name;

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

CREATE TRIGGER blobs_changed AFTER UPDATE OF virus_name ON blobs FOR EACH ROW
    WHEN (OLD.virus_name <> NEW.virus_name) EXECUTE FUNCTION tell_files_changed();

-- Warnings that were sent before the certificate of a custom domain ends, each once; 0 days is when it has ended. No
-- foreign key to nodes, as of node_log.
CREATE TABLE certificate_warnings (
    node_id bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    days integer NOT NULL CHECK (days >= 0),
    PRIMARY KEY (node_id, expires_at, days)
);

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
