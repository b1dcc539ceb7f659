-- Schema version 2, from version 1: entities can be erased, the names of events and states outlive them, and a
-- snapshot says whether its outcomes are all there are.

-- Rows of the entity up to `erased_row` are erased, whether or not they are still there; its chain begins behind
-- that one.
ALTER TABLE head ADD COLUMN erased_to INTEGER NOT NULL DEFAULT 0;  -- sequence number
ALTER TABLE head ADD COLUMN erased_row INTEGER NOT NULL DEFAULT 0; -- in `journal`

ALTER TABLE snapshot ADD COLUMN outcomes_complete INTEGER NOT NULL DEFAULT 0;

-- As what the events and states of a type were ever stored, those that are gone included. Of events that were
-- deleted under version 1 it is not known any more.
CREATE TABLE written(
    entity_type TEXT NOT NULL,
    manifest INTEGER NOT NULL,
    PRIMARY KEY (entity_type, manifest)
) STRICT, WITHOUT ROWID;
INSERT INTO written
    SELECT entity_type, manifest FROM journal JOIN entity USING (entity) WHERE manifest IS NOT NULL
    UNION
    SELECT entity_type, manifest FROM state JOIN entity USING (entity) WHERE manifest IS NOT NULL;

-- Erasures that are decided (`head.erased_row`), with rows still to be removed: one chain each.
CREATE TABLE erasure(
    entity INTEGER NOT NULL,
    above INTEGER NOT NULL,       -- the chain begins behind this row
    row INTEGER NOT NULL,         -- its rows up to here are still to be removed
    PRIMARY KEY (entity, above)
) STRICT, WITHOUT ROWID;
