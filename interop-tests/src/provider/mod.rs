//! A MIMI provider of its own: hub and follower, with its own domain, certificate, credentials and MLS clients.
//!
//! It is the independent counterpart that the gateway is tested against. The two share the wire types of
//! `causeway-drafts` and nothing else. What a real provider would refuse, it refuses, and notes why.
//!
//! `server` takes requests of peers, `client` and `lanes` make them; `hub` keeps rooms of ours by their public state,
//! `device` is a client with its secrets; `state` holds all of it behind one lock, and `control` lets tests act as the
//! users.

mod client;
pub mod config;
mod consent;
mod control;
mod credentials;
mod crypto;
mod device;
mod error;
mod follower;
mod hub;
mod key_material;
mod lanes;
mod messages;
mod operations;
mod policy;
mod roles;
mod room_state;
mod server;
mod state;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
mod tls;
mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use causeway_drafts::mimi_protocol_06::directory::Directory;
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use http::StatusCode;
use hyper::body::Bytes;
use tokio::net::TcpListener;

use client::PeerClient;
use config::Config;
use error::{Error, Result};
use state::State;

/// As often as a provider's roots are fetched for one operation.
const MAX_ROOTS: usize = 16;

/// A peer that breaks off is asked again for so long, while a user of ours waits.
const ABSENCE_PATIENCE: Duration = Duration::from_secs(20);
/// Between two such attempts.
const ABSENCE_PAUSE: Duration = Duration::from_millis(100);

/// A lock per room.
type Turns = Mutex<HashMap<RoomUri, Arc<tokio::sync::Mutex<()>>>>;

/// A provider.
pub struct Provider {
    domain: ProviderDomain,
    client: Arc<PeerClient>,
    state: Mutex<State>,
    inboxes: Turns,
    operations: Turns,
    this: std::sync::Weak<Self>,
}

impl Provider {
    fn new(domain: ProviderDomain, client: Arc<PeerClient>) -> Result<Arc<Self>> {
        let state = State::new(domain.clone(), lanes::Lanes::new(client.clone()))?;
        Ok(Arc::new_cyclic(|this| Self {
            domain,
            client,
            state: Mutex::new(state),
            inboxes: Turns::default(),
            operations: Turns::default(),
            this: this.clone(),
        }))
    }

    /// Does something with the state.
    fn with<T>(&self, operation: impl FnOnce(&mut State) -> T) -> T {
        operation(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does something that may need roots of providers that nobody has asked for yet.
    async fn resolving<T>(&self, mut operation: impl FnMut(&mut State) -> Result<T>) -> Result<T> {
        for _ in 0..MAX_ROOTS {
            match self.with(&mut operation) {
                Err(Error::RootsNeeded(domain)) => {
                    let directory = self.client.directory(&domain).await?;
                    self.with(|state| state.trust.pin(&domain, &directory.mls_credential_roots))?;
                }
                other => return other,
            }
        }
        Err(Error::Internal("roots do not help".to_owned()))
    }

    /// Posts to a peer; anything but success is a refusal. Whether a peer that breaks off has done what it was asked is
    /// open, so that it gets exactly the same again: it has to know a repetition (P-072, G-57).
    async fn post(
        &self,
        peer: &ProviderDomain,
        template: impl Fn(&Directory) -> &str,
        variable: impl Fn(&str) -> String,
        body: Vec<u8>,
    ) -> Result<Bytes> {
        let began = Instant::now();
        let answer = loop {
            let answer = self.client.post(peer, &template, &variable, body.clone()).await;
            let is_away = match &answer {
                Ok(answer) => matches!(answer.status.as_u16(), 500 | 502..=504),
                Err(error) => matches!(error, Error::Unreachable(_)),
            };
            if !is_away || began.elapsed() > ABSENCE_PATIENCE {
                break answer?;
            }
            tokio::time::sleep(ABSENCE_PAUSE).await;
        };
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        let code = match answer.status {
            StatusCode::BAD_REQUEST => "malformed",
            StatusCode::FORBIDDEN => "identity",
            StatusCode::NOT_FOUND => "notFound",
            _ => "refused",
        };
        Err(Error::Peer { code: code.to_owned(), why: format!("{peer} answered {}", answer.status) })
    }

    /// The order of what a room's hub sends.
    fn inbox(&self, room: &RoomUri) -> Arc<tokio::sync::Mutex<()>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner).entry(room.clone()).or_default().clone()
    }

    /// The order of what our users do in a room.
    fn turn(&self, room: &RoomUri) -> Arc<tokio::sync::Mutex<()>> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).entry(room.clone()).or_default().clone()
    }
}

/// A provider whose listeners are bound.
pub struct Bound {
    provider: Arc<Provider>,
    tls: tls::Tls,
    mimi: TcpListener,
    control: TcpListener,
}

impl Bound {
    /// Binds what a configuration names.
    ///
    /// # Errors
    /// If a file is unusable or an address taken.
    pub async fn new(config: &Config) -> anyhow::Result<Self> {
        let tls = tls::Tls::load(config)?;
        let addresses = config.peers.iter().map(|(domain, peer)| (domain.clone(), peer.address.clone())).collect();
        let client = Arc::new(PeerClient::new(config.domain.clone(), tls.client.clone(), addresses));
        Ok(Self {
            provider: Provider::new(config.domain.clone(), client)?,
            tls,
            mimi: TcpListener::bind(config.listen).await?,
            control: TcpListener::bind(config.control).await?,
        })
    }

    /// Serves until an error ends it.
    ///
    /// # Errors
    /// If a listener fails.
    pub async fn serve(self) -> anyhow::Result<()> {
        let control = axum::serve(self.control, control::router(self.provider.clone()));
        tokio::select! {
            served = server::serve(self.provider, self.mimi, self.tls.server) => served,
            served = control => Ok(served?),
        }
    }
}
