//! Looks at a peer from outside, step by step: what was tried, what was expected, what was found.
//!
//! Nothing is sent that a peer could mistake for traffic: documents are read, no request is signed.

mod certificate;
mod connect;
mod matrix;
mod mimi;
mod resolve;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use causeway_core::reach::{Network, Reach};
use serde::Serialize;

pub(crate) use certificate::Certificate;
pub(crate) use connect::{Trust, certificates, keys_match};

use crate::config::Configuration;
use crate::lane::Side;
use crate::render::{Row, Tone};

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    /// As it should.
    Ok,
    /// Differently, but it goes on.
    Note,
    /// It cannot go on like that.
    Failed,
}

/// A step of a probe.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Step {
    /// Of which protocol.
    pub(crate) side: Side,
    /// What.
    pub(crate) step: &'static str,
    /// How it ended.
    pub(crate) result: Ended,
    /// What was tried.
    pub(crate) tried: String,
    /// What should have been found.
    pub(crate) expected: String,
    /// What was found.
    pub(crate) found: String,
}

impl Row for Step {
    const HEADER: &'static [&'static str] = &["side", "step", "result", "tried", "expected", "found"];

    fn cells(&self) -> Vec<String> {
        let result = match self.result {
            Ended::Ok => "ok",
            Ended::Note => "note",
            Ended::Failed => "failed",
        };
        vec![
            self.side.to_string(),
            self.step.to_owned(),
            result.to_owned(),
            self.tried.clone(),
            self.expected.clone(),
            self.found.clone(),
        ]
    }

    fn tone(&self) -> Option<(usize, Tone)> {
        let tone = match self.result {
            Ended::Ok => Tone::Good,
            Ended::Note => Tone::Warning,
            Ended::Failed => Tone::Bad,
        };
        Some((2, tone))
    }
}

/// The steps of one side so far.
pub(crate) struct Probe {
    side: Side,
    /// All steps, in order.
    pub(crate) steps: Vec<Step>,
    /// How far the peer's clock is ahead of ours, ms, where it said.
    pub(crate) clock_ahead: Option<i64>,
}

impl Probe {
    fn new(side: Side) -> Self {
        Self { side, steps: Vec::new(), clock_ahead: None }
    }

    fn note(&mut self, step: &'static str, result: Ended, texts: (&str, &str, &str)) {
        let (tried, expected, found) = texts;
        let (tried, expected, found) = (tried.to_owned(), expected.to_owned(), found.to_owned());
        self.steps.push(Step { side: self.side, step, result, tried, expected, found });
    }

    /// Notes a step and gives what it found, if it found something.
    fn step<T>(
        &mut self,
        step: &'static str,
        (tried, expected): (&str, &str),
        found: Result<T, String>,
        say: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match found {
            Ok(value) => {
                self.note(step, Ended::Ok, (tried, expected, &say(&value)));
                Some(value)
            }
            Err(why) => {
                self.note(step, Ended::Failed, (tried, expected, &why));
                None
            }
        }
    }

    /// The first step that failed.
    pub(crate) fn failure(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.result == Ended::Failed)
    }
}

/// How this gateway reaches peers.
pub(crate) struct Setup {
    matrix: Trust,
    mimi: Trust,
    /// Where the gateway would connect; without its configuration, anywhere.
    reach: Option<Reach>,
    addresses: BTreeMap<String, SocketAddr>,
}

impl Setup {
    /// As the configuration says; without one, with the system's roots and no certificate.
    pub(crate) fn new(configuration: Option<&Configuration>) -> anyhow::Result<Self> {
        let Some(configuration) = configuration else {
            let trust = Trust::new(&[], None)?;
            return Ok(Self { matrix: trust.clone(), mimi: trust, reach: None, addresses: BTreeMap::new() });
        };
        let values = &configuration.values;
        let all = |paths: &[std::path::PathBuf]| paths.iter().map(|path| configuration.path(path)).collect::<Vec<_>>();
        let credentials = match (&values.mimi.certificate, &values.mimi.private_key) {
            (Some(certificate), Some(key)) => Some((configuration.path(certificate), configuration.path(key))),
            _ => None,
        };
        Ok(Self {
            matrix: Trust::new(&all(&values.matrix.trusted_roots), None)?,
            mimi: Trust::new(
                &all(&values.mimi.trusted_roots),
                credentials.as_ref().map(|(chain, key)| (chain.as_path(), key.as_path())),
            )?,
            reach: Some(reach(&values.matrix.allowed_networks)),
            addresses: values.peers.iter().map(|(name, peer)| (name.clone(), peer.address)).collect(),
        })
    }

    /// What keeps the gateway from connecting there, if it does.
    fn refuses(&self, address: IpAddr, port: u16) -> Option<String> {
        let reach = self.reach.as_ref()?;
        match () {
            () if !reach.permits(address) => Some(format!("{address}: private, and not in [matrix] allowed_networks")),
            () if !Reach::permits_port(port) => Some(format!("port {port}: another service's")),
            () => None,
        }
    }

    /// Whether the configuration has an address for the provider.
    pub(crate) fn has_address(&self, name: &str) -> bool {
        self.addresses.contains_key(name)
    }
}

/// Probes a name as a homeserver's.
pub(crate) async fn homeserver(setup: &Setup, name: &str) -> Probe {
    let mut probe = Probe::new(Side::Homeserver);
    matrix::run(&mut probe, setup, name).await;
    probe
}

/// Probes a name as a provider's.
pub(crate) async fn provider(setup: &Setup, name: &str) -> Probe {
    let mut probe = Probe::new(Side::Provider);
    mimi::run(&mut probe, setup, name).await;
    probe
}

/// What is no network is left out: the check of the configuration names it.
fn reach(networks: &[String]) -> Reach {
    Reach::new(networks.iter().filter_map(|text| Network::try_from(text.clone()).ok()).collect())
}
