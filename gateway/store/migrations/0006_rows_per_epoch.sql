-- The state of every epoch that is kept has rows of its own. What there was is the head's; where there is no head, no
-- epoch could use it.

CREATE TABLE epoch_values (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    epoch_id {bytes} NOT NULL,
    client_uri TEXT NOT NULL, -- empty for the public part
    key {bytes} NOT NULL,
    value {bytes} NOT NULL, -- as in the table that this one replaces
    PRIMARY KEY (conversation_id, epoch_id, client_uri, key)
);

INSERT INTO epoch_values (conversation_id, epoch_id, client_uri, key, value)
    SELECT conversations.id, conversations.head_epoch_id, group_values.client_uri, group_values.key, group_values.value
    FROM group_values JOIN conversations ON conversations.id = group_values.conversation_id
    WHERE conversations.head_epoch_id IS NOT NULL;

DROP TABLE group_values;
ALTER TABLE epoch_values RENAME TO group_values;
