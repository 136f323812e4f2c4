//! `causewayctl doctor`

use serde::Serialize;

use crate::arguments::Database;
use crate::config::Configuration;
use crate::doctor::{self, Finding, Severity};
use crate::outcome::{Outcome, Usage};
use crate::printing::Output;
use crate::render::{self, Style, Tone};

/// Examines the whole set-up and says what is wrong, and what to do about it.
///
/// Configuration, files and their permissions, certificates, clock, database, keys, the running gateway, peers, queue,
/// losses: works while the gateway runs and while it does not. Problems come first, the cause of others before them. Ends
/// with code 1 if there is one.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml doctor\n  causewayctl --config gateway.toml doctor --with-key -o json"
)]
pub(crate) struct Arguments {
    /// Reads the master key, to see whether it opens what is sealed.
    #[arg(long)]
    with_key: bool,
}

#[derive(Serialize)]
struct Report {
    healthy: bool,
    findings: Vec<Finding>,
}

pub(crate) async fn run(named: &Database, arguments: &Arguments, style: Style) -> anyhow::Result<Outcome> {
    let file = named.config.as_ref().ok_or_else(|| Usage("name the gateway's configuration: --config <FILE>".to_owned()))?;
    let findings = match Configuration::read(file) {
        Ok(configuration) => doctor::examine(&configuration, arguments.with_key).await,
        Err(error) => vec![doctor::unreadable(&error)],
    };
    let healthy = findings.iter().all(|finding| finding.severity != Severity::Problem);
    let report = Report { healthy, findings };
    let text = match style.output {
        Output::Table => report.findings.iter().map(|finding| printed(finding, style)).collect(),
        Output::Ndjson => {
            report.findings.iter().map(|finding| render::document(finding, style)).collect::<anyhow::Result<String>>()?
        }
        Output::Json | Output::Yaml => render::document(&report, style)?,
    };
    Ok(Outcome { text, is_finding: !healthy })
}

/// The cause on its first line, below it what to do.
fn printed(finding: &Finding, style: Style) -> String {
    let (mark, tone) = match finding.severity {
        Severity::Problem => ("×", Tone::Bad),
        Severity::Warning => ("‼", Tone::Warning),
        Severity::Ok => ("√", Tone::Good),
    };
    let category = format!("{}:", finding.category);
    let cause = render::escaped(&finding.cause);
    let hint = finding.hint.as_ref().map(|hint| format!("    {}\n", render::escaped(hint))).unwrap_or_default();
    format!("{} {category:<14} {cause}\n{hint}", style.paint(mark, tone))
}
