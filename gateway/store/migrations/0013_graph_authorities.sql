-- Who orders the latest term of a graph: for operators, since the graph itself is sealed.

ALTER TABLE graphs ADD COLUMN term BIGINT NOT NULL DEFAULT 0;
ALTER TABLE graphs ADD COLUMN authority TEXT NOT NULL DEFAULT '';
