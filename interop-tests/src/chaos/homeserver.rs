//! The Matrix side of a round: what its users do, and what they find in their rooms.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::matrix::peer::Peer;

/// A homeserver with the users of the rounds. Rooms are looked into by one of the users in them.
#[expect(async_fn_in_trait, reason = "all rounds are in one task")]
pub trait Homeserver {
    /// From one life's beginning to its end, ms: so long that such a homeserver gets something done in most of them.
    const LIFE: Range<u64>;

    /// A user of this name; its id.
    async fn user(&self, name: &str) -> Result<String>;

    /// A private room, in which everybody may invite; its id.
    async fn create_room(&self, by: &str) -> Result<String>;

    /// Says something.
    async fn say(&self, room: &str, by: &str, text: &str) -> Result<()>;

    /// Sets a state event.
    async fn set_state(&self, room: &str, by: &str, key: (&str, &str), content: Value) -> Result<()>;

    /// Invites somebody, of whichever homeserver.
    async fn invite(&self, room: &str, by: &str, user: &str) -> Result<()>;

    /// Follows an invitation; `via` a homeserver that is in the room.
    async fn join(&self, room: &str, user: &str, via: &str) -> Result<()>;

    /// The rooms that a user is invited to, with their names.
    async fn invites(&self, user: &str) -> Result<Vec<(String, String)>>;

    /// The content of a state event; null if there is none.
    async fn state(&self, room: &str, reader: &str, key: (&str, &str)) -> Result<Value>;

    /// What a user has said, as a reader has seen it come in.
    async fn heard(&self, room: &str, reader: &str, sender: &str) -> Result<Vec<String>>;

    /// What a user has said, as a reader that comes later finds it.
    async fn history(&self, room: &str, reader: &str, sender: &str) -> Result<Vec<String>>;

    /// What else it can tell after all rounds.
    ///
    /// # Errors
    /// What does not hold.
    fn audit(&self) -> Result<()>;
}

impl Homeserver for Peer {
    const LIFE: Range<u64> = 30..1_200;

    async fn user(&self, name: &str) -> Result<String> {
        Ok(Self::user(self, name))
    }

    async fn create_room(&self, by: &str) -> Result<String> {
        Self::create_room(self, "12", by)
    }

    async fn say(&self, room: &str, by: &str, text: &str) -> Result<()> {
        Self::say(self, room, by, text).map(|_| ())
    }

    async fn set_state(&self, room: &str, by: &str, key: (&str, &str), content: Value) -> Result<()> {
        Self::set_state(self, room, by, key, content).map(|_| ())
    }

    async fn invite(&self, room: &str, by: &str, user: &str) -> Result<()> {
        Self::invite(self, room, by, user).await
    }

    async fn join(&self, room: &str, user: &str, via: &str) -> Result<()> {
        match self.version(room) {
            Ok(_) => self.set_membership(room, user, (user, "join")).map(|_| ()),
            Err(_) => Self::join(self, room, user, via).await,
        }
    }

    async fn invites(&self, user: &str) -> Result<Vec<(String, String)>> {
        let name = |state: &[Value]| {
            let event = state.iter().find(|event| event["type"] == "m.room.name");
            event.and_then(|event| event["content"]["name"].as_str()).unwrap_or_default().to_owned()
        };
        let invites = Self::invites(self).into_iter().filter(|invite| invite.user == user);
        Ok(invites.map(|invite| (invite.room, name(&invite.state))).collect())
    }

    async fn state(&self, room: &str, _: &str, (kind, state_key): (&str, &str)) -> Result<Value> {
        Ok(Self::state(self, room, kind, state_key))
    }

    async fn heard(&self, room: &str, _: &str, sender: &str) -> Result<Vec<String>> {
        let timeline = self.timeline(room);
        let said = timeline.iter().filter(|event| event.sender() == sender && event.kind() == "m.room.message");
        Ok(said.map(|event| event.body()).collect())
    }

    async fn history(&self, room: &str, reader: &str, sender: &str) -> Result<Vec<String>> {
        self.heard(room, reader, sender).await
    }

    /// A transaction is repeated under its id; so no event comes in a second one.
    fn audit(&self) -> Result<()> {
        let mut seen = BTreeSet::new();
        let twice: Vec<_> = self.sent_to_us().into_iter().filter(|sent| !seen.insert(sent.event.clone())).collect();
        ensure!(twice.is_empty(), "events came in more than one transaction: {twice:#?}");
        Ok(())
    }
}
