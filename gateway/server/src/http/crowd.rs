//! How many connections are open from one place: nobody takes them all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Open connections by where they come from.
pub(super) struct Crowd {
    limit: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection that is let in, until it is dropped.
pub(super) struct Seat {
    crowd: Arc<Crowd>,
    place: IpAddr,
}

impl Crowd {
    /// At most `limit` connections from each place.
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, open: Mutex::default() })
    }

    /// Lets a connection in, if there is room for it.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let place = place(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(place).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Seat { crowd: self.clone(), place })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.crowd.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.place) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.place);
            }
        }
    }
}

/// An IPv4 address, or the network in which an IPv6 host has all addresses that it likes.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use super::Crowd;

    #[test]
    fn h15_each_place_has_so_many_connections() {
        let crowd = Crowd::new(2);
        let admit = |address: &str| crowd.admit(address.parse().unwrap());
        let (first, second) = (admit("192.0.2.1").unwrap(), admit("::ffff:192.0.2.1").unwrap());
        assert!(admit("192.0.2.1").is_none());
        // Others are not concerned, and who leaves makes room.
        let _other = admit("192.0.2.2").unwrap();
        drop(first);
        let _third = admit("192.0.2.1").unwrap();
        assert!(admit("192.0.2.1").is_none());
        // One IPv6 host has many addresses.
        let _v6 = (admit("2001:db8::1").unwrap(), admit("2001:db8::2").unwrap());
        assert!(admit("2001:db8::3").is_none() && admit("2001:db8:0:1::1").is_some());
        drop((second, _third));
        assert!(!crowd.open.lock().unwrap().contains_key(&"192.0.2.1".parse().unwrap()));
    }
}
