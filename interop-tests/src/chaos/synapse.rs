//! Rounds on Synapse: what happened there is read through the client API, and nowhere else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::homeserver::Homeserver;
use crate::matrix::client::MatrixClient;
use crate::matrix::synapse::Synapse;
use crate::matrix::sync::Event;

/// A Synapse with the clients of its users.
pub struct Clients {
    synapse: Synapse,
    clients: RefCell<BTreeMap<String, Rc<MatrixClient>>>,
}

impl Clients {
    /// Of a homeserver that nobody uses yet.
    pub fn of(synapse: Synapse) -> Self {
        Self { synapse, clients: RefCell::default() }
    }

    fn client(&self, user: &str) -> Result<Rc<MatrixClient>> {
        self.clients.borrow().get(user).cloned().with_context(|| format!("{user} is nobody's client"))
    }
}

fn said_by(events: &[Event], sender: &str) -> Vec<String> {
    let said = events.iter().filter(|event| event.sender() == sender && event.kind() == "m.room.message");
    said.map(|event| event.body().to_owned()).collect()
}

impl Homeserver for Clients {
    const LIFE: Range<u64> = 200..2_500;

    async fn user(&self, name: &str) -> Result<String> {
        let client = self.synapse.register(name).await?;
        let id = client.user_id.clone();
        self.clients.borrow_mut().insert(id.clone(), Rc::new(client));
        Ok(id)
    }

    async fn create_room(&self, by: &str) -> Result<String> {
        self.client(by)?.create_room(&json!({ "preset": "private_chat" })).await
    }

    async fn say(&self, room: &str, by: &str, text: &str) -> Result<()> {
        self.client(by)?.say(room, text).await.map(|_| ())
    }

    async fn set_state(&self, room: &str, by: &str, key: (&str, &str), content: Value) -> Result<()> {
        self.client(by)?.set_state(room, key, &content).await
    }

    async fn invite(&self, room: &str, by: &str, user: &str) -> Result<()> {
        self.client(by)?.invite(room, user).await
    }

    async fn join(&self, room: &str, user: &str, _: &str) -> Result<()> {
        self.client(user)?.join(room).await
    }

    async fn invites(&self, user: &str) -> Result<Vec<(String, String)>> {
        let named = |room: &str, name: &str| (room.to_owned(), name.to_owned());
        Ok(self.client(user)?.seen(|seen| {
            let invites = seen.invites();
            invites.map(|invite| named(&invite.room_id, invite.state("m.room.name", "name"))).collect()
        }))
    }

    async fn state(&self, room: &str, reader: &str, key: (&str, &str)) -> Result<Value> {
        self.client(reader)?.state(room, key).await
    }

    async fn heard(&self, room: &str, reader: &str, sender: &str) -> Result<Vec<String>> {
        Ok(self.client(reader)?.seen(|seen| said_by(seen.room(room), sender)))
    }

    async fn history(&self, room: &str, reader: &str, sender: &str) -> Result<Vec<String>> {
        Ok(said_by(&self.client(reader)?.history(room).await?, sender))
    }

    /// Transactions are Synapse's own business: a client cannot see one twice.
    fn audit(&self) -> Result<()> {
        Ok(())
    }
}
