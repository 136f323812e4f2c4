//! What many loaded groups take.

use anyhow::{Context, Result};
use causeway_mls::{Group, GroupSnapshot, Nodes};

use crate::room::Room;

/// Octets on the heap for each of so many groups with so many members: as the store gives them, and as the conversation that
/// was used last is kept, with the objects of openmls that the next message needs.
pub(crate) fn per_group(groups: usize, members: usize) -> Result<[u64; 2]> {
    let room = Room::of(members)?;
    let (at_bob, bob) = &room.bob;
    let rows = at_bob.snapshot().nodes.to_rows();
    let mut loaded = Vec::with_capacity(groups);
    let load = || Group::load(GroupSnapshot { nodes: Nodes::from_rows(rows.clone()), ..at_bob.snapshot().clone() });
    let of_rows = grown(groups, || {
        loaded.push(load()?);
        Ok(())
    })?;
    let mut idle = loaded.iter_mut();
    let of_objects = grown(groups, || {
        let group = idle.next().context("a group is missing")?;
        group.seal(bob, b"hello", [7; 32])?;
        group.take_changes();
        Ok(())
    })?;
    Ok([of_rows, of_rows + of_objects])
}

/// By how much what is on the heap has grown, for each time.
fn grown(times: usize, mut once: impl FnMut() -> Result<()>) -> Result<u64> {
    let mut failed = None;
    let allocated = allocation_counter::measure(|| failed = (0..times).find_map(|_| once().err()));
    failed.map_or(Ok(()), Err).context("a group does not load, or is of no use")?;
    Ok(allocated.bytes_current.unsigned_abs() / times as u64)
}
