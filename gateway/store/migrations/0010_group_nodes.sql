-- What the public states of a group's epochs have in common, piece by piece: a piece is named by the digest of what it
-- holds and of the pieces below it. Epochs that were stored without pieces are read as they are, until they are forgotten.

CREATE TABLE group_nodes (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    digest {bytes} NOT NULL,
    body {bytes} NOT NULL,
    PRIMARY KEY (conversation_id, digest)
);
