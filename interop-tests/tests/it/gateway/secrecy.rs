//! What the gateway tells operators while a provider is away: lines with fields, figures that add up, and no secret. What
//! waits is content, too. The same search follows the scenarios.

use std::collections::BTreeSet;

use interop_tests::patience::{self, Look};

use super::counted::{conserved, sum};
use super::support::light;
use crate::secrecy;

/// What alice says, what carol says, what alice says while the provider is away.
const MARKERS: [&str; 3] = ["MARKER-alice-7f3a9c", "MARKER-carol-51e0bd", "MARKER-waiting-c28f44"];

#[tokio::test]
async fn nothing_that_is_secret_stands_in_the_clear() {
    let light = light("secrecy").await;
    let bridge = light.bridge("12", "s").await.unwrap();
    bridge.alice_says(MARKERS[0]).unwrap();
    bridge.carol_hears(&[MARKERS[0]]).await.unwrap();
    bridge.carol_says(MARKERS[1]).await.unwrap();
    bridge.alice_hears(&[MARKERS[1]]).await.unwrap();
    light.to_provider.faults().go_down();
    bridge.alice_says(MARKERS[2]).unwrap();
    let metrics = patience::until("a postponed delivery", async || {
        let metrics = light.gateway.admin().text("/metrics").await?;
        let is_so = metrics
            .lines()
            .any(|line| line.starts_with("causeway_deliveries_total{peer_kind=\"provider\"") && line.contains("postponed"));
        Ok(Look::from_option(is_so.then_some(metrics), || "none".to_owned()))
    });
    let metrics = metrics.await.unwrap();
    conserved(&metrics);
    for name in ["causeway_crypto_seconds_count", "causeway_epochs_total", "causeway_outbox_depth"] {
        assert!(sum(&metrics, name, "") > 0, "{name}\n{metrics}");
    }
    lines_have_fields(&light.gateway.log().unwrap());
    secrecy::assert_kept(&light.gateway, &MARKERS).await;
}

/// Each line is a JSON document; what it is about stands in fields of it or of its spans.
fn lines_have_fields(log: &str) {
    let mut fields = BTreeSet::new();
    // The harness keeps standard output in the same file.
    for line in log.lines().filter(|line| *line != "causeway is ready") {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        fields.extend(line.as_object().unwrap().keys().cloned());
        let spans = line["spans"].as_array().into_iter().flatten();
        fields.extend(spans.filter_map(|span| span.as_object()).flat_map(|span| span.keys().cloned()));
    }
    for field in ["timestamp", "level", "target", "message", "event_id", "room", "peer", "endpoint", "lane"] {
        assert!(fields.contains(field), "no line has {field}: {fields:?}");
    }
}
