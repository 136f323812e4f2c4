//! Beginning anew: whoever was apart for longer than others remember meets no epoch of theirs any more, or another one
//! than they do, and takes somebody's graph for its own, as a newcomer does.

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::ClientUri;

use super::{ForkableGroup, Judge, Tail};
use crate::{EpochId, MlsError};

impl ForkableGroup {
    /// The graph that somebody tells, instead of this one. Secrets and everything that was under way are gone; own clients, those of
    /// `own` among them, that are in the told head are [stranded](Self::stranded) and come back. The teller has to be believed
    /// as by a newcomer (SPEC §14.7), which is why somebody has to decide it.
    ///
    /// # Errors
    /// If the tail does not hold, or is another group's.
    pub fn begin_anew(mut self, tail: &Tail, own: impl IntoIterator<Item = ClientUri>, judge: Judge<'_>) -> Result<Self, MlsError> {
        let told = Self::observe(tail, judge)?;
        if told.group_id()? != self.group_id()? {
            return Err(MlsError::Invalid("P-008: the graph is another group's".to_owned()));
        }
        let before: Vec<EpochId> = self.states.keys().copied().collect();
        before.iter().for_each(|id| self.let_go(id));
        let root = told.graph.root().number;
        self.used.retain(|_, number| *number >= root);
        told.states.into_iter().for_each(|(id, state)| self.put_state(id, state));
        self.records.extend(told.records);
        self.own.extend(own);
        Ok(Self {
            graph: told.graph,
            commits: told.commits,
            statements: told.statements,
            waiting: told.waiting,
            unpublished: BTreeMap::new(),
            infos: told.infos,
            ..self
        })
    }
}
