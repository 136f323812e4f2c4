//! `causeway serve`

use std::path::Path;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::config::Loaded;
use crate::{logging, startup, telemetry};

/// Runs the gateway until it is told to stop.
pub(crate) async fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let loaded = Loaded::read(path)?;
    let warnings = loaded.problems.clone();
    let config = match loaded.config() {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("{problems}");
            return Ok(ExitCode::FAILURE);
        }
    };
    logging::start(&config.log)?;
    for warning in warnings.texts() {
        tracing::warn!(warning, "the configuration could be better");
    }
    let metrics = config.admin.listen.map(|_| telemetry::install()).transpose()?;
    // Before anybody is told that the gateway is ready: an unheeded hangup would end the process.
    let hangups = signal(SignalKind::hangup())?;
    let gateway = startup::prepare(&config).await?;
    let listeners = gateway.bind(&config, metrics).await?;
    #[expect(clippy::print_stdout, reason = "whoever started the process waits for this line")]
    {
        println!("causeway is ready");
    }
    listeners.run_until(stopped(), hangups).await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Completes when the process is told to stop.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        },
        Err(error) => {
            tracing::warn!(%error, "cannot listen for SIGTERM");
            interrupt.await.unwrap_or_default();
        }
    }
}
