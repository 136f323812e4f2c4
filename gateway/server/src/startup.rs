//! From a configuration to a running gateway.

use std::fs::OpenOptions;
use std::future::Future;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use causeway_core::conversation::Gateway;
use causeway_core::identity::Names;
use causeway_core::matrix::SigningKeys;
use causeway_mls::{CredentialAuthority, HubIdentity, TrustRoots};
use causeway_store::{Keyring, Store, StoreError, Tx};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::http::{Credentials, Listener, Roots, mutual_server_config, server_config};
use crate::matrix::Federation;
use crate::mimi::Providers;
use crate::node::{Node, PinnedRoots};
use crate::{matrix, mimi, outbox};

/// Names of the secrets in the store.
mod secret {
    pub(super) const MATRIX_SIGNING_KEY: &str = "matrix_signing_key";
    pub(super) const MATRIX_SIGNING_KEY_VERSION: &str = "matrix_signing_key_version";
    pub(super) const CREDENTIAL_AUTHORITY: &str = "credential_authority";
    pub(super) const HUB_IDENTITY: &str = "hub_identity";
    pub(super) const HUB_FRANKING_KEY: &str = "hub_franking_key";
}

/// A gateway that is ready to listen.
pub(crate) struct Prepared {
    node: Arc<Node>,
}

/// A gateway that listens.
pub(crate) struct Running {
    node: Arc<Node>,
    listeners: Vec<Listener>,
}

/// Opens the database and the keys.
pub(crate) async fn prepare(config: &Config) -> anyhow::Result<Prepared> {
    std::fs::create_dir_all(&config.data_directory)
        .with_context(|| format!("cannot make the data directory {}", config.data_directory.display()))?;
    let master = master_key(&config.data_directory.join("master.key"))?;
    let store = Store::connect(&config.database_url(), Keyring::new(&master)).await.context("cannot open the database")?;
    check_certificate(config)?;
    let gateway = gateway(config, &store).await?;
    meet_hashed_ghosts(&store, &gateway).await?;
    let roots = pinned_roots(&store, &gateway).await?;
    let federation = Federation::new(&config.matrix)?;
    let providers = Providers::new(&config.mimi, config.peers.clone())?;
    let holder = process_number(&config.data_directory.join("process"))?;
    Ok(Prepared { node: Arc::new(Node::new(gateway, (store, holder), (federation, providers, roots))) })
}

/// The number by which the outbox knows this process, the same after a restart. Each of several processes has its own
/// data directory.
fn process_number(path: &Path) -> anyhow::Result<i64> {
    match std::fs::read_to_string(path) {
        Ok(text) => text.trim().parse().with_context(|| format!("{} is not a number", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let number = rand::random_range(1..=i64::MAX);
            std::fs::write(path, number.to_string()).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(number)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The certificate has to authenticate every domain that the gateway speaks for (P-005).
fn check_certificate(config: &Config) -> anyhow::Result<()> {
    let domains = Credentials::read(&config.mimi.certificate, &config.mimi.private_key)?.domains();
    for domain in std::iter::once(&config.mimi.provider).chain(&config.mimi.own_homeservers) {
        ensure!(
            domains.iter().any(|named| named == domain.as_str()),
            "{} does not name {domain}, but {domains:?}",
            config.mimi.certificate.display()
        );
    }
    Ok(())
}

/// The key that seals what is secret in the database. Made at the first start; without it the database is useless.
fn master_key(path: &Path) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let mut text = Zeroizing::new(String::new());
    match OpenOptions::new().read(true).open(path) {
        Ok(mut file) => file.read_to_string(&mut text).map(|_| ()).with_context(|| format!("cannot read {}", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = Zeroizing::new(rand::random::<[u8; 32]>());
            *text = hex::encode(*key);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
        }
        Err(error) => bail!("cannot read {}: {error}", path.display()),
    }
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), key.as_mut_slice()).with_context(|| format!("{} is not 64 hex digits", path.display()))?;
    Ok(key)
}

async fn gateway(config: &Config, store: &Store) -> anyhow::Result<Gateway> {
    let provider = config.mimi.provider.clone();
    let server_name = config.matrix.server_name.to_string();
    let version = stored_or_made(store, secret::MATRIX_SIGNING_KEY_VERSION, || {
        // A key keeps its id for ever, and an id its key: a new database has new ids.
        Ok(Zeroizing::new(hex::encode(rand::random::<[u8; 4]>()).into_bytes()))
    });
    let version = String::from_utf8(version.await?.to_vec())?;
    let document = stored_or_made(store, secret::MATRIX_SIGNING_KEY, || {
        Ok(Zeroizing::new(SigningKeys::generate(&server_name, &version)?.document().to_vec()))
    });
    let keys = SigningKeys::from_document(&server_name, &version, &document.await?)?;
    let authority = stored_or_made(store, secret::CREDENTIAL_AUTHORITY, || Ok(CredentialAuthority::generate(&provider)?.1));
    let authority = CredentialAuthority::from_bytes(&authority.await?)?;
    let hub = stored_or_made(store, secret::HUB_IDENTITY, || Ok(authority.issue_hub(&provider)?.to_bytes()));
    let hub = HubIdentity::from_bytes(&hub.await?)?;
    let franking = stored_or_made(store, secret::HUB_FRANKING_KEY, || Ok(Zeroizing::new(rand::random::<[u8; 32]>().to_vec())));
    let mut hub_key = Zeroizing::new([0; 32]);
    let franking = franking.await?;
    ensure!(franking.len() == hub_key.len(), "the stored franking key has a wrong length");
    hub_key.copy_from_slice(&franking);
    Ok(Gateway {
        names: Names::new(&server_name, provider, config.mimi.own_homeservers.clone()),
        keys,
        authority,
        hub,
        hub_key,
        endpoint_mode_allowed: config.bridge.endpoint_mode,
    })
}

/// A secret from the store; one that is not there yet is made. If two processes make it, the first wins.
async fn stored_or_made(
    store: &Store,
    name: &'static str,
    make: impl FnOnce() -> anyhow::Result<Zeroizing<Vec<u8>>>,
) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    if let Some(value) = read_secret(store, name).await? {
        return Ok(value);
    }
    let value = Arc::new(make()?);
    let inserted = store.transaction("insert secret", move |tx: &mut Tx| {
        let value = value.clone();
        Box::pin(async move { tx.insert_secret(name, &value).await })
    });
    let inserted = inserted.await;
    match (read_secret(store, name).await?, inserted) {
        (Some(value), _) => Ok(value),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(())) => bail!("the secret {name} was stored, but is not there"),
    }
}

