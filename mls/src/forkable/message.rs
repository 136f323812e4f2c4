//! Application messages: sealed in the head, opened in any epoch whose secrets are kept.

use causeway_drafts::mimi_uri::ClientUri;

use super::ForkableGroup;
use crate::group::{MAX_PAST_EPOCHS, Opened, application_epoch};
use crate::planted::planted;
use crate::{ClientIdentity, EpochId, EpochRef, MlsError};

impl ForkableGroup {
    /// Seals a message in the head. The generation counts as used at once: store before sending.
    ///
    /// # Errors
    /// If the client holds no secrets in the head, or the group is in conflict.
    pub fn seal(&mut self, identity: &ClientIdentity, data: &[u8], franking_tag: [u8; 32]) -> Result<Vec<u8>, MlsError> {
        self.check_sending(&identity.client_uri)?;
        let epoch = self.sealing_epoch();
        let sealed = self.state_mut(&epoch.id)?.seal(identity, data, franking_tag)?;
        self.state_mut(&epoch.id)?.mark_used();
        Ok(sealed)
    }

    fn sealing_epoch(&self) -> EpochRef {
        let head = self.head();
        match self.graph.commit(&head.id) {
            Some(commit) if planted!(SealedBehindHead) => EpochRef { id: commit.parent, number: head.number - 1 },
            _ => head,
        }
    }

    /// Opens a message in the epoch that it was sealed in, whatever branch that is on. A message names its epoch by the
    /// number only: the head's branch is tried first; a wrong epoch's key does not open it.
    ///
    /// # Errors
    /// [`MlsError::TooOld`] if the secrets are gone, [`MlsError::FutureEpoch`] if the epoch is not known yet,
    /// [`MlsError::Stranded`] if an own client was in the epoch and could not open its commit,
    /// [`MlsError::OwnMessage`] for what an own client sent, else why no epoch opens it.
    pub fn open(&mut self, message: &[u8]) -> Result<Opened, MlsError> {
        let number = application_epoch(message, self.group_id()?)?;
        let candidates = self.graph.with_number(number);
        let mut failure = self.unopenable(number, &candidates)?;
        for id in candidates {
            let state = self.state_mut(&id)?;
            if state.own_clients().next().is_none() {
                continue;
            }
            match state.open(message) {
                Ok(opened) => {
                    self.state_mut(&id)?.mark_used();
                    return Ok(opened);
                }
                Err(error @ (MlsError::OwnMessage | MlsError::Repeated)) => return Err(error),
                Err(error) => failure = error,
            }
        }
        for id in self.later_epochs(number) {
            match self.state_mut(&id)?.open(message) {
                Ok(opened) => return Ok(opened),
                Err(MlsError::OwnMessage) => return Err(MlsError::OwnMessage),
                // Most of them hold secrets of their own epoch only.
                Err(_) => {}
            }
        }
        Err(failure)
    }

    /// Whether an epoch with the number that a message names may still come to be known.
    pub fn is_open_for(&self, message: &[u8]) -> bool {
        let number = self.group_id().ok().and_then(|group_id| application_epoch(message, group_id).ok());
        number.is_some_and(|number| number > self.graph.anchor().number)
    }

    /// A state from before the group was forkable holds secrets of the epochs before it.
    fn later_epochs(&self, number: u64) -> Vec<EpochId> {
        let later = self.graph.epochs().filter(|epoch| epoch.number > number && epoch.number - number <= MAX_PAST_EPOCHS);
        later.map(|epoch| epoch.id).collect()
    }

    /// Why a message does not open where no epoch with its number has secrets.
    fn unopenable(&self, number: u64, candidates: &[EpochId]) -> Result<MlsError, MlsError> {
        let current = self.head().number;
        let newest = self.graph.epochs().map(|epoch| epoch.number).max().unwrap_or(current);
        if number > newest {
            return Ok(MlsError::FutureEpoch { current });
        }
        let stranded = self.stranded()?;
        let was_in = |client: &ClientUri| {
            let mut states = candidates.iter().filter(|id| !self.graph.is_final(id)).filter_map(|id| self.states.get(id));
            states.any(|state| state.members().iter().any(|member| member.client == *client))
        };
        Ok(match stranded.into_iter().find(was_in) {
            Some(client) => MlsError::Stranded(client),
            None => MlsError::TooOld { current },
        })
    }

    /// A state that is made anew, because the graph had given its epoch up or other tags are the right ones. It has no
    /// secrets where those have been used: no generation is used twice, and no message opens twice.
    pub(super) fn unused(&self, mut state: crate::Group) -> crate::Group {
        let id = state.epoch().id;
        let is_used = self.used.contains_key(&id) || self.states.get(&id).is_some_and(crate::Group::is_used);
        if is_used && !planted!(UsedEpochsMadeAgain) {
            state.drop_secrets();
        }
        state
    }

    pub(super) fn state_mut(&mut self, id: &EpochId) -> Result<&mut crate::Group, MlsError> {
        self.states.get_mut(id).ok_or_else(|| MlsError::Stored(format!("the state of epoch {id} is not kept")))
    }
}
