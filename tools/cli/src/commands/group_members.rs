//! `causewayctl group members <room>`: from the public part of the group, which is no secret.

use causeway_mls::Group;
use causeway_store::Store;
use serde::Serialize;

use crate::find::find;
use crate::render::{self, Row, Style, or_dash};

/// A participant's client; a participant without clients has a line of its own.
#[derive(Serialize)]
struct Line {
    user: String,
    role: String,
    client: Option<String>,
    leaf: Option<u32>,
    ours: bool,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["user", "role", "client", "leaf", "ours"];

    fn cells(&self) -> Vec<String> {
        let ours = if self.ours { "yes" } else { "no" };
        vec![self.user.clone(), self.role.clone(), or_dash(&self.client), or_dash(&self.leaf), ours.to_owned()]
    }
}

pub(crate) async fn run(store: &Store, room: &str, style: Style) -> anyhow::Result<String> {
    let rooms = super::rooms(store).await?;
    let room = find(&rooms, room)?;
    let id = room.id;
    let own = store.transaction("own clients", move |tx| Box::pin(tx.own_clients(id))).await?;
    let group = super::group(store, room).await?;
    render::rows(&lines(&group, &own), style)
}

fn lines(group: &Group, own: &[String]) -> Vec<Line> {
    let state = group.room_state();
    let role_name = |index: u32| match state.roles.role(index) {
        Some(role) => role.role_name.0.clone(),
        None => index.to_string(),
    };
    let mut lines = Vec::new();
    for participant in &state.participants.participants {
        let line = |client: Option<(String, u32)>| Line {
            user: participant.user.to_string(),
            role: role_name(participant.role_index),
            ours: client.as_ref().is_some_and(|(client, _)| own.contains(client)),
            leaf: client.as_ref().map(|(_, leaf)| *leaf),
            client: client.map(|(client, _)| client),
        };
        let clients = group.members().iter().filter(|member| member.user == participant.user);
        let before = lines.len();
        lines.extend(clients.map(|member| line(Some((member.client.to_string(), member.leaf)))));
        if lines.len() == before {
            lines.push(line(None));
        }
    }
    lines
}
