//! What the gateway says in rooms in its own name: disclosures and refusals.

/// The Matrix state event by which somebody with the power to send it opts a room in. Its state key is the
/// gateway's server name, so that one gateway claims a room; its content names the trust mode.
pub const OPT_IN_TYPE: &str = "dev.causeway.bridge";
/// The Matrix state event by which the gateway, where it may, tells clients what the room is bridged to.
pub const DISCLOSURE_TYPE: &str = "dev.causeway.disclosure";
/// Where a bridged event names the MIMI message it came from.
pub const PROVENANCE_KEY: &str = "dev.causeway.message_id";

/// Disclosure to the Matrix side: where encryption ends.
pub fn disclosure_to_matrix(mimi_room: &str, hub: &str, gateway: &str) -> String {
    format!(
        "This room is bridged to the MIMI room {mimi_room}, ordered by the provider {hub}. \
         Messages are end-to-end encrypted with MLS on the MIMI side only; the gateway {gateway} decrypts and \
         re-encrypts them, and can read them. This Matrix room is not encrypted."
    )
}

/// Disclosure to the MIMI side.
pub fn disclosure_to_mimi(gateway: &str) -> String {
    format!(
        "Participants of {gateway} whose clients are named gateway-… are Matrix users behind a gateway. \
         It holds their MLS clients and reads their messages. The Matrix side of this room is not encrypted."
    )
}

/// How to opt a room in.
pub fn how_to_opt_in(server_name: &str) -> String {
    format!(
        "This room is not bridged yet. The gateway would see its messages in the clear, so somebody who may send \
         state events has to agree: send the state event {OPT_IN_TYPE} with state key \"{server_name}\" and content \
         {{\"trust_mode\": \"endpoint\"}}."
    )
}

/// The operator has not allowed endpoint mode.
pub const ENDPOINT_MODE_NOT_ALLOWED: &str =
    "This gateway's operator does not allow bridging that reads messages, so this room stays unbridged.";

/// The Matrix room is, or has become, encrypted.
pub const ENCRYPTED_ROOM: &str = "This room is encrypted. The gateway does not support encrypted Matrix rooms yet, so nothing is bridged; \
     it will never send into this room what it cannot encrypt.";

/// The hub refused what a Matrix user did.
pub fn refused_by_hub(what: &str, why: &str) -> String {
    format!("The MIMI room did not accept this change ({what}): {why}. It has been undone here.")
}

/// Who asks in a consent room, and what joining means.
pub fn consent_question(requester_name: &str, requester: &str, provider: &str) -> String {
    format!(
        "{requester_name} ({requester}, at the provider {provider}) asks to talk to you. Join this room to allow it: \
         {requester_name} can then add you to conversations. Decline, or leave later, to refuse; they are not told. \
         The gateway that carries the conversations can read them."
    )
}
