#![doc = "tests"]
