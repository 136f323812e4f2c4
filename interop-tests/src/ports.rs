//! Free TCP ports on loopback.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that the system gives to outgoing connections, which come and go by the hundred.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// Where this process goes on looking. Processes begin at different places.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// So many different ports that nobody listens on at the moment, and that this process has not been given before.
///
/// # Errors
/// If none is left.
pub fn free<const N: usize>() -> io::Result<[u16; N]> {
    let mut ports = [0; N];
    for port in &mut ports {
        *port = next()?;
    }
    Ok(ports)
}

fn next() -> io::Result<u16> {
    let offset = (std::process::id() % 100) as u16 * (COUNT / 100);
    for _ in 0..COUNT {
        let port = FIRST + (NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(offset)) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::from(io::ErrorKind::AddrInUse))
}
