//! The smallest environment that bridges: the gateway between one homeserver and one reference provider, with taps on both
//! MIMI lines.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::certificates::Authority;
use crate::environment::Programs;
use crate::gateway::{Gateway, Settings};
use crate::https::Https;
use crate::ports;
use crate::reference::{self, Provider};
use crate::tap::Tap;

/// The gateway's provider domain.
pub const GATEWAY: &str = "gw.test";
/// The reference provider's domain.
pub const PROVIDER: &str = "a.test";

/// How gateway and provider reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// By the taps, where all is noted and can fail.
    Tapped,
    /// By themselves; the taps hear nothing.
    Direct,
}

/// The environment around a homeserver of this kind; dropping it ends it.
pub struct Trio<H> {
    /// The gateway. Ended first.
    pub gateway: Gateway,
    /// The homeserver.
    pub matrix: H,
    /// The reference provider.
    pub provider: Provider,
    /// The gateway's line to the provider.
    pub to_provider: Tap,
    /// The provider's line to the gateway.
    pub to_gateway: Tap,
    /// Who has issued all certificates.
    pub authority: Authority,
    /// The port of the gateway's MIMI listener.
    pub mimi_port: u16,
    /// Where configurations, data and logs are.
    pub folder: PathBuf,
}

impl<H> Trio<H> {
    /// Starts everything in `folder`, side by side; with a database other than the embedded one if its URL is given.
    ///
    /// # Errors
    /// If something does not start.
    pub async fn around(
        (folder, lines): (&Path, Lines),
        programs: &Programs,
        database_url: Option<&str>,
        homeserver: impl AsyncFnOnce(&Authority, &Path) -> Result<H>,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let authority = Authority::generate();
        let [provider_port, control, mimi_port] = ports::free()?;
        let peer = |domain: &str, port| reference::Peer { domain: domain.to_owned(), port };
        let to_provider = Tap::lay(&authority, GATEWAY, (PROVIDER, provider_port)).await?;
        let to_gateway = Tap::lay(&authority, PROVIDER, (GATEWAY, mimi_port)).await?;
        let (gateway_seen, provider_seen) = match lines {
            Lines::Tapped => (to_gateway.port(), to_provider.port()),
            Lines::Direct => (mimi_port, provider_port),
        };
        let (own, seen) = (peer(PROVIDER, provider_port), [peer(GATEWAY, gateway_seen)]);
        let provider_folder = folder.join(PROVIDER);
        let provider = Provider::start(programs, &provider_folder, &authority, (&own, control), &seen);
        let (own, seen) = (peer(GATEWAY, mimi_port), [peer(PROVIDER, provider_seen)]);
        let gateway_folder = folder.join("gateway");
        let settings = Settings { database_url, ..Settings::default() };
        let gateway = Gateway::start(programs, &gateway_folder, &authority, (&own, &seen), settings);
        let (provider, gateway, matrix) = tokio::try_join!(provider, gateway, homeserver(&authority, &folder))
            .with_context(|| format!("logs are in {}", folder.display()))?;
        Ok(Self { gateway, matrix, provider, to_provider, to_gateway, authority, mimi_port, folder })
    }

    /// A client with a certificate for these names.
    ///
    /// # Errors
    /// If the names make no certificate.
    pub fn client(&self, names: &[&str]) -> Result<Https> {
        Https::new(&self.authority.root_pem(), Some(&self.authority.issue(names)))
    }

    /// A client without certificate.
    ///
    /// # Errors
    /// If the root cannot be used.
    pub fn anonymous(&self) -> Result<Https> {
        Https::new(&self.authority.root_pem(), None)
    }
}
