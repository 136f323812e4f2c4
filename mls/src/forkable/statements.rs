//! Statements made, and those of others judged at the epoch that they name.

use super::signed::StatementTbs;
use super::{ForkableGroup, HeadChange, Judge, SignedStatement};
use crate::credential::verify_signature;
use crate::graph::{Acceptance, AnchorOverride, Authority, HubTerm, Statement, StatementPlacement};
use crate::policy::NotAllowed;
use crate::{ClientIdentity, EpochId, EpochRef, Group, HubIdentity, MlsError};

/// What became of a statement.
#[derive(Debug)]
pub enum StatementOutcome {
    /// It counts; where the head has moved, how.
    InForce(Option<HeadChange>),
    /// It is kept, and does not count (yet): DMLS-15, DMLS-16.
    Dormant,
    /// The epoch that it names is not known yet.
    Waits,
    /// It is known.
    Duplicate,
    /// It is refused.
    Refused(MlsError),
}

impl ForkableGroup {
    /// Says that from the head on another authority orders commits, in a new term.
    ///
    /// # Errors
    /// If the client's user may not (DMLS-21).
    pub fn open_term(&mut self, identity: &ClientIdentity, authority: Authority) -> Result<SignedStatement, MlsError> {
        let term =
            HubTerm { term: self.graph.term().saturating_add(1), from: self.head(), authority, signer: identity.user_uri.clone() };
        self.sign(identity, Statement::HubTerm(term), self.head())
    }

    /// Says at which epoch a group that fell apart goes on.
    ///
    /// # Errors
    /// If the client's user may not (DMLS-21), or the epoch is not known.
    pub fn override_anchor(&mut self, identity: &ClientIdentity, epoch: &EpochId) -> Result<SignedStatement, MlsError> {
        let number = self.graph.number(epoch).ok_or_else(|| MlsError::Invalid(format!("epoch {epoch} is not known")))?;
        let anchor = EpochRef { id: *epoch, number };
        let signer = identity.user_uri.clone();
        self.sign(
            identity,
            Statement::AnchorOverride(AnchorOverride { term: self.graph.term().saturating_add(1), anchor, signer }),
            anchor,
        )
    }

    /// Says, as the authority of the latest term, that a commit is accepted.
    ///
    /// # Errors
    /// If the hub is not that authority, or the epoch is not known.
    pub fn accept(&mut self, hub: &HubIdentity, epoch: &EpochId, position: u64) -> Result<SignedStatement, MlsError> {
        let number = self.graph.number(epoch).ok_or_else(|| MlsError::Invalid(format!("epoch {epoch} is not known")))?;
        let authority = self.graph.authority().cloned();
        if self.orders_by_matrix().is_some() {
            return Err(nobody(self.graph.term()));
        }
        let statement = Statement::Acceptance(Acceptance { term: self.graph.term(), epoch: *epoch, position, authority });
        let tbs = StatementTbs::of(&statement, self.group_id()?, number, None);
        let signature = hub.sign(&tbs.signed_content())?;
        self.take(SignedStatement::new(tbs, signature)?)
    }

    fn sign(&mut self, identity: &ClientIdentity, statement: Statement, at: EpochRef) -> Result<SignedStatement, MlsError> {
        let tbs = StatementTbs::of(&statement, self.group_id()?, at.number, Some(&identity.client_uri));
        let signature = identity.sign(&tbs.signed_content())?;
        self.take(SignedStatement::new(tbs, signature)?)
    }

    /// An own statement is judged as everybody will judge it, and counts at once.
    fn take(&mut self, signed: SignedStatement) -> Result<SignedStatement, MlsError> {
        self.check(&signed)?;
        let mut graph = self.graph.clone();
        match graph.state(signed.statement().clone()) {
            StatementPlacement::InForce { .. } => {
                self.graph = graph;
                self.drop_unknown_states();
                self.remember(signed.clone());
                Ok(signed)
            }
            StatementPlacement::Duplicate => Ok(signed),
            StatementPlacement::Refused(refusal) => Err(MlsError::NotPlaced(refusal)),
            StatementPlacement::Dormant | StatementPlacement::WaitsForEpoch => {
                Err(NotAllowed { rule: "DMLS-16", why: "the same user has opened a term too short a while ago".to_owned() }.into())
            }
        }
    }

    /// Keeps a statement, and lets go of those that it has made superfluous.
    pub(super) fn remember(&mut self, signed: SignedStatement) {
        self.statements.push(signed);
        let graph = &self.graph;
        self.statements.retain(|signed| graph.keeps(signed.statement()));
    }

