//! Decodes what peers send, without a database: the gateway's own decoder judges it; where it refuses, the place is said.

mod bodies;
mod content;
mod input;
mod mls;
mod pdu;
mod reader;
mod tree;

use causeway_core::code::{self, Code, Coded};
use causeway_drafts::mimi_protocol_06::consent::ConsentEntry;
use causeway_drafts::mimi_protocol_06::group_info::{GroupInfoRequest, GroupInfoResponse};
use causeway_drafts::mimi_protocol_06::key_material::{KeyMaterialRequest, KeyMaterialResponse};
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse};
use causeway_drafts::numbers::{WIRE_FORMAT_GROUP_INFO, WIRE_FORMAT_KEY_PACKAGE, WIRE_FORMAT_WELCOME};
use causeway_drafts::{DecodeError, Fault, decode_exact};
use clap::ValueEnum;

pub(crate) use input::octets;
use reader::Part;
pub(crate) use tree::Tree;

/// What octets may be; in the order in which it is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// A Matrix event, as federation carries it.
    Pdu,
    /// MLSMessage: PublicMessage, PrivateMessage, Welcome, GroupInfo or KeyPackage with its head.
    MlsMessage,
    /// A MIMI content document.
    Content,
    /// The application data of a MIMI group: a media type, then the content.
    ApplicationData,
    /// Body of `notify`.
    Fanout,
    /// Body of `update`.
    Update,
    /// Body of `submitMessage`.
    Submit,
    /// Body of `keyMaterial`.
    KeyMaterial,
    /// Body of `groupInfo`.
    GroupInfoRequest,
    /// Body of `requestConsent` and `updateConsent`.
    Consent,
    /// Answer to `keyMaterial`.
    KeyMaterialResponse,
    /// Answer to `groupInfo`.
    GroupInfoResponse,
    /// Answer to `update`.
    UpdateResponse,
    /// Answer to `submitMessage`.
    SubmitResponse,
    /// KeyPackage without the head of an MLSMessage.
    KeyPackage,
    /// Welcome without the head of an MLSMessage.
    Welcome,
    /// GroupInfo without the head of an MLSMessage.
    GroupInfo,
    /// The extension `ratchet_tree`.
    RatchetTree,
}

/// Why octets are not what they should be.
#[derive(Debug, thiserror::Error)]
#[error("{code} {why}{}", place(*offset, *length))]
pub(crate) struct Refused {
    code: Code,
    why: String,
    offset: Option<usize>,
    length: usize,
}

impl Refused {
    /// How much it was that kind: what is known and not supported, all of it.
    fn read(&self) -> usize {
        let is_known =
            !matches!(self.code, code::BODY_MALFORMED | code::BODY_TRAILING | code::MESSAGE_MALFORMED | code::WIRE_FORMAT);
        self.offset.filter(|_| !is_known).unwrap_or(self.length)
    }
}

fn place(offset: Option<usize>, length: usize) -> String {
    offset.map_or_else(String::new, |offset| format!(" (octet {offset} of {length})"))
}

impl Kind {
    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Decodes octets as this.
    pub(crate) fn read(self, octets: &[u8], room_version: Option<&str>) -> Result<Tree, Refused> {
        match self {
            Self::Pdu => return pdu::read(octets, room_version),
            Self::Content => return content::read(octets),
            _ => {}
        }
        let refused = |code, why, offset| Refused { code, why, offset, length: octets.len() };
        match (self.judge(octets), reader::whole(octets, self.layout())) {
            (Ok(()), Ok(tree)) => Ok(tree),
            // Where the gateway does not say where, the reader does.
            (Err((code, why, None)), Err(stop)) => {
                let inside = if stop.place.is_empty() { String::new() } else { format!("{}: ", stop.place) };
                Err(refused(code, format!("{why}: {inside}{}", stop.why), Some(stop.offset)))
            }
            (Err((code, why, offset)), _) => Err(refused(code, why, offset)),
            // The gateway takes what we cannot show: octets are better than nothing.
            (Ok(()), Err(_)) => Ok(Tree::Octets(octets.to_vec())),
        }
    }

