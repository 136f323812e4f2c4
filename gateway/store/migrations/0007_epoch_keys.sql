-- Every epoch's secrets are under a key of its own, which is wrapped under a slice key outside the database. To forget
-- an epoch is to delete its row here; when its slice is destroyed, no copy of that row is of use any more.

CREATE TABLE slices (
    id BIGINT PRIMARY KEY,
    status TEXT NOT NULL, -- active, retired, destroyed
    made_at BIGINT NOT NULL,
    destroyed_at BIGINT
);

CREATE TABLE epoch_keys (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    epoch_id {bytes} NOT NULL,
    slice BIGINT NOT NULL REFERENCES slices (id),
    wrapped {bytes} NOT NULL, -- under the slice's key
    PRIMARY KEY (conversation_id, epoch_id)
);
CREATE INDEX epoch_keys_by_slice ON epoch_keys (slice);

-- What the slice ring has, too. One row.
CREATE TABLE incarnation (
    id BIGINT PRIMARY KEY,
    name {bytes} NOT NULL,
    counter BIGINT NOT NULL,
    period BIGINT NOT NULL DEFAULT 0 -- of slices, as it is configured
);

ALTER TABLE epochs ADD COLUMN forgotten_at BIGINT;
ALTER TABLE epochs ADD COLUMN last_slice BIGINT;

-- 1 while what the group's members knew is not to be used any more.
ALTER TABLE conversations ADD COLUMN resync BIGINT NOT NULL DEFAULT 0;
