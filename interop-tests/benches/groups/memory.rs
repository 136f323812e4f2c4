//! What many loaded groups take.

use anyhow::{Context, Result};
use causeway_mls::{Group, GroupSnapshot, Nodes};

use crate::room::Room;

/// Octets on the heap for each of so many groups with so many members, as the store gives them.
pub(crate) fn per_group(groups: usize, members: usize) -> Result<u64> {
    let room = Room::of(members)?;
    let snapshot = room.bob.0.snapshot();
    let rows = snapshot.nodes.to_rows();
    let (mut loaded, mut failed) = (Vec::with_capacity(groups), None);
    let allocated = allocation_counter::measure(|| {
        for _ in 0..groups {
            match Group::load(GroupSnapshot { nodes: Nodes::from_rows(rows.clone()), ..snapshot.clone() }) {
                Ok(group) => loaded.push(group),
                Err(error) => failed = Some(error),
            }
        }
    });
    failed.map_or(Ok(()), Err).context("a group does not load")?;
    Ok(allocated.bytes_current.unsigned_abs() / loaded.len() as u64)
}
