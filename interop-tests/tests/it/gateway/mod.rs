//! The gateway among light peers that make mistakes, lie, or fail.

mod counted;
mod doctor;
mod faults;
mod ground;
mod http;
mod http2;
mod identifiers;
mod matrix;
mod mimi;
mod secrecy;
mod support;
mod tls;
