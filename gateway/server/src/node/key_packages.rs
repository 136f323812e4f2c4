//! KeyPackages of puppets: made ahead, handed out once, spent by their Welcome.

use std::collections::BTreeMap;

use causeway_core::conversation::{Claim, WelcomeFor};
use causeway_core::records::{ClientRow, KeyPackageRow};
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_uri::{ClientUri, RoomUri, UserUri};
use causeway_mls::{ClientIdentity, KeyPackageBundle, new_key_package, welcome_references};

use super::{NodeError, Session, now_ms};

/// So many KeyPackages of a puppet wait to be claimed.
const IN_STOCK: i64 = 4;
/// Version and wire format of an MLSMessage, before the Welcome in it.
const MLS_MESSAGE_HEADER: usize = 4;

impl Session<'_> {
    /// Hands out a KeyPackage of the user's client, and replenishes.
    pub(crate) async fn claim_key_package(
        &mut self,
        user: &UserUri,
        for_whom: (&str, &RoomUri),
    ) -> Result<KeyPackageRow, NodeError> {
        let client = self.node.gateway.names.puppet_client(user);
        let identity = self.issued_identity(&client).await?;
        let now = now_ms();
        let stock = self.tx.unclaimed_key_packages(user.as_str(), now as i64).await?;
        for _ in stock..=IN_STOCK {
            let bundle = new_key_package(&identity, now)?;
            self.tx.insert_key_package(&row_of(&identity, bundle)?).await?;
        }
        let (provider, room) = for_whom;
        let claimed = self.tx.claim_key_package(user.as_str(), (provider, room.as_str()), now as i64).await?;
        claimed.ok_or_else(|| NodeError::Stored("a KeyPackage that was just made is missing".to_owned()))
    }

    async fn issued_identity(&mut self, client: &ClientUri) -> Result<ClientIdentity, NodeError> {
        if let Some(identity) = self.identity(client).await? {
            return Ok(identity);
        }
        let identity = self.node.gateway.authority.issue_client(client, &client.user_uri())?;
        let row = ClientRow {
            client_uri: client.to_string(),
            user_uri: client.user_uri().to_string(),
            identity: identity.to_bytes().to_vec(),
        };
        self.store_client(&row).await?;
        Ok(identity)
    }

    /// The own KeyPackages that the Welcomes among fanned-out messages name.
    pub(crate) async fn welcomes_for_us(&mut self, messages: &[FanoutMessage]) -> Result<Vec<WelcomeFor>, NodeError> {
        let mut found = Vec::new();
        for message in messages {
            let FanoutBody::Welcome { message, .. } = &message.body else { continue };
            found.extend(self.welcomed_by(&message.bytes()[MLS_MESSAGE_HEADER..]).await?);
        }
        Ok(found)
    }

    /// The own KeyPackages that a bare Welcome names.
    pub(crate) async fn welcomed_by(&mut self, welcome: &[u8]) -> Result<Vec<WelcomeFor>, NodeError> {
        let mut found = Vec::new();
        for reference in welcome_references(welcome)? {
            if let Some(row) = self.tx.key_package(&reference).await?
                && !row.private.is_empty()
            {
                found.push(self.welcome_for(row).await?);
            }
        }
        Ok(found)
    }

    async fn welcome_for(&mut self, row: KeyPackageRow) -> Result<WelcomeFor, NodeError> {
        let client: ClientUri = row.client_uri.parse().map_err(|_| NodeError::Stored("a client URI".to_owned()))?;
        let identity = self.identity(&client).await?;
        let identity = identity.ok_or_else(|| NodeError::Stored(format!("the identity of {client} is missing")))?;
        let private = serde_cbor::from_slice::<BTreeMap<serde_bytes::ByteBuf, serde_bytes::ByteBuf>>(&row.private)
            .map_err(|error| NodeError::Stored(error.to_string()))?;
        let bundle = KeyPackageBundle {
            reference: row.reference,
            key_package: row.key_package,
            private: private.into_iter().map(|(key, value)| (key.into_vec(), value.into_vec())).collect(),
            not_after: row.not_after as u64,
        };
        let claim = row.claimed_by.and_then(|by| by.parse().ok()).zip(row.claimed_room.and_then(|room| room.parse().ok()));
        Ok(WelcomeFor { bundle, identity, claim: claim.map(|(by, room)| Claim { by, room }) })
    }
}

fn row_of(identity: &ClientIdentity, bundle: KeyPackageBundle) -> Result<KeyPackageRow, NodeError> {
    let private: BTreeMap<&serde_bytes::Bytes, &serde_bytes::Bytes> =
        bundle.private.iter().map(|(key, value)| (serde_bytes::Bytes::new(key), serde_bytes::Bytes::new(value))).collect();
    Ok(KeyPackageRow {
        reference: bundle.reference,
        user_uri: identity.user_uri.to_string(),
        client_uri: identity.client_uri.to_string(),
        key_package: bundle.key_package,
        private: serde_cbor::to_vec(&private).map_err(|error| NodeError::Stored(error.to_string()))?,
        not_after: bundle.not_after as i64,
        claimed_by: None,
        claimed_room: None,
        claimed_at: None,
    })
}
