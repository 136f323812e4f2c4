//! From a configuration to a running gateway.

use std::fs::OpenOptions;
use std::future::Future;
use std::io::Write;
use std::ops::RangeInclusive;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use causeway_core::conversation::Gateway;
use causeway_core::identity::Names;
use causeway_core::matrix::SigningKeys;
use causeway_core::reach::Reach;
use causeway_mls::{CredentialAuthority, HubIdentity, TrustRoots};
use causeway_store::{Store, StoreError, Tx};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::admin::{Admin, AdminListener};
use crate::certificates::Certificates;
use crate::config::Config;
use crate::http::Listener;
use crate::matrix::Federation;
use crate::mimi::Providers;
use crate::node::{Node, PinnedRoots};
use crate::outbox::Pace;
use crate::telemetry::PeerLabels;
use crate::{forgetting, keys, matrix, mimi, outbox};

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
    slice_period: Duration,
}

/// A gateway that listens.
pub(crate) struct Running {
    node: Arc<Node>,
    certificates: Arc<Certificates>,
    listeners: Vec<Listener>,
    admin: Option<AdminListener>,
    slice_period: Duration,
}

/// Opens the database and the keys.
pub(crate) async fn prepare(config: &Config) -> anyhow::Result<Prepared> {
    std::fs::create_dir_all(&config.data_directory)
        .with_context(|| format!("cannot make the data directory {}", config.data_directory.display()))?;
    let store = keys::open_store(&config.database_url()?, (&config.master_key(), &config.slices())).await?;
    let gateway = gateway(config, &store).await?;
    meet_hashed_ghosts(&store, &gateway).await?;
    let roots = pinned_roots(&store, &gateway).await?;
    let federation = Federation::new(&config.matrix)?;
    let providers = Providers::new(&config.mimi, config.peers.clone(), Reach::new(config.matrix.allowed_networks.clone()))?;
    let lives = process_numbers(&config.data_directory.join("process"))?;
    let labels = PeerLabels::new(config.peers.names());
    let pace = Pace::new(config.matrix.events_per_second);
    let node = Arc::new(Node::new(gateway, (store, lives), (federation, providers, roots), (labels, pace)));
    Ok(Prepared { node, slice_period: config.slice_period() })
}

/// As many lives of a process have numbers of their own.
const LIVES: i64 = 1 << 24;

/// The numbers by which the outbox knows this process: those of its earlier lives, from the first, and of this one. Each
/// of several processes has its own data directory.
fn process_numbers(path: &Path) -> anyhow::Result<RangeInclusive<i64>> {
    let number = match std::fs::read_to_string(path) {
        Ok(text) => text.trim().parse::<i64>().with_context(|| format!("{} is not a number", path.display()))? + 1,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => rand::random_range(1..i64::MAX / LIVES) * LIVES,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    // Whole or not at all, whenever the process dies.
    let new = path.with_extension("new");
    let written = std::fs::write(&new, number.to_string()).and_then(|()| std::fs::rename(&new, path));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(number - number % LIVES..=number)
}

/// Makes a file that only its owner reads; one that is there is an error.
pub(crate) fn make_secret_file(path: &Path, text: &str) -> anyhow::Result<()> {
    let make = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    make().with_context(|| format!("cannot make {}", path.display()))
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
        retention: config.groups.retention(),
        peers_room: config.groups.peers_room,
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

/// Whether the database answers.
pub(crate) async fn database_answers(store: &Store) -> anyhow::Result<()> {
    Ok(store.transaction("ping", |tx| Box::pin(async move { tx.ping().await })).await?)
}

/// Whether the master key still opens what it sealed.
pub(crate) async fn keys_open(store: &Store) -> anyhow::Result<()> {
    read_secret(store, secret::MATRIX_SIGNING_KEY).await?.map(|_| ()).context("the signing key is not there")
}

impl Prepared {
    /// What is prepared.
    #[cfg(test)]
    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Binds all ports. With an admin listener, metrics are recorded.
    pub(crate) async fn bind(self, config: &Config, metrics: Option<PrometheusHandle>) -> anyhow::Result<Running> {
        let Self { node, slice_period } = self;
        let certificates = Arc::new(Certificates::read(config)?);
        let at = (config.matrix.listen, config.matrix.connections_per_address);
        let federation = Listener::bind(at, certificates.federation.clone(), matrix::router(node.clone())).await?;
        let at = (config.mimi.listen, config.mimi.connections_per_address);
        let providers = Listener::bind(at, certificates.providers.clone(), mimi::router(node.clone())).await?;
        let admin = match (config.admin.listen, metrics) {
            (Some(address), Some(metrics)) => {
                let listeners = vec![("matrix_listener", federation.serving()), ("mimi_listener", providers.serving())];
                let admin = Admin::new((node.clone(), certificates.clone()), metrics, listeners, &config.admin_token())?;
                Some(AdminListener::bind(address, admin).await?)
            }
            _ => None,
        };
        Ok(Running { node, certificates, listeners: vec![federation, providers], admin, slice_period })
    }
}

impl Running {
    /// Serves and delivers until `stopped` completes, then drains. At each of `hangups` certificates are reloaded.
    pub(crate) async fn run_until(self, stopped: impl Future<Output = ()>, mut hangups: Signal) {
        let Self { node, certificates, listeners, admin, slice_period } = self;
        let stop = CancellationToken::new();
        let mut tasks = tokio::task::JoinSet::new();
        for listener in listeners {
            tasks.spawn(listener.serve(stop.clone()));
        }
        tasks.spawn(keys::keep_up(node.clone(), stop.clone()));
        tasks.spawn(forgetting::keep_up(node.clone(), slice_period, stop.clone()));
        if let Some(admin) = admin {
            tasks.spawn(admin.serve(stop.clone()));
        }
        tasks.spawn(outbox::run(node.clone(), stop.clone()));
        let reloading = async {
            while hangups.recv().await.is_some() {
                // What went wrong is logged, and the old ones stay.
                _ = certificates.reload(&node);
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stopped => {}
            () = reloading => {}
        }
        tracing::info!("stopping");
        stop.cancel();
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task ended badly");
            }
        }
    }
}