    /// What the gateway says of it, and at which octet.
    fn judge(self, octets: &[u8]) -> Result<(), (Code, String, Option<usize>)> {
        let headed = |format: u16| [&[0, 1], &format.to_be_bytes()[..], octets].concat();
        let judged: Result<(), DecodeError> = match self {
            Self::ApplicationData => return content::judge_framed(octets).map_err(|(code, why)| (code, why, None)),
            Self::Pdu | Self::Content => Ok(()),
            Self::MlsMessage => Message::from_bytes(octets).map(|_| ()),
            Self::KeyPackage => Message::from_bytes(&headed(WIRE_FORMAT_KEY_PACKAGE)).map(|_| ()),
            Self::Welcome => Message::from_bytes(&headed(WIRE_FORMAT_WELCOME)).map(|_| ()),
            Self::GroupInfo => Message::from_bytes(&headed(WIRE_FORMAT_GROUP_INFO)).map(|_| ()),
            Self::RatchetTree => decode_exact::<RatchetTreeOption>(&[&[1], octets].concat()).map(|_| ()),
            Self::Fanout => FanoutMessage::decode_body(octets).map(|_| ()),
            Self::Update => decode_exact::<UpdateRequest>(octets).map(|_| ()),
            Self::Submit => decode_exact::<SubmitMessageRequest>(octets).map(|_| ()),
            Self::KeyMaterial => decode_exact::<KeyMaterialRequest>(octets).map(|_| ()),
            Self::GroupInfoRequest => decode_exact::<GroupInfoRequest>(octets).map(|_| ()),
            Self::Consent => decode_exact::<ConsentEntry>(octets).map(|_| ()),
            Self::KeyMaterialResponse => decode_exact::<KeyMaterialResponse>(octets).map(|_| ()),
            Self::GroupInfoResponse => decode_exact::<GroupInfoResponse>(octets).map(|_| ()),
            Self::UpdateResponse => decode_exact::<UpdateRoomResponse>(octets).map(|_| ()),
            Self::SubmitResponse => decode_exact::<SubmitMessageResponse>(octets).map(|_| ()),
        };
        judged.map_err(|error| {
            let code = error.code();
            let at = |offset: usize| Some(offset.saturating_sub(self.added()));
            match error {
                DecodeError::Malformed(Fault { offset, path, reason }) if path.is_empty() => {
                    (code, format!("P-007: {reason}"), at(offset))
                }
                DecodeError::Malformed(Fault { offset, path, reason }) => (code, format!("P-007: in {path}: {reason}"), at(offset)),
                DecodeError::Trailing { offset, length } => {
                    (code, format!("P-007: {length} octets follow the structure"), at(offset))
                }
                other => (code, other.to_string(), None),
            }
        })
    }

    /// How many octets [`Self::judge`] puts in front.
    fn added(self) -> usize {
        match self {
            Self::KeyPackage | Self::Welcome | Self::GroupInfo => 4,
            Self::RatchetTree => 1,
            _ => 0,
        }
    }

    /// How it is laid out.
    fn layout(self) -> Part {
        match self {
            Self::MlsMessage => mls::message,
            Self::ApplicationData => bodies::application_data,
            Self::KeyPackage => mls::key_package,
            Self::Welcome => mls::welcome,
            Self::GroupInfo => mls::group_info,
            Self::RatchetTree => mls::ratchet_tree,
            Self::Fanout => bodies::fanout,
            Self::Update => bodies::update_request,
            Self::Submit => bodies::submit_request,
            Self::KeyMaterial => bodies::key_material_request,
            Self::GroupInfoRequest => bodies::group_info_request,
            Self::Consent => bodies::consent,
            Self::KeyMaterialResponse => bodies::key_material_response,
            Self::GroupInfoResponse => bodies::group_info_response,
            Self::UpdateResponse => bodies::update_response,
            Self::SubmitResponse => bodies::submit_response,
            // These have no layout of this kind.
            Self::Pdu | Self::Content => reader::octets,
        }
    }
}

/// What octets are, by what they decode as: the first kind; or, of the refusals, that of the kind that reads furthest.
pub(crate) fn guess(octets: &[u8], room_version: Option<&str>) -> (Kind, Result<Tree, Refused>) {
    if octets.trim_ascii_start().starts_with(b"{") {
        return (Kind::Pdu, Kind::Pdu.read(octets, room_version));
    }
    let mut best: Option<(Kind, Refused)> = None;
    for kind in Kind::value_variants().iter().copied().filter(|kind| *kind != Kind::Pdu) {
        match kind.read(octets, room_version) {
            Ok(tree) => return (kind, Ok(tree)),
            Err(refused) => {
                if best.as_ref().is_none_or(|(_, best)| refused.read() > best.read()) {
                    best = Some((kind, refused));
                }
            }
        }
    }
    match best {
        Some((kind, refused)) => (kind, Err(refused)),
        None => (Kind::Content, Kind::Content.read(octets, room_version)),
    }
}
