//! What applications put into MLS [mls-extensions-09]: components, their updates, SafeAAD, and the frame around contents.

use causeway_drafts::application::MIMI_CONTENT;
use causeway_drafts::mimi_message_status_01::MEDIA_TYPE as STATUS_REPORT;
use causeway_drafts::numbers;

use super::layout::Field::{Case, Inside, Is};
use super::layout::Part::{self, Each, Enum, Of, Text};
use super::layout::{EXTENSIONS, SPEC, Structure};
use super::tree::Tree;
use super::{content, franking, policy, room, status};

/// The number of a component; its value; what updates it, which is a new value where nothing else is said.
type Component = (u16, &'static Structure, Option<&'static Structure>);

static COMPONENTS: [Component; 22] = [
    (numbers::COMPONENT_APP_COMPONENTS, &COMPONENTS_LIST, None),
    (numbers::COMPONENT_SAFE_AAD, &COMPONENTS_LIST, None),
    (numbers::COMPONENT_CONTENT_MEDIA_TYPES, &MEDIA_TYPE_LIST, None),
    (numbers::COMPONENT_FRANK_AAD, &franking::FRANK_AAD, None),
    (numbers::COMPONENT_FRANKING_AGENT, &franking::FRANKING_AGENT, None),
    (numbers::COMPONENT_PARTICIPANT_LIST, &room::PARTICIPANT_LIST, Some(&room::PARTICIPANT_LIST_UPDATE)),
    (numbers::COMPONENT_ROOM_METADATA, &room::ROOM_METADATA, None),
    (numbers::COMPONENT_MLS_OPERATIONAL_POLICY, &policy::OPERATIONAL_PARAMETERS, None),
    (numbers::COMPONENT_ROLES_LIST, &policy::ROLES_LIST, None),
    (numbers::COMPONENT_PREAUTH_LIST, &policy::PREAUTH_LIST, None),
    (numbers::COMPONENT_BASE_ROOM_POLICY, &policy::BASE_ROOM_POLICY, None),
    (numbers::COMPONENT_STATUS_NOTIFICATION_POLICY, &policy::STATUS_NOTIFICATION_POLICY, None),
    (numbers::COMPONENT_JOIN_LINK_POLICY, &policy::JOIN_LINK_POLICY, None),
    (numbers::COMPONENT_JOIN_LINKS, &policy::JOIN_LINKS, Some(&policy::JOIN_LINKS_UPDATE)),
    (numbers::COMPONENT_LINK_PREVIEW_POLICY, &policy::LINK_PREVIEW_POLICY, None),
    (numbers::COMPONENT_ASSET_POLICY, &policy::ASSET_POLICY, None),
    (numbers::COMPONENT_LOGGING_POLICY, &policy::LOGGING_POLICY, None),
    (numbers::COMPONENT_CHAT_HISTORY_POLICY, &policy::CHAT_HISTORY_POLICY, None),
    (numbers::COMPONENT_BOT_POLICY, &policy::BOT_POLICY, None),
    (numbers::COMPONENT_MESSAGE_EXPIRATION_POLICY, &policy::MESSAGE_EXPIRATION_POLICY, None),
    (numbers::COMPONENT_DMLS, &TERM, None),
    (numbers::COMPONENT_HARDENING, &HARDENING, None),
];

fn component(fields: &Tree) -> Option<&'static Component> {
    let number = fields.find("component_id")?.code()?;
    COMPONENTS.iter().find(|(known, ..)| *known == number)
}

fn component_data(fields: &Tree, octets: &[u8]) -> Option<Tree> {
    component(fields).and_then(|(_, value, _)| value.of(octets))
}

/// What changes a component.
pub(super) fn component_update(fields: &Tree, octets: &[u8]) -> Option<Tree> {
    component(fields).and_then(|(_, value, update)| update.unwrap_or(value).of(octets))
}

pub(super) static DICTIONARY: Structure =
    Structure::new(("AppDataDictionary", EXTENSIONS, "4.6"), &[Is("component_data", Each(&Of(&COMPONENT_DATA)))]);

static COMPONENT_DATA: Structure =
    Structure::new(("ComponentData", EXTENSIONS, "4.6"), &[Is("component_id", Part::COMPONENT), Inside("data", component_data)]);

