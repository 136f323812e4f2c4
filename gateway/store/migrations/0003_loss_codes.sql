-- A loss has a code. Older rows have none: it follows from the feature.

ALTER TABLE losses ADD COLUMN code TEXT;