async fn read_secret(store: &Store, name: &'static str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    store.transaction("read secret", move |tx| Box::pin(async move { tx.secret(name).await })).await
}

/// Names that only the mapping table can undo.
async fn meet_hashed_ghosts(store: &Store, gateway: &Gateway) -> anyhow::Result<()> {
    let ghosts = store.transaction("hashed ghosts", |tx| Box::pin(async move { tx.profiles("ghost").await })).await?;
    for row in ghosts {
        let user = row.mimi_user.parse().with_context(|| format!("the profile of {} names no MIMI user", row.user_id))?;
        gateway.names.ghost(&user);
    }
    Ok(())
}

async fn pinned_roots(store: &Store, gateway: &Gateway) -> anyhow::Result<PinnedRoots> {
    let mut roots = TrustRoots::default();
    let rows = store.transaction("pinned roots", |tx| Box::pin(async move { tx.pinned_roots().await })).await?;
    for row in rows {
        roots.pin(&row.domain.parse().context("a pinned root's domain")?, row.root);
    }
    for domain in gateway.names.domains() {
        roots.pin(domain, gateway.authority.root_der());
    }
    Ok(PinnedRoots::new(roots))
}

impl Prepared {
    /// Binds both ports.
    pub(crate) async fn bind(self, config: &Config) -> anyhow::Result<Running> {
        let credentials = Credentials::read(&config.matrix.certificate, &config.matrix.private_key)?;
        let federation = Listener::bind(config.matrix.listen, server_config(credentials)?, matrix::router(self.node.clone()));
        let credentials = Credentials::read(&config.mimi.certificate, &config.mimi.private_key)?;
        let tls = mutual_server_config(credentials, &Roots::read(&config.mimi.trusted_roots)?)?;
        let providers = Listener::bind(config.mimi.listen, tls, mimi::router(self.node.clone()));
        Ok(Running { listeners: vec![federation.await?, providers.await?], node: self.node })
    }
}

impl Running {
    /// Serves and delivers until `stopped` completes, then drains.
    pub(crate) async fn run_until(self, stopped: impl Future<Output = ()>) {
        let stop = CancellationToken::new();
        let mut tasks = tokio::task::JoinSet::new();
        for listener in self.listeners {
            tasks.spawn(listener.serve(stop.clone()));
        }
        tasks.spawn(outbox::run(self.node, stop.clone()));
        stopped.await;
        tracing::info!("stopping");
        stop.cancel();
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task ended badly");
            }
        }
    }
}
