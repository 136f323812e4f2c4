//! The gateway among light peers that make mistakes, lie, or fail.

mod doctor;
mod faults;
mod ground;
mod http;
mod identifiers;
mod matrix;
mod mimi;
mod secrecy;
mod support;
