//! Statements made, and those of others judged at the epoch that they name.

use super::signed::StatementTbs;
use super::{ForkableGroup, HeadChange, Judge, SignedStatement};
use crate::credential::verify_signature;
use crate::graph::{Acceptance, AnchorOverride, Authority, HubTerm, Statement, StatementPlacement};
use crate::policy::NotAllowed;
use crate::{ClientIdentity, EpochId, EpochRef, HubIdentity, MlsError};

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
        let term = HubTerm { term: self.graph.term() + 1, from: self.head(), authority, signer: identity.user_uri.clone() };
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
        self.sign(identity, Statement::AnchorOverride(AnchorOverride { term: self.graph.term() + 1, anchor, signer }), anchor)
    }

    /// Says, as the authority of the latest term, that a commit is accepted.
    ///
    /// # Errors
    /// If the hub is not that authority, or the epoch is not known.
    pub fn accept(&mut self, hub: &HubIdentity, epoch: &EpochId, position: u64) -> Result<SignedStatement, MlsError> {
        let number = self.graph.number(epoch).ok_or_else(|| MlsError::Invalid(format!("epoch {epoch} is not known")))?;
        let statement = Statement::Acceptance(Acceptance { term: self.graph.term(), epoch: *epoch, position });
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
        match self.graph.state(signed.statement().clone()) {
            StatementPlacement::InForce { .. } | StatementPlacement::Duplicate => {
                self.statements.push(signed.clone());
                Ok(signed)
            }
            StatementPlacement::Refused(refusal) => Err(MlsError::NotPlaced(refusal)),
            StatementPlacement::Dormant | StatementPlacement::WaitsForEpoch => {
                Err(NotAllowed { rule: "DMLS-16", why: "the same user has opened a term too short a while ago".to_owned() }.into())
            }
        }
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
        if !self.graph.contains(&signed.epoch().id) {
            return Ok(self.wait_for_epoch(&signed, bytes));
        }
        match self.check(&signed) {
            Ok(()) => {}
            Err(error @ MlsError::Stored(_)) => return Err(error),
            Err(error) => return Ok(StatementOutcome::Refused(error)),
        }
        let placement = self.graph.state(signed.statement().clone());
        if matches!(placement, StatementPlacement::InForce { .. } | StatementPlacement::Dormant) {
            self.statements.push(signed);
        }
        Ok(match placement {
            StatementPlacement::InForce { .. } => StatementOutcome::InForce(self.head_change(before)),
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
        match self.waiting.keep_statement(bytes) {
            true => StatementOutcome::Waits,
            false => StatementOutcome::Refused(MlsError::FutureEpoch { current: self.head().number }),
        }
    }

    pub(super) fn retry_statements(&mut self, _judge: Judge<'_>) -> Result<(), MlsError> {
        for bytes in self.waiting.take_statements() {
            self.receive_statement(&bytes)?;
        }
        Ok(())
    }

    /// Whether a statement's signature holds, and its signer may say it, at the epoch that it names.
    fn check(&self, signed: &SignedStatement) -> Result<(), MlsError> {
        if signed.group_id() != self.group_id()? {
            return Err(MlsError::Invalid("the statement is about another group".to_owned()));
        }
        let epoch = signed.epoch();
        if self.graph.number(&epoch.id) != Some(epoch.number) {
            return Err(MlsError::Malformed("the epoch has another number".to_owned()));
        }
        match signed.signer() {
            Some(signer) => {
                let state = self.state(&epoch.id)?;
                verify_signature(&state.signature_key_of(signer)?, &signed.signed_content(), signed.signature())?;
                Ok(state.room_state().may_open_term(&signer.user_uri())?)
            }
            None => verify_signature(&self.authority_key(signed.statement())?, &signed.signed_content(), signed.signature()),
        }
    }

    /// The key of whoever orders the term of an acceptance.
    fn authority_key(&self, statement: &Statement) -> Result<Vec<u8>, MlsError> {
        let Statement::Acceptance(accepted) = statement else {
            return Err(MlsError::Malformed("a statement without a signer".to_owned()));
        };
        let nobody = || MlsError::from(NotAllowed { rule: "DMLS-22", why: format!("no hub orders term {}", accepted.term) });
        match (accepted.term, self.graph.authority_of(accepted.term)) {
            (_, Some(Authority::Hub { signature_key, .. })) => Ok(signature_key.clone()),
            (0, _) => {
                let agent = self.state(&accepted.epoch)?.room_state().franking_agent.as_ref();
                agent.map(|agent| agent.franking_signature_key.as_slice().to_vec()).ok_or_else(nobody)
            }
            _ => Err(nobody()),
        }
    }
}
