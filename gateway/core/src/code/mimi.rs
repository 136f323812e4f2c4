//! 3xxx: MIMI bodies and endpoints.

super::codes! {
    BODY_MALFORMED = 3001 (Peer, FINAL) "P-007"
        "The body is not a valid structure"
        what "The request is answered with 400; nothing of it is used."
        why "The body is cut off, of another version of the draft, or not for this endpoint."
        remedy "Compare the versions of the drafts; `causewayctl decode` shows how far a body reads.";
    BODY_TRAILING = 3002 (Peer, FINAL) "P-007"
        "Bytes follow the structure"
        what "The request is answered with 400; nothing of it is used."
        why "The sender appends something, or speaks a version of the draft that has more fields."
        remedy "Compare the versions of the drafts.";
    SEMI_PRIVATE_MESSAGE = 3003 (Peer, FINAL) "G-25"
        "SemiPrivateMessage is not supported"
        what "The request is answered with 400."
        why "No MLS library offers it yet."
        remedy "The sender has to use a PublicMessage for handshakes.";
    WIRE_FORMAT = 3004 (Peer, FINAL) "G-25"
        "An MLS message of an unknown wire format"
        what "The request is answered with 400."
        why "The sender uses an extension of MLS, or the bytes are no MLSMessage."
        remedy "The sender has to act.";
    PARTIAL_GROUP_INFO = 3005 (Peer, FINAL) "G-23"
        "PartialGroupInfo is not supported"
        what "The request is answered with 400."
        why "It needs a rebuilt GroupInfo that no MLS library offers yet."
        remedy "The sender has to send a full GroupInfo.";
    RATCHET_TREE_FORM = 3006 (Peer, FINAL) "G-22"
        "This form of the ratchet tree is not supported"
        what "The request is answered with 400."
        why "The tree is not in the body."
        remedy "The sender has to send the full tree.";
    UNEXPECTED_MESSAGE = 3007 (Peer, FINAL) "mimi-protocol-06 §5"
        "An MLS message of another kind than the place calls for"
        what "The request is answered with 400."
        why "For example a Welcome where a commit has to be."
        remedy "The sender has to act.";
    MESSAGE_MALFORMED = 3010 (Peer, FINAL) "P-007, C-040"
        "What is inside a message does not decode"
        what "A request is refused; content that was fanned out becomes a loss."
        why "The frame, the content or a nested structure is not what the drafts say."
        remedy "The sender has to act.";
    USER_NOT_AS_NAMED = 3011 (Peer, FINAL) "mimi-protocol-06 §5.2"
        "The user in the body is not the one in the path"
        what "The request is answered with 400."
        why "The sender mixes up two users, or builds the path wrongly."
        remedy "The sender has to act.";
    WRONG_CONSENT_ENDPOINT = 3012 (Peer, FINAL) "P-082"
        "The consent operation belongs to the other endpoint"
        what "The request is answered with 400."
        why "Requests and cancellations go to requestConsent, grants and revocations to updateConsent."
        remedy "The sender has to act.";
    NOT_THE_HUB = 3013 (Peer, FINAL) "P-019"
        "A claim of KeyPackages by somebody who may not claim them"
        what "The request is answered with 403; no KeyPackage is used up."
        why "Neither the room's hub asks, nor, where that is us, the requester's own provider."
        remedy "The sender has to go through the room's hub.";
    REQUESTER_NOT_CERTIFIED = 3014 (Peer, FINAL) "P-022"
        "The requester's credential names another user"
        what "The request is answered with 403; no KeyPackage is used up."
        why "The signature is valid, but of another user than requestingUser."
        remedy "The sender has to act.";
    NOT_A_PARTICIPANT = 3015 (Peer, FINAL) "P-019"
        "The requester is not a participant of the room"
        what "The request is answered with 403."
        why "The user was removed, or never added."
        remedy "Add the user to the room.";
    CONSENT_PARTIES = 3016 (Peer, FINAL) "P-084, P-085"
        "A provider speaks of consent for users who are not its own"
        what "The request is answered with 403; no consent changes."
        why "Requester or target belong to another provider than sender or receiver."
        remedy "The sender has to act.";
    RELAY_FAILED = 3017 (Peer, AGAIN) "mimi-protocol-06 §5.2"
        "Another provider, asked on behalf of this one, does not answer"
        what "The request is answered with 502."
        why "The gateway is the room's hub; the provider of the wanted user cannot be reached, or refuses."
        remedy "Look for the code of the inner failure in the log; the sender may ask again.";
    NOT_AN_APPLICATION_MESSAGE = 3018 (Peer, FINAL) "P-043"
        "submitMessage carries something else than an application message"
        what "The answer is notAllowed."
        why "Handshakes go to update."
        remedy "The sender has to act.";
    SENDER_NOT_OF_PROVIDER = 3020 (Peer, FINAL) "P-045"
        "The sender is not a client of the provider that sends it"
        what "The answer is notAllowed; the group does not change."
        why "A provider passes on a message, commit or proposal of another provider's client."
        remedy "The sender has to act. Many of these are an attack.";
    SENDER_NOT_ACTIVE = 3021 (Peer, FINAL) "P-044"
        "The sender is not an active participant"
        what "The answer is notAllowed."
        why "The user was removed or banned, or never was in the room."
        remedy "Add the user to the room.";
    FAN_OUT_REFUSED_THERE = 3030 (Peer, FINAL) "P-070"
        "A follower refuses a fan-out for good"
        what "It is parked, so that it can be sent again; those before and after it go on."
        why "The follower answered 400, 404, 410 or 413 to notify. Its users do not see these messages, and its group may fall behind."
        remedy "Ask the follower's operator, whose words are in the text, then replay what is parked in its order.";
}
