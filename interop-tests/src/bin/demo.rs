//! The demo: every scenario on real software, what was said on both sides, and whether it was what it had to be.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use clap::Parser;
use console::{Term, style};
use indicatif::{ProgressBar, ProgressStyle};
use interop_tests::environment::{Database, Environment, Programs};
use interop_tests::matrix::synapse::PASSWORD;
use interop_tests::program::{log_folder, own_folder, say};
use interop_tests::scenario::Scenario;
use interop_tests::scenario::report::Report;
use tokio::signal::unix::{SignalKind, signal};

/// Two Synapse homeservers, two MIMI providers, and the gateway between them.
#[derive(Parser)]
struct Arguments {
    /// Leave everything running afterwards, and say how to join in, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// The gateway's database
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
    /// Run only scenarios whose name contains this
    #[arg(long)]
    only: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match ending(&Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            Term::stderr().write_line(&format!("{} {error:#}", style("error:").red())).unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

/// The scenarios, or a signal: whichever way it ends, dropping the environment ends all of its processes.
async fn ending(arguments: &Arguments) -> Result<ExitCode> {
    let scenarios = chosen(arguments.only.as_deref())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = run(arguments, &scenarios) => result,
        _ = interrupt.recv() => Ok(ExitCode::from(130)),
        _ = terminate.recv() => Ok(ExitCode::from(143)),
    }
}

fn chosen(only: Option<&str>) -> Result<Vec<Scenario>> {
    let is_chosen = |scenario: &Scenario| only.is_none_or(|only| scenario.name().contains(only));
    let scenarios: Vec<Scenario> = Scenario::ALL.into_iter().filter(is_chosen).collect();
    if scenarios.is_empty() {
        let names: Vec<&str> = Scenario::ALL.into_iter().map(Scenario::name).collect();
        return Err(anyhow!("no scenario is called so; there are: {}", names.join(", ")));
    }
    Ok(scenarios)
}

async fn run(arguments: &Arguments, scenarios: &[Scenario]) -> Result<ExitCode> {
    let started = Instant::now();
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {msg} ({elapsed})")?);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar.set_message("starting homeservers, providers and gateway");
    let programs = Programs::in_folder(&own_folder()?)?;
    let folder = log_folder("demo")?;
    let environment = Environment::start(&folder, &programs, arguments.database, &|what| {
        say(&bar, &format!("{} {what} ({:.1} s)", style("✓").green(), started.elapsed().as_secs_f64()));
    })
    .await?;

    let report = Report::default();
    for scenario in scenarios {
        let (failed_before, begun) = (report.failures().len(), Instant::now());
        scenario.run(&environment, &report, &|what| bar.set_message(what.to_owned())).await;
        let failed = report.failures().len() - failed_before;
        let mark = if failed == 0 { style("✓").green() } else { style("✗").red() };
        say(&bar, &format!("\n{mark} {} ({:.1} s)", style(scenario.name()).bold(), begun.elapsed().as_secs_f64()));
        say(&bar, &report.transcript.table(scenario.name()).to_string());
    }
    bar.finish_and_clear();
    let code = summary(&report, &environment, started.elapsed());
    if arguments.keep {
        say(&bar, &how_to_join_in(&environment));
        std::future::pending::<()>().await;
    }
    Ok(code)
}

fn summary(report: &Report, environment: &Environment, took: Duration) -> ExitCode {
    let out = Term::stdout();
    let failures = report.failures().len();
    let passed = report.checks() - failures;
    let mut lines = format!("\n{}\n{passed} passed, {failures} failed, in {:.1} s", report.table(), took.as_secs_f64());
    if failures > 0 {
        lines.push_str(&format!("; logs are in {}", environment.folder.display()));
    }
    // A closed stdout does not change the outcome.
    out.write_line(&lines).unwrap_or_default();
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn how_to_join_in(environment: &Environment) -> String {
    let (hs1, hs2) = (environment.hs1.client_url(), environment.hs2.client_url());
    let (a, b) = (environment.a.control.url(), environment.b.control.url());
    let gateway = &environment.gateway;
    format!(
        r#"
Everything keeps running until Ctrl-C. Logs and configurations: {folder}

Matrix    {hs1} (server name {name1})
          {hs2} (server name {name2})
          with any Matrix client; users of the scenarios are alice.1, bob.3, erin.3, …, password {PASSWORD};
          registration is open
Bridge    in a room of yours: send the state event dev.causeway.bridge, state key {server}, content
          {{"trust_mode":"endpoint"}}, and invite {own_user} and, for a MIMI user, {ghost}
MIMI      control APIs: {a} (a.test), {b} (b.test)
          curl -s {a}/users -d '{{"user":"grace","devices":["phone"]}}' -H content-type:application/json
          curl -s '{a}/rooms?device=carol.1/phone'
          curl -s {a}/consents
          curl -s {a}/consents -H content-type:application/json \
            -d '{{"operation":"grant","requester":"<who asks>","target":"mimi://a.test/u/grace","room":null}}'
          curl -s {a}/messages -H content-type:application/json \
            -d '{{"room":"<room>","by":"grace/phone","kind":"text","text":"Hello"}}'
Operator  target/debug/causewayctl --config {configuration} room list
"#,
        folder = environment.folder.display(),
        name1 = environment.hs1.server_name,
        name2 = environment.hs2.server_name,
        server = gateway.server_name,
        own_user = gateway.own_user(),
        ghost = gateway.ghost("a.test", "<user>"),
        configuration = gateway.configuration.display(),
    )
}
