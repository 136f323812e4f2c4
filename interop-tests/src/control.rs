//! Client of the reference provider's control API: what its users do, and what their devices have decrypted.

use anyhow::{Context, Result, bail};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http_client::{HttpClient, encode};

/// The control API of one provider.
#[derive(Clone)]
pub struct Control {
    http: HttpClient,
}

/// A refusal, by the provider itself or by the peer that it asked.
#[derive(Clone, Debug, Deserialize, thiserror::Error)]
#[error("{code}: {error}")]
pub struct Refusal {
    /// In words.
    pub error: String,
    /// The stable name: `notAllowed`, `wrongEpoch`, `noConsent`, …
    #[serde(default)]
    pub code: String,
}

/// A room as one device sees it.
#[derive(Clone, Debug, Deserialize)]
pub struct RoomView {
    /// Its URI.
    pub room: String,
    /// Its name.
    pub name: String,
    /// The MLS epoch that the device is in.
    pub epoch: u64,
    /// Who takes part.
    pub participants: Vec<ParticipantView>,
    /// The clients in the MLS group.
    pub clients: Vec<String>,
    /// Whether the device is still in the group.
    pub active: bool,
}

/// A participant.
#[derive(Clone, Debug, Deserialize)]
pub struct ParticipantView {
    /// Its URI.
    pub user_uri: String,
    /// Its role.
    pub role_index: u32,
}

/// A message as one device decrypted it.
#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    /// Hex.
    pub message_id: String,
    /// The sender's URI.
    pub sender: String,
    /// Whether this device's user sent it.
    pub own: bool,
    /// The MLS epoch in which it was sealed.
    pub epoch: u64,
    /// Its media type.
    #[serde(default)]
    pub media_type: String,
    /// Its text.
    #[serde(default)]
    pub text: String,
    /// `render`, `reaction`, …
    #[serde(default)]
    pub disposition: String,
    /// Hex id of the message that it answers.
    #[serde(default)]
    pub in_reply_to: Option<String>,
    /// Hex id of the message that it edits or deletes.
    #[serde(default)]
    pub replaces: Option<String>,
    /// Whether it is (by now) deleted.
    #[serde(default)]
    pub deleted: bool,
    /// `verified`, `none`, or what is wrong with the hub's Frank.
    #[serde(default)]
    pub frank: String,
}

/// A message that the hub has accepted.
#[derive(Clone, Debug, Deserialize)]
pub struct Sent {
    /// Hex.
    pub message_id: String,
    /// The MLS epoch in which it was sealed.
    pub epoch: u64,
}

/// A consent as the provider knows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Consent {
    /// Who asks.
    pub requester: String,
    /// Who is asked.
    pub target: String,
    /// `requested`, `granted`, `revoked`, `cancelled`.
    pub status: String,
}

/// What the provider has refused to a peer, or could not use of what it sent.
#[derive(Clone, Debug, Deserialize)]
pub struct Refused {
    /// Where.
    pub endpoint: String,
    /// The stable name of the reason.
    pub code: String,
    /// In words.
    pub why: String,
}

/// What a message is.
#[derive(Clone, Debug, Default)]
pub struct Draft<'a> {
    /// `text`, `markdown`, `reaction`, `edit`, `delete`, `unreact`.
    pub kind: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Hex id of the message that it answers.
    pub in_reply_to: Option<&'a str>,
    /// Hex id of the message that it is about.
    pub target: Option<&'a str>,
}

