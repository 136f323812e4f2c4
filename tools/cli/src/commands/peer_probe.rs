//! `causewayctl peer probe <name>`

use clap::ValueEnum;

use crate::arguments::Database;
use crate::config::Configuration;
use crate::outcome::Outcome;
use crate::probe::{self, Probe, Setup, Step};
use crate::render::{self, Style};

/// Looks at a homeserver or provider from here: discovery, addresses, certificate, HTTP, documents.
///
/// Each step says what was tried, what was expected and what was found. With the gateway's configuration the probe uses
/// its certificate, roots, allowed networks and [peers]; without one, the system's roots. Ends with code 1 if a step
/// failed; of a name that may be either, if it is neither.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml peer probe provider.example\n  causewayctl peer probe matrix.example:8448 -o json"
)]
pub(crate) struct Arguments {
    /// A homeserver's name, with or without port, or a provider's domain.
    name: String,
    /// As what; by default as whatever the name may be.
    #[arg(long, value_enum)]
    side: Option<Protocol>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// As a homeserver.
    Matrix,
    /// As a provider.
    Mimi,
}

pub(crate) async fn run(named: &Database, arguments: &Arguments, style: Style) -> anyhow::Result<Outcome> {
    let configuration = match &named.config {
        Some(file) => Some(Configuration::read(file)?),
        None => None,
    };
    let setup = Setup::new(configuration.as_ref())?;
    let name = &arguments.name;
    let probes: Vec<Probe> = match arguments.side.or_else(|| evident(name, &setup)) {
        Some(Protocol::Matrix) => vec![probe::homeserver(&setup, name).await],
        Some(Protocol::Mimi) => vec![probe::provider(&setup, name).await],
        None => vec![probe::homeserver(&setup, name).await, probe::provider(&setup, name).await],
    };
    let is_finding = probes.iter().all(|probe| probe.failure().is_some());
    let steps: Vec<Step> = probes.into_iter().flat_map(|probe| probe.steps).collect();
    Ok(Outcome { text: render::rows(&steps, style)?, is_finding })
}

/// Only homeservers have ports and addresses for names; only providers stand in `[peers]`.
fn evident(name: &str, setup: &Setup) -> Option<Protocol> {
    let has_port = name.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    match () {
        () if setup.has_address(name) => Some(Protocol::Mimi),
        () if has_port || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok() => Some(Protocol::Matrix),
        () => None,
    }
}
