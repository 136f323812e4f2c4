//! 2xxx: Matrix events and rooms.

super::codes! {
    EVENT_MALFORMED = 2001 (Peer, FINAL) "Matrix: checks on receipt of a PDU, 1"
        "The event is not one of its room version"
        what "The event is dropped, with this text as its result. Other events of the transaction go on."
        why "It is no canonical JSON, a field is missing or of another type, or it is too large."
        remedy "The sender has to act.";
    EVENT_REFERENCES = 2002 (Peer, FINAL) "Matrix: size limits"
        "The event has more references than are allowed"
        what "The event is dropped, with this text as its result."
        why "At most 20 prev_events and 10 auth_events are allowed."
        remedy "The sender has to act.";
    EVENT_SIGNATURE = 2003 (Peer, AGAIN) "Matrix: checks on receipt of a PDU, 2"
        "The event is not signed by whom it has to be"
        what "The event is dropped, with this text as its result."
        why "The signature is wrong, or the key could not be had from the sender's homeserver or a notary."
        remedy "Check that the gateway reaches the sender's homeserver. If it does, the sender has to act.";
    ROOM_VERSION = 2004 (Peer, FINAL) "Matrix: room versions"
        "A room version that one side does not support"
        what "The invitation, join or event is refused."
        why "Causeway supports the versions 10, 11 and 12."
        remedy "Upgrade the room, on its own homeserver.";
    EVENT_REJECTED = 2005 (Peer, FINAL) "Matrix: checks on receipt of a PDU, 4 and 5"
        "The room's rules refuse the event"
        what "The event is stored as rejected, with the rule, and takes no effect on either side."
        why "Its sender lacks the power or the membership, by the event's own auth_events or by the state before it."
        remedy "If the sender was entitled, its homeserver and the gateway see different states: compare both.";
    EVENT_CONTEXT_MISSING = 2006 (Peer, AGAIN) "Matrix: backfilling and retrieving missing events"
        "Events that it refers to cannot be had"
        what "The event is not taken in; it can be sent again, or is fetched when a later one refers to it."
        why "The sending homeserver does not give out the event's ancestors or the state before it."
        remedy "Check with the sender's operator whether its database is whole.";
    EVENT_SOFT_FAILED = 2007 (Peer, FINAL) "Matrix: soft failure"
        "The event was allowed where it was made, but not any more"
        what "The event is stored, but not acted upon, and nothing builds on it."
        why "Somebody was removed or lost power before the event arrived: a race, or an attempt to go round a ban."
        remedy "Nothing.";
    EVENT_TOO_LARGE = 2008 (Ours, FINAL) "Matrix: size limits"
        "An event of ours would be larger than Matrix allows"
        what "It is not sent; a loss is recorded."
        why "What came from the MIMI side does not fit into 64 KiB."
        remedy "Nothing: the sender can shorten it.";
    MATRIX_REFUSED = 2009 (User, FINAL) "Matrix: authorization rules"
        "The Matrix room's rules refuse what the MIMI side wants"
        what "The event is not made. The MIMI side is told so, or a loss is recorded."
        why "The ghost or the gateway's user lacks the power level, or is not in the room."
        remedy "Give the gateway's user the power to do it, if you want it done.";
    TRANSACTION_TOO_LARGE = 2010 (Peer, FINAL) "Matrix: transactions"
        "A transaction with more than 50 PDUs or 100 EDUs"
        what "The transaction is answered with 400; none of it is used."
        why "The homeserver does not keep to the limits."
        remedy "The sender has to act.";
    TRANSACTION_ORIGIN = 2011 (Peer, FINAL) "Matrix: transactions"
        "The transaction's origin is not who signed the request"
        what "The transaction is answered with 403; none of it is used."
        why "One homeserver passes on another's transaction."
        remedy "The sender has to act.";
    EVENT_NOT_AS_NAMED = 2012 (Peer, FINAL) "Matrix: joining, leaving, inviting to rooms"
        "The event is not the one that the request is about"
        what "The request is answered with 400 M_INVALID_PARAM; nothing is signed."
        why "Room, event id, type, membership or state key differ from what the path says, or from what the endpoint is for."
        remedy "The sender has to act. Such requests are how signatures are stolen.";
    SENDER_ELSEWHERE = 2013 (Peer, FINAL) "Matrix: joining, leaving, inviting to rooms"
        "A homeserver speaks for a user who is not its own"
        what "The request is answered with 403 M_FORBIDDEN."
        why "The event's sender, or the user in the path, belongs to another homeserver."
        remedy "The sender has to act.";
    JOIN_NOT_AUTHORISED = 2014 (User, FINAL) "Matrix: restricted rooms"
        "The gateway does not authorise this restricted join"
        what "The join is answered with 403 M_FORBIDDEN."
        why "The user is not in a room that the join rule names, or the gateway's user may not invite."
        remedy "Invite the user.";
    SERVER_DENIED = 2015 (Peer, FINAL) "Matrix: server access control lists"
        "The room's server ACL denies the homeserver"
        what "The request is answered with 403 M_FORBIDDEN; an event in a transaction is dropped, with this text as its result."
        why "The room's m.room.server_acl does not allow the homeserver that sends, or denies it."
        remedy "The room's moderators decide. If they did not mean it, they have to change the room's server ACL.";
    NO_SUCH_ROOM = 2020 (Peer, FINAL) "Matrix: M_NOT_FOUND; P-076"
        "There is no such room here, or none for the requester"
        what "The request is answered with 404."
        why "The room is not bridged, the requester is not in it, or the event is unknown: which one is not told."
        remedy "Compare with `causewayctl room list`.";
    NOT_IN_ROOM = 2021 (Peer, FINAL) "Matrix: server-server API"
        "The event is of a room that the gateway is not in"
        what "The event is dropped, with this text as its result."
        why "The gateway has left or never joined; the sender's view of the room is old."
        remedy "Nothing, if it stops. If users miss messages, invite the gateway again.";
    NO_SUCH_USER = 2022 (User, FINAL) "Matrix: querying for information; SPEC.md §3"
        "There is no such user here"
        what "The request is answered with 404."
        why "The name is neither a ghost's nor the gateway's own."
        remedy "Use the address that the other side's users are known by, see `causewayctl room show`.";
    NO_SUCH_ALIAS = 2023 (User, FINAL) "Matrix: querying for information"
        "There is no such alias here"
        what "The request is answered with 404."
        why "The gateway's rooms have no aliases."
        remedy "Use an invitation.";
    ENTERING_ROOM = 2024 (Ours, AGAIN) "SPEC.md §15.2"
        "The gateway is on its way into this room"
        what "The request is answered with 503, and the homeserver sends the event again."
        why "The gateway has joined, as others see already, but its own join is not stored yet: what is taken before would be lost."
        remedy "Nothing; it passes within a minute.";
    EVENT_REFUSED_THERE = 2030 (Peer, FINAL) "Matrix: transactions"
        "A homeserver refuses an event of ours"
        what "It is logged. The event stays part of the room; other homeservers may have taken it."
        why "That homeserver sees another state of the room, or has a policy of its own."
        remedy "Compare the room's state on both, and ask the homeserver's operator.";
    TRANSACTION_REFUSED_THERE = 2031 (Peer, FINAL) "Matrix: transactions"
        "A homeserver refuses a transaction for good"
        what "Its events are sent one by one; one that is refused alone is parked, so that it can be sent again."
        why "The homeserver answered 400 or 413: it does not accept what is in the transaction."
        remedy "Ask the homeserver's operator, whose words are in the text, then replay what is parked.";
}
