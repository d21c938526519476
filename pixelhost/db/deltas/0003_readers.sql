-- Entries of the log tell from whom they are kept. Of the older ones nobody knows: they are for the owners.
ALTER TABLE node_log
    ADD way bigint[] NOT NULL DEFAULT '{}',
    ADD way_new bigint[] NOT NULL DEFAULT '{}',
    ADD permissions jsonb;
UPDATE node_log SET permissions = '["", {}, []]';

-- A search goes through the directories first.
CREATE INDEX nodes_directories ON nodes (parent_id) WHERE blob IS NULL;
