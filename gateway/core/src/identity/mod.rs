//! Who is who on both sides: one reversible grammar.
//!
//! | Matrix | MIMI | |
//! |---|---|---|
//! | `@alice:hs.example` | `mimi://gw.example/u/alice%3Ahs.example` | a *puppet*, minted under the gateway's own domain |
//! | `@alice:own.example` | `mimi://own.example/u/alice` | a puppet where the gateway is the MIMI provider for the server |
//! | `@_mimi_a.example/bob:gw` | `mimi://a.example/u/bob` | a *ghost* |
//! | `@_causeway:gw` | `mimi://gw.example/u/_causeway` | the gateway's own user, the *listener* |
//!
//! A ghost's localpart is `_mimi_` provider `/` user, where user is UTF-8 with every octet outside `a-z 0-9 . _ -`
//! written as `=hh` in lower case. A Matrix user id has at most 255 octets: a user whose ghost would be longer has
//! the ghost `_mimi_` provider `/==` and the hex SHA-256 of its URI, which only the mapping table can undo. Where even
//! that is longer, the provider is left out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, UserUri};
use ruma::{OwnedUserId, UserId};
use sha2::{Digest, Sha256};

const PREFIX: &str = "_mimi_";
const HASHED: &str = "==";
const MAX_USER_ID_OCTETS: usize = 255;
/// The name of the gateway's own user on both sides.
pub const GATEWAY_USER: &str = "_causeway";
/// The name of a puppet's client.
pub const GATEWAY_CLIENT: &str = "gateway-1";

/// Why a user has no counterpart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A ghost is never puppeted, nor the gateway's own user.
    #[error("{0} is one of the gateway's own users: no loops")]
    OwnUser(OwnedUserId),
    /// A user of another gateway's ghosts.
    #[error("{0} is a ghost of another gateway: no loops")]
    ForeignGhost(OwnedUserId),
    /// Its localpart makes no URI.
    #[error("{0} has no MIMI URI")]
    NoUri(OwnedUserId),
}

/// The names of a gateway.
#[derive(Clone, Debug)]
pub struct Names {
    server_name: String,
    provider: ProviderDomain,
    /// Homeservers for which the gateway is the MIMI provider of the same name.
    own_servers: Vec<ProviderDomain>,
    /// Ghosts with hashed names, shared by all copies.
    hashed: Arc<Mutex<BTreeMap<OwnedUserId, UserUri>>>,
}

impl Names {
    /// A gateway's names: its homeserver, its provider domain, and the homeservers that it is the MIMI provider for.
    pub fn new(server_name: &str, provider: ProviderDomain, own_servers: Vec<ProviderDomain>) -> Self {
        Self { server_name: server_name.to_owned(), provider, own_servers, hashed: Arc::default() }
    }

    /// The gateway's homeserver name.
    pub fn server_name(&self) -> &str {
        &self.server_name
    }

    /// The gateway's provider domain.
    pub fn provider(&self) -> &ProviderDomain {
        &self.provider
    }

    /// All provider domains that are ours.
    pub fn domains(&self) -> impl Iterator<Item = &ProviderDomain> {
        std::iter::once(&self.provider).chain(&self.own_servers)
    }

    /// The gateway's own Matrix user.
    pub fn gateway_user(&self) -> OwnedUserId {
        self.user_id(GATEWAY_USER)
    }

    /// The gateway's own participant.
    pub fn listener_uri(&self) -> UserUri {
        UserUri::new(&self.provider, GATEWAY_USER)
    }

    /// The listener's client.
    pub fn listener_client(&self) -> ClientUri {
        ClientUri::new(&self.listener_uri(), GATEWAY_CLIENT)
    }

    /// A puppet's client.
    pub fn puppet_client(&self, user: &UserUri) -> ClientUri {
        ClientUri::new(user, GATEWAY_CLIENT)
    }

    /// Whether a URI's domain is ours.
    pub fn is_ours(&self, provider: &ProviderDomain) -> bool {
        *provider == self.provider || self.own_servers.contains(provider)
    }

    fn user_id(&self, localpart: &str) -> OwnedUserId {
        UserId::parse(format!("@{localpart}:{}", self.server_name)).expect("the grammar makes valid user ids")
    }

