-- Schema version 1. Numbers are signed 64-bit integers, 128-bit ids are blobs of 16 bytes, times are
-- microseconds since 1970-01-01 UTC, 0 means "none" where a row or a number is pointed at.

-- What holds for the store as a whole.
CREATE TABLE store(
    one INTEGER PRIMARY KEY CHECK (one = 1),
    row_floor INTEGER NOT NULL,  -- rows up to here were given out, deleted ones included
    indexed_to INTEGER NOT NULL  -- keys of rows up to here are found through `kept`
) STRICT;
INSERT INTO store VALUES (1, 0, 0);

CREATE TABLE shard(
    shard INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    position INTEGER NOT NULL,   -- of the last event
    compacted INTEGER NOT NULL   -- the highest position ever deleted
) STRICT;

-- Who is who: rows elsewhere hold the small numbers.
CREATE TABLE entity(
    entity INTEGER PRIMARY KEY,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    UNIQUE (entity_type, entity_id)
) STRICT;
CREATE TABLE manifest(
    manifest INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (name, version)
) STRICT;

CREATE TABLE head(
    entity INTEGER PRIMARY KEY,
    highest INTEGER NOT NULL,    -- sequence number
    position INTEGER NOT NULL,   -- of the event with that number
    deleted_to INTEGER NOT NULL, -- sequence number
    revision INTEGER NOT NULL,   -- of the durable state
    last_row INTEGER NOT NULL,   -- the end of the entity's chain in `journal`
    unblocked INTEGER NOT NULL,  -- how many rows of the chain come after its last `block`
    write_nr INTEGER NOT NULL,
    activation BLOB NOT NULL
) STRICT;

-- Rows in the order of commits. A row holds an event, or the outcome of a keyed command, or both: the outcome
-- rides on the last event of its write, and on a row of its own when there is none or it was deleted.
CREATE TABLE journal(
    row INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL,
    sequence_nr INTEGER NOT NULL, -- the event's, or the highest after the write
    prev_row INTEGER NOT NULL,    -- the entity's row before this
    shard INTEGER NOT NULL,
    position INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    manifest INTEGER,             -- NULL: no event
    codec INTEGER,
    checksum INTEGER,
    kind INTEGER,                 -- NULL: no outcome; 1 reply, 2 rejection
    out_manifest INTEGER,
    out_codec INTEGER,
    out_checksum INTEGER,
    command BLOB,
    key TEXT,
    labels BLOB,                  -- tags and metadata; NULL: neither
    payload BLOB,
    out_payload BLOB
) STRICT;

-- One row per 64 rows of an entity's chain, its last one, so that no walk along the chain is longer.
CREATE TABLE block(
    entity INTEGER NOT NULL,
    sequence_nr INTEGER NOT NULL, -- of that last row
    row INTEGER NOT NULL,
    PRIMARY KEY (entity, sequence_nr, row)
) STRICT, WITHOUT ROWID;

-- The index of keys, in runs that are each written in order. A hash only finds candidates.
CREATE TABLE run(
    run INTEGER PRIMARY KEY,
    level INTEGER NOT NULL,      -- how often its entries were merged
    stage INTEGER NOT NULL       -- 0 in use, 1 being merged into, 2 merged away and being deleted
) STRICT;
CREATE TABLE kept(
    run INTEGER NOT NULL,
    entity INTEGER NOT NULL,
    key_hash INTEGER NOT NULL,
    row INTEGER NOT NULL,
    PRIMARY KEY (run, entity, key_hash, row)
) STRICT, WITHOUT ROWID;

-- Deletions that are decided (`head.deleted_to`), with rows still to be removed.
CREATE TABLE trim(
    entity INTEGER PRIMARY KEY,
    row INTEGER NOT NULL,         -- done up to here in the chain; the row itself may be gone
    sequence_nr INTEGER NOT NULL, -- of that row
    to_nr INTEGER NOT NULL
) STRICT;

CREATE TABLE snapshot(
    snapshot INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL,
    sequence_nr INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    manifest INTEGER NOT NULL,
    codec INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    outcomes_checksum INTEGER NOT NULL,
    outcomes BLOB NOT NULL,
    payload BLOB NOT NULL,
    UNIQUE (entity, sequence_nr)
) STRICT;

CREATE TABLE state(
    entity INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    manifest INTEGER,             -- NULL: deleted
    codec INTEGER,
    checksum INTEGER,
    payload BLOB
) STRICT;
