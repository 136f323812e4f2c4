//! What operators see of the process. Labels have few values: no room, no user, and of peers only some by name.
//!
//! Everything is recorded through the `metrics` facade, which does nothing where no recorder is installed: that is the
//! case without an admin listener.

mod crypto;
mod deliveries;
mod intake;
mod names;
mod requests;
mod scrape;
mod tally;

use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

pub(crate) use crypto::CryptoTime;
pub(crate) use deliveries::{Delivery, PeerLabels};
pub(crate) use intake::{Direction, Fate, Intake};
pub(crate) use requests::{Side, observe, refused};
pub(crate) use scrape::scrape;
pub(crate) use tally::Tally;

use names::{Kind, METRICS};

/// From half a millisecond, what opening a message takes, to what a peer waits for.
const BUCKETS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
/// How often the recorder tidies up.
const UPKEEP: Duration = Duration::from_secs(5);

/// Begins to record.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS)?;
    let handle = builder.install_recorder().context("cannot record metrics")?;
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.about),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.about),
            Kind::Histogram => metrics::describe_histogram!(metric.name, metric.about),
        }
    }
    intake::begin_at_zero();
    metrics::gauge!(names::BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// Certificates were read again.
pub(crate) fn reloaded(is_done: bool) {
    metrics::counter!(names::RELOADS, "outcome" => if is_done { "done" } else { "failed" }).increment(1);
}

/// Until when a side's certificate is valid, seconds since 1970.
pub(crate) fn certificate_expires(side: Side, at: i64) {
    metrics::gauge!(names::CERTIFICATE_EXPIRY, "side" => side.as_str()).set(at as f64);
}
