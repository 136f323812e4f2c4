//! `reportAbuse` [mimi-protocol-06 §5.9]: messages that their receiver complains about, with the hub's own stamp on them.

use openmls::prelude::AppDataDictionary;
use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize, VLBytes};

use super::franking::{Frank, ServerFrankingContext, franking_tag, server_frank};
use crate::encode;
use crate::mimi_uri::UserUri;
use crate::structure::{empty_or, structure};
use crate::text::Text;

/// A message that was franked (§5.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbusiveMessage {
    /// The application_data, as received: the franking tag is over all of it (G-34).
    pub message_content: VLBytes,
    /// The Frank that came with it.
    pub frank: Frank,
    /// The time that came with it.
    pub accepted_timestamp: u64,
}

/// AbuseType (§5.9). The draft names no reason yet; what there is to say stands in the note (G-52).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
pub enum AbuseType {
    /// `reserved`, the only value.
    #[default]
    Reserved = 0,
}

/// AbuseReport (§5.9).
#[derive(Clone, Debug, PartialEq)]
pub struct AbuseReport {
    /// Who complains; an empty URI where that is not told (G-52).
    pub reporting_user: Option<UserUri>,
    /// About whom.
    pub alleged_abuser_uri: UserUri,
    /// Why, for machines.
    pub reason_code: AbuseType,
    /// Why, for people; may be empty.
    pub note: Text,
    /// What for; may be empty.
    pub messages: Vec<AbusiveMessage>,
    /// Extension point.
    pub abuse_extensions: AppDataDictionary,
}

structure!(AbusiveMessage { message_content, frank, accepted_timestamp });
structure!(AbuseReport {
    reporting_user[empty_or] as "reportingUser",
    alleged_abuser_uri as "allegedAbuserUri",
    reason_code as "reasonCode",
    note,
    messages[],
    abuse_extensions,
});

impl AbusiveMessage {
    /// Whether the hub has franked these very octets in this context: the HMAC part of judging a report. The context is
    /// made of the names in the content and of the time in the report; `salt` is the content's. The integrity signature
    /// is verified over [`Frank::signed_content`].
    pub fn is_franked(&self, hub_key: &[u8; 32], salt: &[u8; 16], context: &ServerFrankingContext) -> bool {
        let tag = franking_tag(salt, self.message_content.as_slice());
        context.accepted_timestamp == self.accepted_timestamp && server_frank(hub_key, &tag, context) == self.frank.server_frank
    }
}

impl AbuseReport {
    /// A report without messages and extensions.
    pub fn new(reporting_user: Option<UserUri>, alleged_abuser_uri: UserUri, note: impl Into<String>) -> Self {
        Self {
            reporting_user,
            alleged_abuser_uri,
            reason_code: AbuseType::Reserved,
            note: Text(note.into()),
            messages: Vec::new(),
            abuse_extensions: AppDataDictionary::new(),
        }
    }

    /// The encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }
}
