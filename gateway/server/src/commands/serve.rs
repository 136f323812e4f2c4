//! `causeway serve`

use std::path::Path;
use std::process::ExitCode;

use crate::config::Loaded;
use crate::{logging, startup};

/// Runs the gateway until it is told to stop.
pub(crate) async fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let loaded = Loaded::read(path)?;
    if loaded.problems.warnings() > 0 {
        eprintln!("{}", loaded.problems);
    }
    let config = match loaded.config() {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("{problems}");
            return Ok(ExitCode::FAILURE);
        }
    };
    logging::start(&config.log)?;
    let gateway = startup::prepare(&config).await?;
    let listeners = gateway.bind(&config).await?;
    #[expect(clippy::print_stdout, reason = "whoever started the process waits for this line")]
    {
        println!("causeway is ready");
    }
    listeners.run_until(stopped()).await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Completes when the process is told to stop.
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
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
