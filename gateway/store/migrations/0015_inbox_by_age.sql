-- What was received long ago is forgotten.

CREATE INDEX inbox_by_age ON inbox (received_at);
