"""Test vectors for the drafts that MIMI is made of, encoded from the drafts' text alone."""
