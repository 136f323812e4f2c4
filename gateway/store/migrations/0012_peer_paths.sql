-- Which way each peer of a room without a hub is told something: for operators, since what a conversation keeps in mind is sealed.

CREATE TABLE peer_paths (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    provider TEXT NOT NULL,
    path TEXT NOT NULL,
    matrix_room_id TEXT, -- of the peers' room
    PRIMARY KEY (conversation_id, provider)
);
