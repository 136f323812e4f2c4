//! Reports of what became of messages [mimi-message-status-01].

use causeway_drafts::cbor::DocumentError;
use causeway_drafts::mimi_message_status_01::{MessageStatus, MessageStatusReport};

use super::layout::STATUS;
use super::refused::{Refused, Wrong};
use super::tree::{Origin, Tree};

pub(super) const REPORT: Origin = Origin { structure: "MessageStatusReport", draft: STATUS, section: "4" };
const ENTRY: Origin = Origin { structure: "PerMessageStatus", draft: STATUS, section: "4" };

pub(super) fn read(octets: &[u8], _: Option<&str>) -> Result<Tree, Refused> {
    tree(octets).map_err(|error| Wrong::from(error).of(octets))
}

pub(super) fn tree(octets: &[u8]) -> Result<Tree, DocumentError> {
    let report = MessageStatusReport::decode(octets)?;
    let entries = report.statuses.iter().map(|entry| {
        let id = Tree::text(entry.message_id.to_string());
        Tree::structure(ENTRY, [("messageId", id), ("status", status(entry.status))])
    });
    Ok(Tree::List(entries.collect()))
}

fn status(status: MessageStatus) -> Tree {
    let name = match status {
        MessageStatus::UNREAD => "unread",
        MessageStatus::DELIVERED => "delivered",
        MessageStatus::READ => "read",
        MessageStatus::EXPIRED => "expired",
        MessageStatus::DELETED => "deleted",
        MessageStatus::HIDDEN => "hidden",
        MessageStatus::ERROR => "error",
        _ => "unknown",
    };
    Tree::text(format!("{} {name}", status.0))
}
