//! The gateway among light peers that make mistakes, lie, or fail.

mod ground;
mod matrix;
mod support;
