-- Whose graph a group begins anew with, while it has been asked for: for operators, since what a conversation keeps in mind is sealed.

CREATE TABLE anew (
    conversation_id BIGINT PRIMARY KEY REFERENCES conversations (id),
    provider TEXT NOT NULL,
    since BIGINT NOT NULL -- ms
);
