ALTER TABLE users
    ADD COLUMN node_count bigint NOT NULL DEFAULT 0 CHECK (node_count >= 0),
    ADD COLUMN filesystem_used_bytes bigint NOT NULL DEFAULT 0 CHECK (filesystem_used_bytes >= 0);

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

-- What happened below the roots and below directories that log, by paths relative to them. No foreign key, here and in
-- the two tables that follow: it would look up each of 100,000 nodes deleted at once; their trigger deletes the rows.
CREATE TABLE node_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    directory_id bigint NOT NULL,
    logged_at timestamptz NOT NULL,
    path text NOT NULL,
    path_new text NOT NULL DEFAULT '',
    action text NOT NULL CHECK (action IN ('create', 'update', 'move', 'delete')),
    type text NOT NULL CHECK (type IN ('file', 'dir'))
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

-- A node is overwritten or moved: one at a time.
CREATE FUNCTION count_changed_node() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size_bytes <> OLD.size_bytes THEN
        UPDATE users SET filesystem_used_bytes = filesystem_used_bytes + NEW.size_bytes - OLD.size_bytes,
                         storage_used_bytes = storage_used_bytes + NEW.size_bytes - OLD.size_bytes
         WHERE id = NEW.owner_id;
    END IF;
    IF NEW.parent_id IS DISTINCT FROM OLD.parent_id THEN
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

-- Every account has a filesystem.
CREATE FUNCTION add_root() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO nodes (owner_id, name, mode, created_at, modified_at, created_by)
    VALUES (NEW.id, '', 448, NEW.created_at, NEW.created_at, NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER users_root AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION add_root();

INSERT INTO nodes (owner_id, name, mode, created_at, modified_at, created_by)
SELECT id, '', 448, created_at, created_at, id FROM users;