    /// The ghost of a MIMI user. A hashed name is remembered, because nothing else can undo it.
    pub fn ghost(&self, user: &UserUri) -> OwnedUserId {
        let provider = user.provider();
        let fits = |localpart: &String| localpart.len() + self.server_name.len() + 2 <= MAX_USER_ID_OCTETS;
        if let Some(plain) = Some(format!("{PREFIX}{provider}/{}", escape(&user.user()))).filter(fits) {
            return self.user_id(&plain);
        }
        let digest = hex::encode(Sha256::digest(user.as_str()));
        let hashed = Some(format!("{PREFIX}{provider}/{HASHED}{digest}")).filter(fits);
        let ghost = self.user_id(&hashed.unwrap_or_else(|| format!("{PREFIX}/{HASHED}{digest}")));
        self.hashed().insert(ghost.clone(), user.clone());
        ghost
    }

    fn hashed(&self) -> MutexGuard<'_, BTreeMap<OwnedUserId, UserUri>> {
        self.hashed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ghosts with hashed names that have been met, with their users: the mapping table, to be stored.
    pub fn hashed_ghosts(&self) -> Vec<(OwnedUserId, UserUri)> {
        self.hashed().iter().map(|(ghost, user)| (ghost.clone(), user.clone())).collect()
    }

    /// Whether a Matrix user is a ghost of ours.
    pub fn is_ghost(&self, user: &UserId) -> bool {
        user.server_name().as_str() == self.server_name && user.localpart().starts_with(PREFIX)
    }

    /// The MIMI user of a ghost; none for other users, for ghosts of our own domain, and for hashed names that have not
    /// been met.
    pub fn ghost_to_mimi(&self, user: &UserId) -> Option<UserUri> {
        if user.server_name().as_str() != self.server_name {
            return None;
        }
        let (provider, name) = user.localpart().strip_prefix(PREFIX)?.split_once('/')?;
        if name.starts_with(HASHED) {
            return self.hashed().get(user).filter(|uri| !self.is_ours(&uri.provider())).cloned();
        }
        let provider: ProviderDomain = provider.parse().ok()?;
        if self.is_ours(&provider) {
            return None;
        }
        let uri = UserUri::checked(&provider, &unescape(name)?).ok()?;
        // Only the name that we would give: another spelling is another user, who does not exist.
        (self.ghost(&uri) == user).then_some(uri)
    }

    /// The puppet of a Matrix user.
    ///
    /// # Errors
    /// If the user is one of ours, or another gateway's ghost.
    pub fn puppet(&self, user: &UserId) -> Result<UserUri, IdentityError> {
        if *user == self.gateway_user() {
            return Ok(self.listener_uri());
        }
        if user.server_name().as_str() == self.server_name {
            return Err(IdentityError::OwnUser(user.to_owned()));
        }
        if user.localpart().starts_with(PREFIX) {
            return Err(IdentityError::ForeignGhost(user.to_owned()));
        }
        let own = self.own_servers.iter().find(|server| server.as_str() == user.server_name().as_str());
        let uri = match own {
            Some(server) => UserUri::checked(server, user.localpart()),
            None => UserUri::checked(&self.provider, &format!("{}:{}", user.localpart(), user.server_name())),
        };
        let uri = uri.map_err(|_| IdentityError::NoUri(user.to_owned()))?;
        // The listener's name is taken, also where the provider has its homeserver's name.
        if uri == self.listener_uri() { Err(IdentityError::OwnUser(user.to_owned())) } else { Ok(uri) }
    }

    /// The Matrix user of a puppet (or the gateway's own user, of the listener); none for other URIs.
    pub fn puppet_to_matrix(&self, user: &UserUri) -> Option<OwnedUserId> {
        let provider = user.provider();
        let name = user.user();
        if provider == self.provider && name == GATEWAY_USER {
            return Some(self.gateway_user());
        }
        // A provider may be both: then the name tells, since a localpart has no colon.
        let short = self.own_servers.contains(&provider).then(|| format!("@{name}:{provider}"));
        let long = (provider == self.provider).then(|| format!("@{name}"));
        let candidates = [short, long].into_iter().flatten().filter_map(|id| UserId::parse(id).ok());
        candidates.into_iter().find(|candidate| self.puppet(candidate).ok().as_ref() == Some(user))
    }
}

fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => escaped.push(byte.into()),
            other => escaped.push_str(&format!("={other:02x}")),
        }
    }
    escaped
}

fn unescape(escaped: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'=' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty())
}
