//! Application messages: what is said, what is heard, and what franking says about it [mimi-protocol-06 §5.4.1].

use causeway_drafts::application::{frame, unframe};
use causeway_drafts::mimi_content_09::{Disposition, Extensions, MessageId, MimiContent, NestedPart, PartBody, message_id};
use causeway_drafts::mimi_protocol_06::franking::{Frank, ServerFrankingContext, franking_tag};
use causeway_drafts::mimi_uri::{ClientUri, RoomUri, UserUri};
use serde::{Deserialize, Serialize};

use super::credentials::Trust;
use super::crypto::{SUITE_NUMBER, verifies};
use super::error::{Error, Result};
use super::room_state::RoomState;

const PLAIN: &str = "text/plain;charset=utf-8";
const MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";

/// What a user wants to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Plain text.
    Text,
    /// GFM-MIMI.
    Markdown,
    /// A reaction to the target.
    Reaction,
    /// New text for the target.
    Edit,
    /// The target goes.
    Delete,
    /// The reaction that is the target goes.
    Unreact,
}

/// A content, ready to be sealed in any epoch: the salt, and hence the message id, stay.
pub(crate) struct Draft {
    /// Framed content.
    pub(crate) application_data: Vec<u8>,
    /// Its franking tag.
    pub(crate) tag: [u8; 32],
    /// Its id.
    pub(crate) message_id: MessageId,
}

/// A sealed message.
pub(crate) struct Sealed {
    /// The PrivateMessage, an MLSMessage.
    pub(crate) message: Vec<u8>,
    /// The epoch it was sealed in.
    pub(crate) epoch: u64,
}

impl Draft {
    /// Makes a content.
    ///
    /// # Errors
    /// If the kind needs a target that is missing.
    pub(crate) fn new(
        sender: &UserUri,
        room: &RoomUri,
        kind: Kind,
        text: &str,
        (reply, target): (Option<MessageId>, Option<MessageId>),
    ) -> Result<Self> {
        let needed = || target.ok_or_else(|| Error::BadRequest("this kind of message needs a target".to_owned()));
        let (replaces, in_reply_to, nested_part) = match kind {
            Kind::Text => (None, reply, NestedPart::text(PLAIN, text)),
            Kind::Markdown => (None, reply, NestedPart::text(MARKDOWN, text)),
            Kind::Reaction => (None, Some(needed()?), NestedPart::single(Disposition::REACTION, PLAIN, text.as_bytes().to_vec())),
            Kind::Edit => (Some(needed()?), reply, NestedPart::text(PLAIN, text)),
            Kind::Delete => (Some(needed()?), reply, NestedPart::null(Disposition::RENDER)),
            Kind::Unreact => (Some(needed()?), reply, NestedPart::null(Disposition::REACTION)),
        };
        let content = MimiContent {
            salt: rand::random(),
            replaces,
            topic_id: Vec::new(),
            expires: None,
            in_reply_to,
            extensions: Extensions::with_sender_and_room(sender.as_str(), room.as_str()),
            nested_part,
        };
        let encoded = content.encode();
        let application_data = frame(&encoded);
        Ok(Self {
            tag: franking_tag(&content.salt, &application_data),
            message_id: message_id(sender.as_str(), room.as_str(), &encoded, &content.salt),
            application_data,
        })
    }
}

/// A message as a device has it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Heard {
    /// Hex.
    pub(crate) message_id: String,
    /// The sender.
    pub(crate) sender: UserUri,
    /// Its client.
    pub(crate) client: ClientUri,
    /// Whether the device's user sent it.
    pub(crate) own: bool,
    /// The epoch it was sealed in.
    pub(crate) epoch: u64,
    /// Of the first part that has one.
    pub(crate) media_type: String,
    /// Of that part.
    pub(crate) text: String,
    /// `render`, `reaction`, …
    pub(crate) disposition: String,
    /// Hex.
    pub(crate) in_reply_to: Option<String>,
    /// Hex.
    pub(crate) replaces: Option<String>,
    /// Whether it takes away what it replaces.
    pub(crate) deleted: bool,
    /// The hub's time, ms.
    pub(crate) accepted_timestamp: u64,
    /// `verified`, `none`, or why it does not hold.
    pub(crate) frank: String,
}

/// Who sent a message, as MLS says.
pub(crate) struct Origin {
    /// The client.
    pub(crate) client: ClientUri,
    /// Whether it is one of the hearer's user.
    pub(crate) own: bool,
    /// The epoch of the message.
    pub(crate) epoch: u64,
    /// From the SafeAAD.
    pub(crate) tag: Option<[u8; 32]>,
}

