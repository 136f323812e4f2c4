//! All metrics, as data: the one source of what is described to Prometheus and of `docs/metrics.md`.

/// What a metric does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Distributes times, seconds.
    Histogram,
}

/// A metric.
pub(crate) struct Metric {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) kind: Kind,
    /// Its labels, each with few values.
    #[cfg_attr(not(test), expect(dead_code, reason = "the documentation's test reads it"))]
    pub(crate) labels: &'static [&'static str],
    /// What it is.
    pub(crate) about: &'static str,
}

pub(crate) const BUILD_INFO: &str = "causeway_build_info";
pub(crate) const REQUESTS: &str = "causeway_http_requests_total";
pub(crate) const REQUEST_TIME: &str = "causeway_http_request_seconds";
pub(crate) const REFUSALS: &str = "causeway_refusals_total";
pub(crate) const EVENTS_IN: &str = "causeway_events_in_total";
pub(crate) const EVENTS: &str = "causeway_events_total";
pub(crate) const OUTBOX_DEPTH: &str = "causeway_outbox_depth";
pub(crate) const OUTBOX_OLDEST: &str = "causeway_outbox_oldest_seconds";
pub(crate) const DELIVERIES: &str = "causeway_deliveries_total";
pub(crate) const PEER_DELIVERIES: &str = "causeway_peer_deliveries_total";
pub(crate) const RETRIES: &str = "causeway_delivery_retries_total";
pub(crate) const EPOCHS: &str = "causeway_epochs_total";
pub(crate) const LOSSES: &str = "causeway_losses_total";
pub(crate) const CONVERSATIONS: &str = "causeway_conversations";
pub(crate) const CRYPTO_TIME: &str = "causeway_crypto_seconds";
pub(crate) const DATABASE_UP: &str = "causeway_database_up";
pub(crate) const CERTIFICATE_EXPIRY: &str = "causeway_certificate_expiry_timestamp_seconds";
pub(crate) const RELOADS: &str = "causeway_certificate_reloads_total";
pub(crate) const SLICES: &str = "causeway_slices";
pub(crate) const OLDEST_SLICE: &str = "causeway_oldest_slice_seconds";
pub(crate) const EPOCHS_KEPT: &str = "causeway_epochs_kept";
pub(crate) const GROUPS_FORKABLE: &str = "causeway_groups_forkable";
pub(crate) const COMMITS_PLACED: &str = "causeway_commits_placed_total";
pub(crate) const GROUPS_LOCKED: &str = "causeway_groups_locked";
/// The store records these two itself.
const TRANSACTION_TIME: &str = "causeway_database_transaction_seconds";
const TRANSACTION_RETRIES: &str = "causeway_database_transaction_retries_total";

