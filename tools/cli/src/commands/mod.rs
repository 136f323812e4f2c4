//! One file per subcommand: read, then render.

pub(crate) mod audit_list;
pub(crate) mod completions;
pub(crate) mod decode;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod group_epochs;
pub(crate) mod group_forks;
pub(crate) mod group_harden;
pub(crate) mod group_list;
pub(crate) mod group_members;
pub(crate) mod group_order;
pub(crate) mod group_recovery;
pub(crate) mod group_retain;
pub(crate) mod group_show;
pub(crate) mod group_verify;
pub(crate) mod keys_slices;
pub(crate) mod keys_status;
pub(crate) mod loss_list;
pub(crate) mod man;
pub(crate) mod parked_list;
pub(crate) mod parked_replay;
pub(crate) mod parked_show;
pub(crate) mod peer_list;
pub(crate) mod peer_probe;
pub(crate) mod peer_show;
pub(crate) mod queue_drop;
pub(crate) mod queue_list;
pub(crate) mod queue_retry;
pub(crate) mod queue_show;
pub(crate) mod room_list;
pub(crate) mod room_show;
pub(crate) mod trace;

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use causeway_mls::{EpochId, EpochRef, Group, GroupSnapshot, Nodes, Rows};
use causeway_store::operator::RoomLine;
use causeway_store::{Store, StoreError};

async fn rooms(store: &Store) -> Result<Vec<RoomLine>, StoreError> {
    store.transaction("room lines", |tx| Box::pin(tx.room_lines())).await
}

/// The public part of a room's group, which is no secret.
async fn group(store: &Store, room: &RoomLine) -> anyhow::Result<Group> {
    let (Some(group_id), Some(head), Some(number)) = (&room.group_id, &room.head_epoch_id, room.head_number) else {
        bail!("conversation {} has no group yet (status: {})", room.id, room.status);
    };
    let (id, epoch) = (room.id, <[u8; 32]>::try_from(head.as_slice()).context("the stored epoch id has not 32 octets")?);
    let stored = store.transaction::<_, StoreError, _>("public group values", move |tx| {
        Box::pin(async move { Ok((tx.public_group_values(id, &epoch).await?, tx.group_nodes(id).await?)) })
    });
    let (public, nodes) = stored.await?;
    loaded(group_id, (head, number), public.into_iter().collect(), &Nodes::from_rows(nodes))
}

/// A group in one of its epochs, from the rows that are no secret.
fn loaded(group_id: &[u8], (epoch, number): (&[u8], i64), public: Rows, nodes: &Nodes) -> anyhow::Result<Group> {
    let id = <[u8; 32]>::try_from(epoch).context("the stored epoch id has not 32 octets")?;
    let snapshot = GroupSnapshot {
        group_id: group_id.to_vec(),
        head: EpochRef { id: EpochId::from_bytes(id), number: number as u64 },
        public,
        clients: BTreeMap::new(),
        nodes: nodes.clone(),
        past: BTreeMap::new(),
    };
    Group::load(snapshot).context("the stored group does not load")
}

/// A group id is text where we chose it.
fn group_name(id: &[u8]) -> String {
    String::from_utf8(id.to_vec()).unwrap_or_else(|_| hex::encode(id))
}