/// How a message came.
pub(crate) struct Delivery<'a> {
    /// The room.
    pub(crate) room: &'a RoomUri,
    /// Its state.
    pub(crate) state: &'a RoomState,
    /// The hub's Frank.
    pub(crate) frank: Option<&'a Frank>,
    /// The hub's time, ms.
    pub(crate) accepted_timestamp: u64,
    /// Pinned roots.
    pub(crate) trust: &'a Trust,
}

/// Reads an opened message.
///
/// # Errors
/// If it is not MIMI content.
pub(crate) fn hear(origin: &Origin, application_data: &[u8], delivery: &Delivery<'_>) -> Result<Heard> {
    let encoded = unframe(application_data).map_err(Error::malformed)?;
    let content = MimiContent::decode(&encoded).map_err(Error::malformed)?;
    let user = origin.client.user_uri();
    let (media_type, text) = first_text(&content.nested_part);
    Ok(Heard {
        message_id: message_id(user.as_str(), delivery.room.as_str(), &encoded, &content.salt).to_string(),
        sender: user,
        client: origin.client.clone(),
        own: origin.own,
        epoch: origin.epoch,
        media_type,
        text,
        disposition: disposition(content.nested_part.disposition),
        in_reply_to: content.in_reply_to.map(|id| id.to_string()),
        replaces: content.replaces.map(|id| id.to_string()),
        deleted: content.replaces.is_some() && content.nested_part.body == PartBody::Null,
        accepted_timestamp: delivery.accepted_timestamp,
        frank: frank(origin, application_data, &content, delivery),
    })
}

fn first_text(part: &NestedPart) -> (String, String) {
    match &part.body {
        PartBody::Null => Default::default(),
        PartBody::Single { content_type, content } => (content_type.clone(), String::from_utf8_lossy(content).into_owned()),
        PartBody::External(external) => (external.content_type.clone(), external.url.clone()),
        PartBody::Multi { parts, .. } => parts.first().map(first_text).unwrap_or_default(),
    }
}

fn disposition(disposition: Disposition) -> String {
    let name = match disposition {
        Disposition::RENDER => "render",
        Disposition::REACTION => "reaction",
        Disposition::PROFILE => "profile",
        Disposition::INLINE => "inline",
        Disposition::ICON => "icon",
        Disposition::ATTACHMENT => "attachment",
        Disposition::SESSION => "session",
        Disposition::PREVIEW => "preview",
        Disposition(other) => return format!("unknown({other})"),
    };
    name.to_owned()
}

/// The receiver's checks (P-059), as a word.
fn frank(origin: &Origin, application_data: &[u8], content: &MimiContent, delivery: &Delivery<'_>) -> String {
    if delivery.state.franking_agent.is_none() && delivery.frank.is_none() {
        return "none".to_owned();
    }
    match verify_frank(origin, application_data, content, delivery) {
        Ok(()) => "verified".to_owned(),
        Err(why) => why,
    }
}

fn verify_frank(origin: &Origin, application_data: &[u8], content: &MimiContent, delivery: &Delivery<'_>) -> Result<(), String> {
    let agent = delivery.state.franking_agent.as_ref().ok_or("P-048: a Frank, but no franking_agent")?;
    let frank = delivery.frank.ok_or("P-048: the hub sent no Frank")?;
    let tag = origin.tag.ok_or("P-054: no franking tag in the SafeAAD")?;
    let user = origin.client.user_uri();
    let check = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_owned()) };
    check(franking_tag(&content.salt, application_data) == tag, "P-053: the tag is not the content's")?;
    check(content.sender_uri() == Some(user.as_str()), "P-059: the content names another sender")?;
    check(content.room_uri() == Some(delivery.room.as_str()), "P-059: the content names another room")?;
    check(frank.franking_signature_ciphersuite == SUITE_NUMBER, "P-049: the ciphersuite is not the group's")?;
    let key = agent.franking_signature_key.as_slice();
    let hub = delivery.room.provider();
    delivery.trust.certify_hub(&hub, &agent.credential, key).map_err(|error| format!("P-059: the franking agent: {error}"))?;
    let context = ServerFrankingContext {
        sender_uri: user,
        room_uri: delivery.room.clone(),
        accepted_timestamp: delivery.accepted_timestamp,
    };
    let signature = frank.franking_integrity_signature.as_slice();
    check(verifies(key, &frank.signed_content(&context), signature), "P-057: the hub's signature does not verify")
}
