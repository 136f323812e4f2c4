//! The vectors of `drafts/vectors`, which an encoder wrote that shares no code with this crate (`tools/vectors`).

mod inputs;
