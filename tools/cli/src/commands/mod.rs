//! One file per subcommand: read, then render.

pub(crate) mod explain;
pub(crate) mod group_epochs;
pub(crate) mod group_list;
pub(crate) mod group_members;
pub(crate) mod keys_status;
pub(crate) mod loss_list;
pub(crate) mod parked_list;
pub(crate) mod parked_show;
pub(crate) mod queue_list;
pub(crate) mod room_list;
pub(crate) mod room_show;

use causeway_store::operator::RoomLine;
use causeway_store::{Store, StoreError};

async fn rooms(store: &Store) -> Result<Vec<RoomLine>, StoreError> {
    store.transaction("room lines", |tx| Box::pin(tx.room_lines())).await
}
