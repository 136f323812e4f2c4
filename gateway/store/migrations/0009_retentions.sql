-- How long secrets of past epochs are kept, where a conversation has its own setting. And the window of a graph of epochs,
-- which all have in common.

CREATE TABLE retentions (
    conversation_id BIGINT PRIMARY KEY REFERENCES conversations (id),
    epochs BIGINT,
    age_ms BIGINT, -- 0: as long as the number of epochs says
    graph_window BIGINT -- while there is a graph
);