pub(super) static APP_EPHEMERAL: Structure =
    Structure::new(("AppEphemeral", EXTENSIONS, "4.8"), &[Is("component_id", Part::COMPONENT), Is("data", Part::Opaque)]);

pub(super) static APP_DATA_UPDATE: Structure = Structure::new(
    ("AppDataUpdate", EXTENSIONS, "4.7"),
    &[
        Is("component_id", Part::COMPONENT),
        Is("op", Enum(1, &[(1, "update"), (2, "remove")])),
        Case("op", &["update"], &[Inside("update", component_update)]),
    ],
);

pub(super) static SAFE_AAD: Structure =
    Structure::new(("SafeAAD", EXTENSIONS, "4.9"), &[Is("aad_items", Each(&Of(&SAFE_AAD_ITEM)))]);

static SAFE_AAD_ITEM: Structure = Structure::new(
    ("SafeAADItem", EXTENSIONS, "4.9"),
    &[Is("component_id", Part::COMPONENT), Inside("aad_item_data", component_data)],
);

/// The term that a commit was made in, beside it (DMLS-10).
static TERM: Structure = Structure::new(("Term", SPEC, "14"), &[Is("term", Part::U64)]);

/// How a group's commits are hardened (DMLS-34).
static HARDENING: Structure =
    Structure::new(("Hardening", SPEC, "14.12"), &[Is("hardening", Enum(1, &[(0, "none"), (1, "psk-puncture")]))]);

/// What is authenticated beside a message, where that is SafeAAD and nothing else.
pub(super) fn safe_aad(_: &Tree, octets: &[u8]) -> Option<Tree> {
    SAFE_AAD.of(octets)
}

pub(super) static COMPONENTS_LIST: Structure =
    Structure::new(("ComponentsList", EXTENSIONS, "5"), &[Is("component_ids", Each(&Part::COMPONENT))]);

pub(super) static MEDIA_TYPE_LIST: Structure =
    Structure::new(("MediaTypeList", EXTENSIONS, "6.2.2"), &[Is("media_type_list", Each(&Of(&MEDIA_TYPE)))]);

pub(super) static MEDIA_TYPE: Structure =
    Structure::new(("MediaType", EXTENSIONS, "6.2.2"), &[Is("media_type", Text), Is("parameters", Each(&Of(&PARAMETER)))]);

pub(super) static PARAMETER: Structure =
    Structure::new(("Parameter", EXTENSIONS, "6.2.2"), &[Is("parameter_name", Text), Is("parameter_value", Text)]);

pub(super) static APPLICATION_FRAMING: Structure = Structure::new(
    ("ApplicationFraming", EXTENSIONS, "6.2.4"),
    &[Is("media_type", Of(&MEDIA_TYPE)), Inside("inner_application_content", inner_content)],
);

/// A content without a type is of the group's first, MIMI content (G-38).
fn inner_content(fields: &Tree, octets: &[u8]) -> Option<Tree> {
    match fields.find("media_type.media_type")?.as_text().unwrap_or(MIMI_CONTENT) {
        MIMI_CONTENT => content::tree(octets).ok(),
        STATUS_REPORT => status::tree(octets).ok(),
        _ => Some(Tree::text_or_octets(octets)),
    }
}

#[cfg(test)]
mod tests {
    use causeway_drafts::numbers::{CODE_POINTS, Registry};

    use super::{COMPONENTS, numbers};

    /// Those are nobody's data in a room: a mark on a KeyPackage, and a proposal.
    const WITHOUT_DATA: [u16; 2] = [numbers::COMPONENT_LAST_RESORT_KEY_PACKAGE, numbers::COMPONENT_APP_ACK];

    #[test]
    fn every_registered_component_has_a_structure() {
        let registered = CODE_POINTS.iter().filter(|point| point.registry == Registry::Component);
        let mut missing = registered.filter(|point| !WITHOUT_DATA.contains(&point.value));
        let missing = missing.find(|point| !COMPONENTS.iter().any(|(known, ..)| *known == point.value));
        assert!(missing.is_none(), "{missing:?}");
    }
}
