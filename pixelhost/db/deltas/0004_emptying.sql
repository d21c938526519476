-- Whoever cuts nodes off counts them once for all: 10,000 children would write the row of their directory 10,000 times.
CREATE OR REPLACE FUNCTION count_changed_node() RETURNS trigger LANGUAGE plpgsql AS $$
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
