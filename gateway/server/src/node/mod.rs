//! The shell around the core: what every endpoint and the outbox share.
//!
//! Whatever happens to a conversation happens in [`Node::transaction`]: it is locked, handed to the core, stored with
//! everything that the core decided, and only then does anybody hear of it.

mod cache;
mod consents;
#[cfg(test)]
mod graph_tests;
mod key_packages;
mod load;
mod parked;
mod peers;
mod roots;
mod save;
mod session;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use causeway_core::code::{self, Code, Coded};
use causeway_core::conversation::{ConversationError, Gateway};
use causeway_drafts::mimi_uri::ProviderDomain;
use causeway_mls::MlsError;
use causeway_store::{BoxFuture, Store, StoreError, Transience};
use ruma::OwnedServerName;

use cache::Cache;
pub(crate) use consents::{has_consent, is_granted};
pub(crate) use parked::{ReplayError, delivery_to_park, to_park};
pub(crate) use peers::PeerSaid;
pub(crate) use roots::PinnedRoots;
pub(crate) use session::{Find, Session};

use crate::crash;
use crate::matrix::{Federation, ServerKeys};
use crate::mimi::Providers;
use crate::outbox::{Outbox, Pace};
use crate::telemetry::{Fate, PeerLabels};

/// So many providers' directories are asked on behalf of one message.
const MAX_NEW_PROVIDERS: usize = 16;

/// Everything that lives as long as the process.
pub(crate) struct Node {
    /// Names and keys.
    pub(crate) gateway: Gateway,
    /// The database.
    pub(crate) store: Store,
    /// Requests to homeservers.
    pub(crate) federation: Federation,
    /// Requests to providers.
    pub(crate) providers: Providers,
    /// Credential roots of providers.
    pub(crate) roots: PinnedRoots,
    /// What is known of deliveries under way.
    pub(crate) outbox: Outbox,
    /// Verification keys of homeservers.
    pub(crate) server_keys: ServerKeys,
    cache: Cache,
}

/// Why something was not done. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeError {
    /// The core refuses.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such conversation.
    #[error("no such room")]
    NoSuchRoom,
    /// We have joined the room, as others may know already, and our own join is not stored yet.
    #[error("on the way into this room; send the event again")]
    EnteringRoom,
    /// The room's server ACL does not let this homeserver take part.
    #[error("this room's server ACL denies {0}")]
    ServerDenied(OwnedServerName),
    /// What is stored makes no sense.
    #[error("stored state: {0}")]
    Stored(String),
}

impl Coded for NodeError {
    fn code(&self) -> Code {
        match self {
            Self::Conversation(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::NoSuchRoom => code::NO_SUCH_ROOM,
            Self::EnteringRoom => code::ENTERING_ROOM,
            Self::ServerDenied(_) => code::SERVER_DENIED,
            Self::Stored(_) => code::STORED_STATE,
        }
    }
}

impl From<MlsError> for NodeError {
    fn from(error: MlsError) -> Self {
        Self::Conversation(error.into())
    }
}

impl Transience for NodeError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Store(StoreError::Conflict) => true,
            Self::Store(error) => error.is_transient(),
            _ => false,
        }
    }
}

impl NodeError {
    /// What is counted of an event that ends like this.
    pub(crate) fn fate(&self) -> Fate {
        match self {
            Self::Conversation(_) | Self::NoSuchRoom | Self::ServerDenied(_) => Fate::Refused,
            Self::EnteringRoom | Self::Store(_) | Self::Stored(_) => Fate::Failed,
        }
    }

    /// The provider whose credential roots are missing, where that is all that is wrong.
    fn unknown_provider(&self) -> Option<&ProviderDomain> {
        if let Self::Conversation(error) = self { Self::unknown_provider_of(error) } else { None }
    }

    fn unknown_provider_of(error: &ConversationError) -> Option<&ProviderDomain> {
        if let ConversationError::Mls(MlsError::UnknownProvider(provider)) = error { Some(provider) } else { None }
    }
}

impl Node {
    /// A node over its parts. `lives` are the process' numbers in the outbox.
    pub(crate) fn new(
        gateway: Gateway,
        (store, lives): (Store, RangeInclusive<i64>),
        (federation, providers, roots): (Federation, Providers, PinnedRoots),
        (labels, pace): (PeerLabels, Pace),
    ) -> Self {
        Self {
            gateway,
            store,
            federation,
            providers,
            roots,
            outbox: Outbox::new(lives, labels, pace),
            server_keys: ServerKeys::default(),
            cache: Cache::default(),
        }
    }

    /// Runs a named transaction over conversations. If it fails for a provider whose credential roots nobody has
    /// asked for yet, they are fetched, and it is run again; also if they cannot be had, which it knows then.
    pub(crate) async fn transaction<T, F>(self: &Arc<Self>, name: &'static str, body: F) -> Result<T, NodeError>
    where
        F: for<'s, 't> Fn(&'s mut Session<'t>) -> BoxFuture<'s, Result<T, NodeError>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        let body = Arc::new(body);
        let (mut out_of_reach, mut without) = (Arc::new(BTreeSet::new()), Vec::new());
        for _ in 0..MAX_NEW_PROVIDERS {
            let error = match self.attempt(name, body.clone(), &out_of_reach).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(provider) = error.unknown_provider().filter(|provider| !out_of_reach.contains(*provider)).cloned() else {
                return Err(error);
            };
            if let Err(why) = self.fetch_roots(&provider).await {
                tracing::warn!(%provider, %why, "cannot get a provider's credential roots");
                // What can wait for it does, and holds up nothing else.
                without.push(self.roots.without(&provider));
                Arc::make_mut(&mut out_of_reach).insert(provider);
            }
        }
        self.attempt(name, body, &out_of_reach).await
    }

    async fn attempt<T, F>(
        self: &Arc<Self>,
        name: &'static str,
        body: Arc<F>,
        out_of_reach: &Arc<BTreeSet<ProviderDomain>>,
    ) -> Result<T, NodeError>
    where
        F: for<'s, 't> Fn(&'s mut Session<'t>) -> BoxFuture<'s, Result<T, NodeError>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        let (node, out_of_reach) = (self.clone(), out_of_reach.clone());
        let (value, finished) = self
            .store
            .transaction(name, move |tx| {
                let (node, body, out_of_reach) = (node.clone(), body.clone(), out_of_reach.clone());
                Box::pin(async move {
                    let mut session = Session::new(&node, tx, out_of_reach);
                    let value = body(&mut session).await?;
                    crash::point("before-commit", name);
                    Ok::<_, NodeError>((value, session.finish()))
                })
            })
            .await?;
        crash::point("after-commit", name);
        finished.tally.count();
        self.cache.ghosts_are_stored(finished.ghosts);
        for conversation in finished.conversations {
            self.cache.put(conversation);
        }
        self.outbox.wake();
        Ok(value)
    }
}

/// Now, in ms since the UNIX epoch.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
