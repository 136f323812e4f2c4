-- Inputs and deliveries that could not be processed, through no fault of who sent them. They wait for an operator.

CREATE TABLE parked (
    id {identity},
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    conversation_id BIGINT,
    body {bytes} NOT NULL, -- sealed
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    parked_at BIGINT NOT NULL,
    holds_back BIGINT NOT NULL,
    replays BIGINT NOT NULL
);
CREATE INDEX parked_by_conversation ON parked (conversation_id, id);
CREATE INDEX parked_by_source ON parked (source);
