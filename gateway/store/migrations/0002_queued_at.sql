-- When an item of the outbox was queued: its age is what operators watch. 0 for items from before.

ALTER TABLE outbox ADD COLUMN queued_at BIGINT NOT NULL DEFAULT 0;
