//! What a graph's hardening has left open.

use super::ForkableGroup;
use crate::{EpochId, MlsError};

impl ForkableGroup {
    /// Epochs whose commits carried a PSK that an own client has used, and one could draw once more from the parent that is kept:
    /// there should be none (DMLS-35).
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn unpunctured(&self) -> Result<Vec<EpochId>, MlsError> {
        let mut found = Vec::new();
        for (id, state) in &self.states {
            let parent = self.graph.commit(id).and_then(|commit| self.states.get(&commit.parent));
            let (Some(parent), Some(commit)) = (parent, self.commit_message(id)) else { continue };
            let is_held = state.own_clients().next().is_some();
            for client in parent.own_clients().filter(|_| is_held) {
                if parent.can_draw(client, commit)? {
                    found.push(*id);
                }
            }
        }
        Ok(found)
    }
}
