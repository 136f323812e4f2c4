//! What was lost lately. Losses are no fault of the set-up, unless something was given up.

use causeway_core::loss::Feature;
use causeway_store::{Store, StoreError};

use super::finding::{Category, Findings};
use crate::time::now;

const LATELY: i64 = 24 * 3_600_000;

pub(super) async fn examine(findings: &mut Findings, store: &Store) -> Result<(), StoreError> {
    let losses = store.transaction("loss lines", |tx| Box::pin(tx.loss_lines(None))).await?;
    let since = now() - LATELY;
    let lately: Vec<_> = losses.iter().filter(|loss| loss.recorded_at >= since).collect();
    let given_up = lately.iter().filter(|loss| loss.feature == Feature::Discarded.to_string()).count();
    let count = lately.len();
    match given_up {
        0 => findings.ok(Category::Losses, format!("{count} in the last 24 hours, none of them something given up")),
        _ => {
            let cause = format!("{given_up} messages or changes were given up in the last 24 hours ({count} losses in all)");
            findings.warning(Category::Losses, cause, "causewayctl loss list says which and why");
        }
    }
    Ok(())
}
