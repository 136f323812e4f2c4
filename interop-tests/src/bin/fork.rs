//! A hub is lost, both sides go on, and everything settles: told live, on real software.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use console::{Term, style};
use indicatif::{ProgressBar, ProgressStyle};
use interop_tests::environment::Programs;
use interop_tests::fork::story::Story;
use interop_tests::fork::{Setting, ask, bridge};
use interop_tests::program::{log_folder, own_folder, say};
use interop_tests::scenario::report::Report;
use tokio::signal::unix::{SignalKind, signal};

/// Three gateways, one of them a hub that vanishes, and two Synapse homeservers.
#[derive(Parser)]
struct Arguments {}

#[tokio::main]
async fn main() -> ExitCode {
    Arguments::parse();
    match ending().await {
        Ok(code) => code,
        Err(error) => {
            Term::stderr().write_line(&format!("{} {error:#}", style("error:").red())).unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

/// The story, or a signal: whichever way it ends, dropping the setting ends all of its processes.
async fn ending() -> Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = run() => result,
        _ = interrupt.recv() => Ok(ExitCode::from(130)),
        _ = terminate.recv() => Ok(ExitCode::from(143)),
    }
}

async fn run() -> Result<ExitCode> {
    let started = Instant::now();
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {msg} ({elapsed})")?);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar.set_message("starting homeservers and gateways");
    let (programs, folder) = (Programs::in_folder(&own_folder()?)?, log_folder("fork")?);
    let setting = Setting::start(&folder, &programs).await?;
    let report = Report::default();
    let progress = |what: &str| say(&bar, &format!("{} {what}", style("·").dim()));
    let told = Story::new(&setting, &report, &progress).tell().await;
    bar.finish_and_clear();
    let out = Term::stdout();
    out.write_line(&report.table().to_string()).unwrap_or_default();
    for gateway in [&setting.left, &setting.hub] {
        let Ok((number, _)) = bridge(gateway).await else { continue };
        let graph = gateway.causewayctl(&["group", "forks", &number]).await?;
        out.write_line(&format!("\n{}:\n{}", gateway.domain, String::from_utf8_lossy(&graph.stdout))).unwrap_or_default();
    }
    let failed = report.failures().len();
    let passed = report.checks() - failed;
    let mut line = format!("{passed} passed, {failed} failed, in {:.1} s", started.elapsed().as_secs_f64());
    if told.is_err() {
        line.push_str(&format!("; logs are in {}", setting.folder.display()));
        for gateway in [&setting.hub, &setting.left, &setting.right] {
            if let Ok(losses) = ask(gateway, &["loss", "list"]).await {
                out.write_line(&format!("{}: {losses}", gateway.domain)).unwrap_or_default();
            }
        }
    }
    out.write_line(&line).unwrap_or_default();
    Ok(if told.is_ok() && failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
