//! Whether what is past is forgotten in time.

use causeway_store::{Store, StoreError};

use super::finding::{Category, Findings};
use crate::time::{now, rfc3339};

/// Late by as much, it is no chance.
const PATIENCE: i64 = 10 * 60_000;

pub(super) async fn examine(findings: &mut Findings, store: &Store) -> Result<(), StoreError> {
    let read = store.transaction::<_, StoreError, _>("slices", |tx| {
        Box::pin(async move { Ok((tx.slice_lines().await?, tx.next_slice_at().await?, tx.forgetting_figure().await?.locked)) })
    });
    let (slices, next, locked) = read.await?;
    let due = next.filter(|next| now() > next + PATIENCE);
    if let Some(due) = due {
        let cause = format!("no slice has been made since one was due at {}: deleted secrets stay decipherable", rfc3339(due));
        findings.warning(Category::Keys, cause, "does the gateway run? if it does, its log says what is in the way");
    }
    let retired: Vec<_> = slices.iter().filter(|slice| slice.status != "active" && slice.keys > 0).collect();
    if due.is_none()
        && let (Some(oldest), true) = (retired.first(), slices.len() > 2)
    {
        let cause = format!("slice {} is held back by {} keys that do not move", oldest.id, oldest.keys);
        findings.warning(Category::Keys, cause, "the gateway's log names their conversations: let it leave those rooms");
    }
    if locked > 0 {
        let cause = format!("{locked} groups are locked until their members have joined anew (CW-4011)");
        findings.warning(Category::Keys, cause, "causewayctl explain CW-4011");
    }
    Ok(())
}
