//! How long MLS operations take. The group code has no clock: it names its operations by spans, and here they are timed.

use std::time::Instant;

use tracing::span::{Attributes, Id};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::names::CRYPTO_TIME;

/// What spans of operations are for.
const TARGET: &str = "causeway_mls::operation";

/// Times operations.
pub(crate) struct CryptoTime;

struct Began(Instant);

impl CryptoTime {
    /// Whether something is an operation.
    pub(crate) fn is_operation(metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target() == TARGET
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for CryptoTime {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Began(Instant::now()));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let extensions = span.extensions();
        if let Some(Began(began)) = extensions.get::<Began>() {
            metrics::histogram!(CRYPTO_TIME, "operation" => span.name()).record(began.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tracing_subscriber::filter::filter_fn;
    use tracing_subscriber::layer::SubscriberExt;

    use super::{CryptoTime, Layer};

    #[test]
    fn spans_of_operations_are_timed_and_others_are_not() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let subscriber = tracing_subscriber::registry().with(CryptoTime.with_filter(filter_fn(CryptoTime::is_operation)));
        metrics::with_local_recorder(&recorder, || {
            tracing::subscriber::with_default(subscriber, || {
                drop(tracing::trace_span!(target: "causeway_mls::operation", "seal").entered());
                drop(tracing::trace_span!("else").entered());
            });
        });
        let text = handle.render();
        assert!(text.contains("causeway_crypto_seconds") && text.contains("operation=\"seal\""), "{text}");
        assert!(!text.contains("else"), "{text}");
    }
}
