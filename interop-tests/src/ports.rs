//! Free TCP ports on loopback.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
