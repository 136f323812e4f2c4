//! What an operator has done with a conversation: carried out in one transaction, and noted in the audit log; or only tried.

use std::sync::Arc;

use causeway_core::conversation::outgoing::lane;
use causeway_core::conversation::{Conversation, ConversationError, Turn};
use causeway_core::records::AuditRow;

use super::Admin;
use super::refusal::Refusal;
use crate::node::{Find, NodeError, now_ms};

/// What is to be done with which conversation.
pub(super) struct Command {
    /// As the audit log and logs have it.
    pub(super) action: &'static str,
    pub(super) conversation: i64,
    /// The audit log's detail.
    pub(super) detail: String,
    /// Only try whether it may be done.
    pub(super) dry_run: bool,
}

/// Carries it out.
///
/// # Errors
/// A refusal with the rule that is against it; then nothing has changed.
pub(super) async fn carry_out<T, F>(admin: &Admin, command: Command, act: F) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: Fn(&mut Conversation, &mut Turn<'_>) -> Result<T, ConversationError> + Send + Sync + 'static,
{
    let Command { action, conversation: id, detail, dry_run } = command;
    let shared = Arc::new((act, detail));
    let done = admin.node.transaction("operator: command", move |session| {
        let shared = shared.clone();
        Box::pin(async move {
            let (act, detail) = &*shared;
            let mut conversation = session.conversation(&Find::Id(id)).await?;
            let (hub, room) = (conversation.row.hub.clone(), conversation.row.mimi_room.clone());
            let (outcome, decision) = session.turn(|turn| act(&mut conversation, turn))?;
            if dry_run {
                return Ok(outcome);
            }
            session.save(conversation, decision).await?;
            if let (Some(hub), Some(room)) = (hub, room) {
                // What waited for somebody to decide need not wait any longer.
                session.tx.retry_lane(&lane::mimi(&hub, &room)).await?;
            }
            let subject = format!("conversation {id}");
            let row = AuditRow { at: now_ms() as i64, action: action.to_owned(), subject, detail: detail.clone() };
            session.tx.insert_audit(&row).await?;
            Ok(outcome)
        })
    });
    match done.await {
        Ok(outcome) => {
            tracing::info!(action, conversation = id, dry_run, "an operator's command");
            Ok(outcome)
        }
        Err(NodeError::NoSuchRoom) => Err(Refusal::not_found("no such conversation")),
        Err(NodeError::Store(error)) => Err(error.into()),
        Err(error) => Err(Refusal::conflict(error.to_string())),
    }
}
