//! How long the oldest item has been waiting.

use causeway_store::operator::QueueFigure;
use causeway_store::{Store, StoreError};

use super::finding::{Category, Findings};
use crate::time::now;

/// Peers restart.
const WORTH_A_LOOK: i64 = 10 * 60_000;
/// Nobody restarts for so long.
const TOO_LONG: i64 = 24 * 3_600_000;
const HINT: &str = "causewayctl queue list says what waits for whom and why; causewayctl peer probe <name> whether it answers";

pub(super) async fn examine(findings: &mut Findings, store: &Store) -> Result<(), StoreError> {
    let figures = store.transaction("queue figures", |tx| Box::pin(tx.queue_figures())).await?;
    let depth: i64 = figures.iter().map(|figure| figure.depth).sum();
    let Some(oldest) = figures.iter().filter(|figure| figure.oldest > 0).min_by_key(|figure| figure.oldest) else {
        findings.ok(Category::Queue, format!("{depth} items wait"));
        return Ok(());
    };
    age(findings, depth, oldest);
    Ok(())
}

fn age(findings: &mut Findings, depth: i64, oldest: &QueueFigure) {
    let age = now() - oldest.oldest;
    let minutes = age / 60_000;
    let cause = format!("{depth} items wait, the oldest ({}) since {minutes} min", oldest.kind);
    match age {
        _ if age >= TOO_LONG => findings.problem(Category::Queue, cause, HINT),
        _ if age >= WORTH_A_LOOK => findings.warning(Category::Queue, cause, HINT),
        _ => findings.ok(Category::Queue, cause),
    }
}
