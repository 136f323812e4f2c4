//! Parking: an input or a delivery that cannot be processed, through no fault of who sent it, is put aside with its
//! reason, and an operator has it processed again when the reason is gone.
//!
//! What a peer gets wrong is not parked: it is refused. Nor is what heals by itself, such as a database that is down:
//! the peer sends again. Nor what is asked and answered at once (`update`, `submitMessage`): the peer is told to ask
//! again, and nothing has happened.

use std::sync::Arc;

use causeway_core::code::{self, Code, Coded, Fault};
use causeway_core::records::{OutboxRow, ParkedRow};
use causeway_store::StoreError;

use super::{Node, NodeError, Session, now_ms};
use crate::{matrix, mimi};

/// So much of one source is parked. Beyond that its inputs fail, so that it sends again, or gives up.
const MAX_OF_SOURCE: i64 = 1000;

/// Why something that is parked is parked still.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// Nothing of that number.
    #[error("nothing is parked under {0}")]
    NotParked(i64),
    /// An older one has to go first.
    #[error("{0} has to be replayed first")]
    HeldBack(i64),
    /// It failed again.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl NodeError {
    /// Whether an input that failed like this will fail again, and not for what is in it.
    pub(crate) fn parks_input(&self) -> bool {
        let entry = self.code().entry();
        match self {
            Self::Store(StoreError::DoesNotOpen { .. }) | Self::Stored(_) => true,
            Self::Conversation(_) => {
                let ours = matches!(entry.fault, Fault::Ours | Fault::Operator);
                (ours && !entry.retryable) || entry.code == code::MATRIX_REFUSED
            }
            Self::Store(_) | Self::NoSuchRoom | Self::EnteringRoom | Self::ServerDenied(_) => false,
        }
    }

    /// Whether a delivery that failed like this will fail again, whatever the peer does.
    pub(crate) fn parks_delivery(&self) -> bool {
        match self {
            Self::Conversation(_) => !self.code().entry().retryable,
            other => other.parks_input(),
        }
    }
}

/// Something to be parked.
pub(crate) fn to_park(kind: &str, (source, subject): (&str, &str), error: (Code, String)) -> ParkedRow {
    ParkedRow {
        id: 0,
        kind: kind.to_owned(),
        source: source.to_owned(),
        subject: subject.to_owned(),
        conversation_id: None,
        body: Vec::new(),
        code: error.0.to_string(),
        reason: error.1,
        parked_at: now_ms() as i64,
        holds_back: false,
        replays: 0,
    }
}

/// An item of the outbox to be parked.
pub(crate) fn delivery_to_park(row: &OutboxRow, error: (Code, String)) -> ParkedRow {
    let parked = to_park("delivery", (&row.lane, &row.kind), error);
    ParkedRow { conversation_id: row.conversation_id, body: row.body.clone(), ..parked }
}

impl Session<'_> {
    /// Parks something; the error that led to it comes back if there is too much of its source already.
    pub(crate) async fn park(&mut self, row: &ParkedRow, error: NodeError) -> Result<(), NodeError> {
        if self.tx.parked_of(&row.source).await? >= MAX_OF_SOURCE {
            return Err(error);
        }
        let id = self.tx.park(row).await?;
        let ParkedRow { code, kind, source, subject, reason, .. } = row;
        tracing::warn!(code, id, kind, source, subject, reason, "parked");
        Ok(())
    }
}

impl Node {
    /// Has something that is parked processed again. If that fails, it stays, with the new reason.
    ///
    /// # Errors
    /// Why it is parked still.
    pub(crate) async fn replay_parked(self: &Arc<Self>, id: i64) -> Result<(), ReplayError> {
        let row = self.parked(id).await?.ok_or(ReplayError::NotParked(id))?;
        if let (true, Some(conversation)) = (row.holds_back, row.conversation_id) {
            let first = self.store.transaction("held back by", move |tx| Box::pin(tx.held_back_by(conversation))).await;
            match first.map_err(NodeError::from)? {
                Some(first) if first != id => return Err(ReplayError::HeldBack(first)),
                _ => {}
            }
        }
        let replayed = match row.kind.as_str() {
            "event" => matrix::replay_event(self, &row).await,
            "effect" => matrix::replay_effect(self, &row).await,
            "fanout" => mimi::replay_fanout(self, &row).await,
            "delivery" => self.replay_delivery(row).await,
            kind => Err(NodeError::Stored(format!("{kind} is nothing that is parked"))),
        };
        match replayed {
            Ok(()) => tracing::info!(id, "what was parked is processed"),
            Err(error) => return Err(self.replay_failed(id, error).await.into()),
        }
        Ok(())
    }

    async fn parked(&self, id: i64) -> Result<Option<ParkedRow>, NodeError> {
        Ok(self.store.transaction::<_, StoreError, _>("parked", move |tx| Box::pin(tx.parked(id))).await?)
    }

    /// Back to the end of its lane.
    async fn replay_delivery(self: &Arc<Self>, row: ParkedRow) -> Result<(), NodeError> {
        let row = Arc::new(row);
        self.transaction("replay delivery", move |session| {
            let row = row.clone();
            Box::pin(async move {
                if session.tx.parked(row.id).await?.is_some() {
                    session.tx.queue(&row.source, &row.subject, row.conversation_id, &row.body).await?;
                    session.tx.unpark(row.id).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn replay_failed(&self, id: i64, error: NodeError) -> NodeError {
        let why = Arc::new((error.code().to_string(), error.to_string()));
        tracing::warn!(code = why.0, id, reason = why.1, "what was parked cannot be processed still");
        let noted = self.store.transaction::<_, StoreError, _>("replay failed", move |tx| {
            let why = why.clone();
            Box::pin(async move { tx.replay_failed(id, (&why.0, &why.1)).await })
        });
        if let Err(failure) = noted.await {
            tracing::error!(code = %failure.code(), error = %failure, "cannot note why");
        }
        error
    }
}
