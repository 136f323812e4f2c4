//! A Matrix room that orders the group (SPEC §14.11): what its state says, and what is to be written there.

use super::{ForkableGroup, HeadChange};
use crate::graph::{Authority, MatrixOrder};
use crate::{EpochId, MlsError};

impl ForkableGroup {
    /// The Matrix room whose state orders the latest term, if one does.
    pub fn orders_by_matrix(&self) -> Option<&str> {
        self.graph.ordering_room()
    }

    /// Takes what a Matrix room's resolved state says in its [`MatrixEntry`](crate::MatrixEntry)s, all of it, in place of what it has
    /// said before: of each epoch, which of the commits made in it is accepted. It counts in terms in force that this room
    /// orders, and in no other.
    ///
    /// The caller tells it whenever these entries have changed, and again when commits or statements have been taken: of epochs
    /// that are not known, and rooms that no term names, no more than a little is kept. To tell it once more changes nothing.
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
        Ok(self.change_since(before))
    }

    /// What the room that orders the latest term has to be told: of each epoch on the way to the head that it says nothing of,
    /// which commit leads there. Who writes it writes over nothing (DMLS-37). In conflict it is nothing, since nobody knows yet
    /// which side goes on.
    pub fn matrix_claims(&self) -> Vec<(EpochId, EpochId)> {
        if self.conflict().is_some() { Vec::new() } else { self.graph.unordered() }
    }
}