const fn metric(name: &'static str, kind: Kind, labels: &'static [&'static str], about: &'static str) -> Metric {
    Metric { name, kind, labels, about }
}

/// All of them.
pub(crate) const METRICS: &[Metric] = &[
    metric(BUILD_INFO, Kind::Gauge, &["version"], "1, with the version that runs."),
    metric(
        REQUESTS,
        Kind::Counter,
        &["side", "endpoint", "status"],
        "Requests answered, by side (matrix, mimi), endpoint and HTTP status.",
    ),
    metric(REQUEST_TIME, Kind::Histogram, &["side", "endpoint"], "From a request's head to the answer's."),
    metric(REFUSALS, Kind::Counter, &["side", "code"], "Refusals, by the code that the peer is told."),
    metric(
        EVENTS_IN,
        Kind::Counter,
        &["direction"],
        "Events received: PDUs of homeservers; messages, commits and fan-outs of providers. At rest it is the sum of causeway_events_total.",
    ),
    metric(
        EVENTS,
        Kind::Counter,
        &["direction", "outcome"],
        "What became of them: translated, refused, duplicate, parked, or failed (our own fault; the peer sends it again).",
    ),
    metric(
        OUTBOX_DEPTH,
        Kind::Gauge,
        &["kind"],
        "Items that wait in the outbox, but for those that wait for secrets to be due (`forget`).",
    ),
    metric(OUTBOX_OLDEST, Kind::Gauge, &["kind"], "How long the oldest of them has waited."),
    metric(
        DELIVERIES,
        Kind::Counter,
        &["peer_kind", "kind", "outcome"],
        "Deliveries to homeservers and providers: delivered, postponed or refused.",
    ),
    metric(
        PEER_DELIVERIES,
        Kind::Counter,
        &["peer", "outcome"],
        "Deliveries by peer: configured ones and the first 32 others by name, the rest as other.",
    ),
    metric(RETRIES, Kind::Counter, &["kind"], "Deliveries that were not the first attempt."),
    metric(EPOCHS, Kind::Counter, &["origin"], "Epochs stored, by how they came about."),
    metric(LOSSES, Kind::Counter, &["feature", "direction"], "What translations could not carry."),
    metric(CONVERSATIONS, Kind::Gauge, &["status", "topology"], "Conversations."),
    metric(EPOCHS_KEPT, Kind::Gauge, &[], "Epochs whose secrets are kept."),
    metric(SLICES, Kind::Gauge, &[], "Slice keys that are there: one, and a second while keys move to it."),
    metric(OLDEST_SLICE, Kind::Gauge, &[], "Age of the oldest of them: as long deleted secrets stay decipherable in copies."),
    metric(GROUPS_FORKABLE, Kind::Gauge, &[], "Groups whose commits nobody orders, or a hub that is back and not yet alone."),
    metric(
        COMMITS_PLACED,
        Kind::Counter,
        &["placement"],
        "Commits in such groups, by place: extends_head, wins_fork, loses_fork, waits, duplicate, variant, refused.",
    ),
    metric(GROUPS_LOCKED, Kind::Gauge, &[], "Groups that are locked until their members have joined anew."),
    metric(CRYPTO_TIME, Kind::Histogram, &["operation"], "Time of MLS operations: seal, open, stage, merge."),
    metric(
        TRANSACTION_TIME,
        Kind::Histogram,
        &["transaction"],
        "Time of database transactions by name, with the waiting for their turn.",
    ),
    metric(
        TRANSACTION_RETRIES,
        Kind::Counter,
        &["transaction"],
        "Attempts at transactions that the database refused for others' sake.",
    ),
    metric(DATABASE_UP, Kind::Gauge, &[], "1 if the database has answered for this scrape; else figures from it are old."),
    metric(CERTIFICATE_EXPIRY, Kind::Gauge, &["side"], "When the certificate in use ends, seconds since 1970."),
    metric(RELOADS, Kind::Counter, &["outcome"], "Reloads of certificates: done, or failed (then the old ones stay)."),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use std::collections::BTreeSet;

    use super::{Kind, METRICS};

    fn documented() -> String {
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md")).unwrap()
    }

    /// The table in the documentation, row by row.
    #[test]
    fn the_documentation_has_every_metric_and_no_other() {
        let text = documented();
        let rows: BTreeSet<&str> = text.lines().filter(|line| line.starts_with("| `causeway_")).collect();
        let kind = |kind| match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let labels = |labels: &[&str]| labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let row = |metric: &super::Metric| {
            format!("| `{}` | {} | {} | {} |", metric.name, kind(metric.kind), labels(metric.labels), metric.about)
        };
        let expected: Vec<String> = METRICS.iter().map(row).collect();
        assert_eq!(rows, expected.iter().map(String::as_str).collect(), "\n{}\n", expected.join("\n"));
    }

    #[test]
    fn names_say_what_they_are() {
        for metric in METRICS {
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
            assert!(metric.kind != Kind::Histogram || metric.name.ends_with("_seconds"), "{}", metric.name);
        }
    }
}
