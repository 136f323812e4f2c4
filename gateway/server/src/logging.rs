//! The log.

use std::io::IsTerminal;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogConfig, LogFormat};
use crate::telemetry::CryptoTime;

/// Starts logging to standard error. `CAUSEWAY_LOG` overrides the configured level.
pub(crate) fn start(config: &LogConfig) -> anyhow::Result<()> {
    let filter = match std::env::var("CAUSEWAY_LOG") {
        Ok(level) => EnvFilter::try_new(level)?,
        Err(_) => EnvFilter::try_new(&config.level)?,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(true).boxed(),
    };
    let operations = CryptoTime.with_filter(filter_fn(CryptoTime::is_operation));
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(operations).init();
    Ok(())
}
