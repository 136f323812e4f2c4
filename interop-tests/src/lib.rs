//! Tests of the gateway against independent peers: the reference MIMI provider, scenarios, and what they need.

pub mod bench;
pub mod certificates;
pub mod chaos;
pub mod control;
pub mod environment;
pub mod faults;
pub mod fork;
pub mod gateway;
pub mod http_client;
pub mod https;
pub mod light;
pub mod matrix;
pub mod patience;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod program;
pub mod provider;
pub mod reference;
pub mod scenario;
pub mod small_disk;
pub mod tables;
pub mod tap;
pub mod transcript;
pub mod trio;