impl Control {
    /// The control API on this port.
    pub fn new(port: u16) -> Self {
        Self { http: HttpClient::new(port) }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        self.http.base()
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = self.http.request(method, path, body).await?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        match serde_json::from_value::<Refusal>(answer.body.clone()) {
            Ok(refusal) => Err(anyhow::Error::new(refusal).context(path.to_owned())),
            Err(_) => bail!("{path}: {} {}", answer.status, answer.body),
        }
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call(Method::POST, path, Some(&body)).await
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T> {
        let body = self.call(Method::GET, path, None).await?;
        serde_json::from_value(body.clone()).with_context(|| format!("{path}: {body}"))
    }

    /// A new user with devices; its URI.
    ///
    /// # Errors
    /// If the provider refuses.
    pub async fn add_user(&self, user: &str, devices: &[&str]) -> Result<String> {
        let made = self.post("/users", json!({ "user": user, "devices": devices })).await?;
        Ok(made["user_uri"].as_str().context("no user_uri")?.to_owned())
    }

    /// A new device, in no room yet.
    ///
    /// # Errors
    /// If the provider refuses.
    pub async fn add_device(&self, user: &str, device: &str) -> Result<()> {
        self.post("/users/devices", json!({ "user": user, "device": device })).await.map(|_| ())
    }

    /// A new room; its URI.
    ///
    /// # Errors
    /// If the provider refuses.
    pub async fn create_room(&self, by: &str, id: &str, name: &str) -> Result<String> {
        let made = self.post("/rooms", json!({ "id": id, "by": by, "name": name })).await?;
        Ok(made["room"].as_str().context("no room")?.to_owned())
    }

    /// Adds a user with all its clients.
    ///
    /// # Errors
    /// A [`Refusal`] if the hub refuses.
    pub async fn add(&self, by: &str, room: &str, user_uri: &str, role: &str) -> Result<()> {
        self.post("/rooms/add", json!({ "room": room, "by": by, "user_uri": user_uri, "role": role })).await.map(|_| ())
    }

    /// Removes a user with all its clients.
    ///
    /// # Errors
    /// A [`Refusal`] if the hub refuses.
    pub async fn remove(&self, by: &str, room: &str, user_uri: &str) -> Result<()> {
        self.post("/rooms/remove", json!({ "room": room, "by": by, "user_uri": user_uri })).await.map(|_| ())
    }

    /// Leaves with all devices.
    ///
    /// # Errors
    /// A [`Refusal`] if the hub refuses.
    pub async fn leave(&self, by: &str, room: &str) -> Result<()> {
        self.post("/rooms/leave", json!({ "room": room, "by": by })).await.map(|_| ())
    }

    /// Renames the room.
    ///
    /// # Errors
    /// A [`Refusal`] if the hub refuses.
    pub async fn rename(&self, by: &str, room: &str, name: &str) -> Result<()> {
        self.post("/rooms/rename", json!({ "room": room, "by": by, "name": name })).await.map(|_| ())
    }

    /// Joins as a new device, by external commit.
    ///
    /// # Errors
    /// A [`Refusal`] if the hub refuses.
    pub async fn join(&self, by: &str, room: &str) -> Result<()> {
        self.post("/rooms/join", json!({ "room": room, "by": by })).await.map(|_| ())
    }

    /// The rooms of a device.
    ///
    /// # Errors
    /// If there is no such device.
    pub async fn rooms(&self, device: &str) -> Result<Vec<RoomView>> {
        self.get(&format!("/rooms?device={}", encode(device))).await
    }

    /// Sends a message.
    ///
    /// # Errors
    /// A [`Refusal`] if the hub refuses.
    pub async fn send(&self, by: &str, room: &str, draft: Draft<'_>) -> Result<Sent> {
        let body = json!({
            "room": room,
            "by": by,
            "kind": draft.kind,
            "text": draft.text,
            "in_reply_to": draft.in_reply_to,
            "target": draft.target,
        });
        let sent = self.post("/messages", body).await?;
        Ok(serde_json::from_value(sent)?)
    }

    /// What a device has decrypted, in order of arrival.
    ///
    /// # Errors
    /// If there is no such device.
    pub async fn messages(&self, device: &str, room: &str) -> Result<Vec<Message>> {
        self.get(&format!("/messages?room={}&device={}", encode(room), encode(device))).await
    }

    /// What comes after so many messages; waits for a while if there is nothing yet.
    ///
    /// # Errors
    /// If there is no such device.
    pub async fn messages_after(&self, device: &str, room: &str, after: usize) -> Result<Vec<Message>> {
        self.get(&format!("/messages?room={}&device={}&after={after}", encode(room), encode(device))).await
    }

    /// `request`, `cancel`, `grant` or `revoke`.
    ///
    /// # Errors
    /// A [`Refusal`] if the peer refuses.
    pub async fn consent(&self, operation: &str, requester: &str, target: &str) -> Result<()> {
        let body = json!({ "operation": operation, "requester": requester, "target": target, "room": null });
        self.post("/consents", body).await.map(|_| ())
    }

    /// The consents that the provider knows.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn consents(&self) -> Result<Vec<Consent>> {
        self.get("/consents").await
    }

    /// What the provider has refused, or could not use, in order.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn refusals(&self) -> Result<Vec<Refused>> {
        self.get("/log").await
    }
}