    /// Takes a statement.
    ///
    /// # Errors
    /// What is wrong on our side.
    pub fn receive_statement(&mut self, bytes: &[u8]) -> Result<StatementOutcome, MlsError> {
        let before = self.head();
        let signed = match SignedStatement::from_bytes(bytes) {
            Ok(signed) => signed,
            Err(error) => return Ok(StatementOutcome::Refused(error)),
        };
        if self.statements.contains(&signed) {
            return Ok(StatementOutcome::Duplicate);
        }
        if !self.graph.contains(&signed.epoch().id) || self.is_of_unknown_term(signed.statement()) {
            return Ok(self.wait_for_epoch(&signed, bytes));
        }
        match self.check(&signed) {
            Ok(()) => {}
            Err(error @ MlsError::Stored(_)) => return Err(error),
            Err(error) => return Ok(StatementOutcome::Refused(error)),
        }
        let placement = self.graph.state(signed.statement().clone());
        self.drop_unknown_states();
        if matches!(placement, StatementPlacement::InForce { .. } | StatementPlacement::Dormant) {
            self.remember(signed);
        }
        Ok(match placement {
            StatementPlacement::InForce { .. } => StatementOutcome::InForce(self.change_since(before)),
            StatementPlacement::Dormant => StatementOutcome::Dormant,
            StatementPlacement::WaitsForEpoch => StatementOutcome::Waits,
            StatementPlacement::Duplicate => StatementOutcome::Duplicate,
            StatementPlacement::Refused(refusal) => StatementOutcome::Refused(MlsError::NotPlaced(refusal)),
        })
    }

    fn wait_for_epoch(&mut self, signed: &SignedStatement, bytes: &[u8]) -> StatementOutcome {
        if signed.epoch().number < self.graph.root().number {
            return StatementOutcome::Refused(MlsError::NotPlaced(crate::graph::Refusal::Final));
        }
        self.waiting.keep_statement(bytes);
        StatementOutcome::Waits
    }

    pub(super) fn retry_statements(&mut self, _judge: Judge<'_>) -> Result<(), MlsError> {
        for bytes in self.waiting.take_statements() {
            self.receive_statement(&bytes)?;
        }
        Ok(())
    }

    /// Whether nobody has said yet that this authority shall order the term that it accepts something in.
    fn is_of_unknown_term(&self, statement: &Statement) -> bool {
        match statement {
            Statement::Acceptance(Acceptance { term, authority: Some(authority), .. }) => !self.graph.names(*term, authority),
            _ => false,
        }
    }

    /// What has waited for an epoch that is about to be placed, and holds there.
    pub(super) fn waited_for(&self, epoch: &EpochId, group: &Group) -> Vec<SignedStatement> {
        let waiting = self.waiting.statements().iter().filter_map(|bytes| SignedStatement::from_bytes(bytes).ok());
        let about = waiting.filter(|signed| signed.epoch() == EpochRef { id: *epoch, number: group.epoch().number });
        let known = about.filter(|signed| !self.is_of_unknown_term(signed.statement()));
        known.filter(|signed| self.check_at(signed, group).is_ok()).collect()
    }

    /// Whether a statement's signature holds, and its signer may say it, at the epoch that it names.
    pub(super) fn check(&self, signed: &SignedStatement) -> Result<(), MlsError> {
        let epoch = signed.epoch();
        if self.graph.number(&epoch.id) != Some(epoch.number) {
            return Err(MlsError::Malformed("the epoch has another number".to_owned()));
        }
        self.check_at(signed, self.state(&epoch.id)?)
    }

    /// Whether a statement about an epoch that cannot be known is about this group, and no signer that is in the group now
    /// denies it.
    pub(super) fn may_be_true(&self, signed: &SignedStatement) -> bool {
        let Ok(state) = self.head_state() else { return false };
        let key = signed.signer().and_then(|signer| state.signature_key_of(signer).ok());
        let denied = key.is_some_and(|key| verify_signature(&key, &signed.signed_content(), signed.signature()).is_err());
        signed.group_id() == state.group_id() && !denied
    }

    fn check_at(&self, signed: &SignedStatement, state: &Group) -> Result<(), MlsError> {
        if signed.group_id() != state.group_id() {
            return Err(MlsError::Invalid("the statement is about another group".to_owned()));
        }
        match signed.signer() {
            Some(signer) => {
                verify_signature(&state.signature_key_of(signer)?, &signed.signed_content(), signed.signature())?;
                Ok(state.room_state().may_open_term(&signer.user_uri())?)
            }
            None => verify_signature(&authority_key(signed.statement(), state)?, &signed.signed_content(), signed.signature()),
        }
    }
}

/// The key of whoever orders the term of an acceptance.
fn authority_key(statement: &Statement, state: &Group) -> Result<Vec<u8>, MlsError> {
    let Statement::Acceptance(accepted) = statement else {
        return Err(MlsError::Malformed("a statement without a signer".to_owned()));
    };
    match (accepted.term, &accepted.authority) {
        (_, Some(Authority::Hub { signature_key, .. })) => Ok(signature_key.clone()),
        (0, None) => {
            let agent = state.room_state().franking_agent.as_ref();
            agent.map(|agent| agent.franking_signature_key.as_slice().to_vec()).ok_or_else(|| nobody(0))
        }
        (term, _) => Err(nobody(term)),
    }
}

fn nobody(term: u64) -> MlsError {
    NotAllowed { rule: "DMLS-22", why: format!("no hub orders term {term}") }.into()
}
