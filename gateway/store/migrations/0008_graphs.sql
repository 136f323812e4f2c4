-- The graph of epochs of a group that nobody orders: which epochs there are, who may order them, what waits.

CREATE TABLE graphs (
    conversation_id BIGINT PRIMARY KEY REFERENCES conversations (id),
    core {bytes} NOT NULL -- sealed
);
