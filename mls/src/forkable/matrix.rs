//! A Matrix room that orders the group (SPEC §14.11): what its state says, and what is to be written there.

use super::{ForkableGroup, HeadChange};
use crate::graph::{Authority, MatrixOrder};
use crate::{EpochId, MlsError};

/// The type of the state events by which a Matrix room orders commits. The state key is the parent's EpochId in lower-case
/// hexadecimal digits, the content `{"epoch_id": …}` that of the commit that is accepted there.
pub const MATRIX_ORDER_EVENT_TYPE: &str = "org.causeway.dmls.epoch";

impl ForkableGroup {
    /// The Matrix room whose state orders the latest term, if one does.
    pub fn orders_by_matrix(&self) -> Option<&str> {
        self.graph.ordering_room()
    }

    /// Takes what a Matrix room's resolved state says, all of it, in place of what it has said before: of each epoch, which of
    /// the commits made in it is accepted. It counts in terms in force that this room orders, and in no other.
    ///
    /// The caller tells it whenever these entries have changed, and again when commits have been placed: of epochs that are not known,
    /// a bounded number of entries is kept.
    ///
    /// # Errors
    /// If that is no room's id.
    pub fn matrix_order(&mut self, room_id: &str, order: &MatrixOrder) -> Result<Option<HeadChange>, MlsError> {
        if !Authority::is_room_id(room_id) {
            return Err(MlsError::Malformed("SPEC §14.4: not the id of a Matrix room".to_owned()));
        }
        let before = self.head();
        self.graph.follow_room(room_id, order);
        self.drop_unknown_states();
        Ok(self.head_change(before))
    }

    /// What the room that orders the latest term has to be told: of each epoch on the way to the head that it says nothing of,
    /// which commit leads there. Who writes it writes over nothing (DMLS-37). In conflict it is nothing, since nobody knows yet
    /// which side goes on.
    pub fn matrix_claims(&self) -> Vec<(EpochId, EpochId)> {
        if self.conflict().is_some() { Vec::new() } else { self.graph.unordered() }
    }
}
