//! Figures that only the database knows, asked for when somebody looks.

use causeway_store::operator::{ForgettingFigure, QueueFigure, RoomFigure};
use causeway_store::{Store, StoreError};

use super::names::{
    CONVERSATIONS, DATABASE_UP, EPOCHS_KEPT, GROUPS_FORKABLE, GROUPS_LOCKED, OLDEST_SLICE, OUTBOX_DEPTH, OUTBOX_OLDEST, SLICES,
};
use crate::node::now_ms;

/// Kinds of items that the gateway has; others appear with their first item.
const KINDS: [&str; 4] = ["pdu", "notify", "submit", "update"];

/// Sets the gauges.
pub(crate) async fn scrape(store: &Store) {
    let read = store.transaction("figures", |tx| {
        Box::pin(async move {
            Ok::<_, StoreError>((tx.queue_figures().await?, tx.room_figures().await?, tx.forgetting_figure().await?))
        })
    });
    match read.await {
        Ok((queue, rooms, forgetting)) => {
            metrics::gauge!(DATABASE_UP).set(1.0);
            set_queue(&queue);
            set_rooms(rooms);
            set_forgetting(forgetting);
        }
        Err(error) => {
            tracing::warn!(%error, "cannot read figures");
            metrics::gauge!(DATABASE_UP).set(0.0);
        }
    }
}

fn set_queue(figures: &[QueueFigure]) {
    static SEEN: std::sync::Mutex<std::collections::BTreeSet<String>> = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let mut seen = SEEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    seen.extend(KINDS.map(str::to_owned).into_iter().chain(figures.iter().map(|figure| figure.kind.clone())));
    // A kind of which nothing waits any more is at zero, not at its last value.
    for kind in seen.iter() {
        let figure = figures.iter().find(|figure| figure.kind == *kind);
        let age = figure.filter(|figure| figure.oldest > 0).map_or(0, |figure| (now_ms() as i64 - figure.oldest).max(0));
        metrics::gauge!(OUTBOX_DEPTH, "kind" => kind.clone()).set(figure.map_or(0, |figure| figure.depth) as f64);
        metrics::gauge!(OUTBOX_OLDEST, "kind" => kind.clone()).set(age as f64 / 1000.0);
    }
}

fn set_forgetting(figure: ForgettingFigure) {
    metrics::gauge!(EPOCHS_KEPT).set(figure.epochs as f64);
    metrics::gauge!(SLICES).set(figure.slices as f64);
    let age = if figure.slices > 0 { (now_ms() as i64 - figure.oldest).max(0) } else { 0 };
    metrics::gauge!(OLDEST_SLICE).set(age as f64 / 1000.0);
    metrics::gauge!(GROUPS_LOCKED).set(figure.locked as f64);
    metrics::gauge!(GROUPS_FORKABLE).set(figure.forkable as f64);
}

fn set_rooms(figures: Vec<RoomFigure>) {
    for status in ["waiting", "active", "paused", "closed"] {
        for topology in ["our_hub", "foreign_hub", "none"] {
            let of =
                figures.iter().filter(|figure| figure.status == status && figure.topology.as_deref().unwrap_or("none") == topology);
            let count: i64 = of.map(|figure| figure.count).sum();
            metrics::gauge!(CONVERSATIONS, "status" => status, "topology" => topology).set(count as f64);
        }
    }
}
