//! Users ask for consent, and answer.

use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_protocol_06::directory::consent_variable;

use crate::provider::Provider;
use crate::provider::consent::Direction;
use crate::provider::error::{Error, Result};

impl Provider {
    /// Asks, withdraws, agrees or disagrees: entered here, and sent to the other side.
    ///
    /// # Errors
    /// If the one who acts is not ours, or the peer refuses.
    pub(crate) async fn consent(&self, entry: ConsentEntry) -> Result<()> {
        let asks = matches!(entry.operation, ConsentOperation::Request | ConsentOperation::Cancel);
        let (actor, other, direction) = match asks {
            true => (&entry.requester_uri, &entry.target_uri, Direction::Outgoing),
            false => (&entry.target_uri, &entry.requester_uri, Direction::Incoming),
        };
        if !self.with(|state| state.users.contains_key(actor)) {
            return Err(Error::NotFound(format!("{actor} is not a user here")));
        }
        self.with(|state| state.consents.enter(&entry, direction));
        let peer = other.provider();
        if peer == self.domain {
            return Ok(());
        }
        let variable = |template: &str| consent_variable(template, other.as_str(), &peer);
        let answer = match asks {
            true => self.post(&peer, |directory| &directory.request_consent, variable, entry.to_bytes()).await,
            false => self.post(&peer, |directory| &directory.update_consent, variable, entry.to_bytes()).await,
        };
        answer.map(|_| ())
    }
}
