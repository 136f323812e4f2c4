//! Free TCP ports on loopback.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Below those that systems give to outgoing connections: a server that is started again has to find its port free.
const RANGE: std::ops::Range<u16> = 10_000..32_000;

/// So many different ports that nobody listens on at the moment.
///
/// All of them are held while they are chosen, so that they differ; then they are free for the servers under test.
///
/// # Errors
/// If the system has no port left.
pub fn free<const N: usize>() -> io::Result<[u16; N]> {
    let mut ports = [0; N];
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = unused()?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

fn unused() -> io::Result<TcpListener> {
    let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..100 {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, rand::random_range(RANGE))) {
            Ok(listener) => return Ok(listener),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}
