-- A KeyPackage's private part opens the Welcome from which an epoch begins, so it is forgotten as epochs are: it is under a
-- key of its own, which stands among those of epochs, under conversation 0 and the KeyPackage's reference.

CREATE TABLE sealing_keys (
    conversation_id BIGINT NOT NULL,
    epoch_id {bytes} NOT NULL,
    slice BIGINT NOT NULL REFERENCES slices (id),
    wrapped {bytes} NOT NULL, -- under the slice's key
    PRIMARY KEY (conversation_id, epoch_id)
);
INSERT INTO sealing_keys (conversation_id, epoch_id, slice, wrapped) SELECT conversation_id, epoch_id, slice, wrapped FROM epoch_keys;
DROP TABLE epoch_keys;
ALTER TABLE sealing_keys RENAME TO epoch_keys;
CREATE INDEX epoch_keys_by_slice ON epoch_keys (slice);

-- Under that key; empty once spent. Only what an older version has stored, and does not open, is still in `private`.
ALTER TABLE key_packages ADD COLUMN secret {bytes};
