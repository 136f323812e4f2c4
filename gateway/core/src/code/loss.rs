//! 6xxx: what a translation could not carry, one code for each feature.

super::codes! {
    LOST_MEDIA = 6001 (User, FINAL) "P-099, R-038"
        "Media is not carried"
        what "The other side sees a line that says what there was."
        why "Images, files, audio, video and stickers are not bridged yet."
        remedy "Nothing yet.";
    LOST_POLL = 6002 (User, FINAL) "Matrix: MSC3381"
        "A poll is not carried"
        what "The other side sees a line that says what there was."
        why "MIMI has no polls."
        remedy "Nothing.";
    LOST_LOCATION = 6003 (User, FINAL) "Matrix: m.location"
        "A location is not carried"
        what "The other side sees a line that says what there was."
        why "MIMI content has no location of its own."
        remedy "Nothing.";
    LOST_UNKNOWN_TYPE = 6004 (User, FINAL) "C-069, C-071"
        "Content of a type that nobody has mapped yet"
        what "The other side sees a line that says what there was, or the fallback text."
        why "A custom or new type, or an encrypted event."
        remedy "Report the type if many use it.";
    LOST_NOTICE_STYLE = 6005 (User, FINAL) "Matrix: m.notice"
        "A notice looks like any text"
        what "The text is carried, without the mark that a program wrote it."
        why "MIMI content does not distinguish notices."
        remedy "Nothing.";
    LOST_EMOTE_STYLE = 6006 (User, FINAL) "Matrix: m.emote"
        "An emote looks like text about the sender"
        what "The text is carried, with the sender's name before it."
        why "MIMI content does not distinguish emotes."
        remedy "Nothing.";
    LOST_MARKUP = 6007 (User, FINAL) "C-058"
        "Markup without a counterpart"
        what "The text is carried, without that markup."
        why "HTML and GitHub Flavored Markdown do not have the same elements."
        remedy "Nothing.";
    LOST_REPLY_TARGET = 6008 (User, FINAL) "C-070"
        "A reply to something that the other side has not seen"
        what "The text is carried, without saying what it answers."
        why "The answered message is older than the bridge, was lost, or not meant to be carried."
        remedy "Nothing.";
    LOST_TARGET = 6009 (User, FINAL) "C-070"
        "An edit, reaction or deletion of something that the other side has not seen"
        what "It is not carried."
        why "What it is about is older than the bridge, was lost, or not meant to be carried."
        remedy "Nothing.";
    LOST_ALTERNATIVES = 6010 (User, FINAL) "C-019"
        "All alternatives but one"
        what "The richest part that can be carried is shown."
        why "Matrix shows one form of a message."
        remedy "Nothing.";
    LOST_LANGUAGE = 6011 (User, FINAL) "C-023"
        "A language tag"
        what "The text is carried, without its tag."
        why "Matrix has no language tags."
        remedy "Nothing.";
    LOST_EXPIRATION = 6012 (User, FINAL) "C-009, C-038"
        "A lifetime"
        what "The message is carried, and stays."
        why "Matrix has no lifetime of single messages. Its sender may not expect that."
        remedy "Set a retention policy in the Matrix room.";
    LOST_TOPIC = 6013 (User, FINAL) "C-008"
        "A topic or thread that the other side does not know"
        what "The message is carried, outside of a thread."
        why "The thread's root was not carried, or the topic is no message id."
        remedy "Nothing.";
    LOST_REDACTION_REASON = 6014 (User, FINAL) "Matrix: redactions"
        "The reason of a redaction"
        what "The message is deleted on both sides, without the reason."
        why "MIMI deletions carry no reason."
        remedy "Nothing.";
    LOST_TOO_LONG = 6015 (User, FINAL) "Matrix: size limits"
        "Text beyond what a message carries"
        what "The text is cut, or a line says that there was more."
        why "A Matrix event holds 64 KiB in all; 32 KiB of text are carried."
        remedy "Write several messages.";
    LOST_UNTRANSLATABLE = 6016 (User, FINAL) "Matrix: m.room.message"
        "A message that cannot be translated at all"
        what "It is not carried."
        why "It lacks the content of its type."
        remedy "The sender's client has to act.";
    LOST_SENDER = 6017 (User, FINAL) "P-045"
        "The sender is not in the participant list"
        what "What the user says on Matrix is not carried."
        why "The hub has not admitted the user, or has removed it."
        remedy "Let somebody with the right role add the user.";
    LOST_UNREADABLE = 6018 (Peer, FINAL) "P-047"
        "A message that no client of ours can open"
        what "It is not carried. Later messages are not concerned."
        why "It belongs to an epoch before the gateway's or one whose secrets are gone, or was altered on the way."
        remedy "If it goes on, compare the epochs with `causewayctl group epochs`.";
    LOST_DISCARDED = 6019 (Peer, FINAL) "P-053, P-059, C-060"
        "A message that the receiver's rules discard"
        what "It is not carried."
        why "Its franking, its signature or its content does not hold: the text says which."
        remedy "The sender or its hub has to act. Many of these from one hub are an attack.";
    LOST_PAUSED = 6020 (Operator, FINAL) "SPEC.md §4"
        "The conversation is paused"
        what "Nothing is carried until it goes on."
        why "The Matrix room is encrypted or not opted in, or the hub's order could not be followed."
        remedy "`causewayctl room show` says why. Opt the room in, or invite the gateway anew.";
    LOST_REFUSED_BY_MATRIX = 6021 (User, FINAL) "Matrix: authorization rules"
        "The Matrix room's rules refuse what was said or done in MIMI"
        what "It does not appear on Matrix."
        why "The ghost lacks the power level to send, or to do this."
        remedy "Give the ghost the power, if you want it.";
    LOST_REFUSED_BY_HUB = 6022 (Peer, FINAL) "P-041, P-047"
        "The hub refuses what was said or done on Matrix"
        what "It is not carried; a notice in the Matrix room says so."
        why "The room's policy forbids it to this user, or the hub has rules of its own."
        remedy "Ask whoever governs the MIMI room.";
    LOST_HUB_CLOCK = 6024 (Peer, FINAL) "G-36"
        "The hub's timestamps ran backwards"
        what "The messages are carried; the order of Franks is in doubt."
        why "The hub's clock was set back, or it reorders."
        remedy "Ask the hub's operator about its clock.";
    LOST_COMMIT_REFUSED = 6025 (Peer, FINAL) "RFC 9420 §12.4; mimi-room-policy-04 §8"
        "A commit of the hub's order that we find invalid"
        what "The conversation pauses: it cannot follow the hub any more."
        why "The hub let pass what RFC 9420 or the room's policy forbids."
        remedy "Ask the hub's operator. To go on, let the gateway be removed and added again.";
    LOST_PROPOSAL_REFUSED = 6026 (Peer, FINAL) "RFC 9420 §12.1; mimi-room-policy-04 §8"
        "A proposal of the hub's order that we find invalid"
        what "It is ignored."
        why "The hub let pass what RFC 9420 or the room's policy forbids."
        remedy "Ask the hub's operator, if it lasts.";
    LOST_JOIN = 6027 (Peer, FINAL) "P-076"
        "A puppet or ghost could not join"
        what "The user cannot speak on the other side. It is tried again when the user next does."
        why "The hub or the homeserver refuses, or its answer was of no use: the text says which."
        remedy "Ask whoever governs the room.";
    LOST_KEY_PACKAGE = 6028 (Peer, FINAL) "P-025, G-15, DMLS-34"
        "A KeyPackage that must not be added"
        what "The client is left out; the user's other clients are added."
        why "It is expired, of another user, its credential does not hold, or its client cannot take part in a hardened group."
        remedy "The client has to upload new KeyPackages; or the group is hardened no more, `causewayctl group harden --off`.";
    LOST_NO_KEY_MATERIAL = 6029 (Peer, AGAIN) "P-028"
        "A user whose clients gave no KeyPackage"
        what "The user is not added; a notice in the Matrix room says so."
        why "No consent, no such user, no KeyPackages left, or no common ciphersuite."
        remedy "The user has to grant consent, or come online.";
    LOST_MENTION = 6030 (User, FINAL) "C-034"
        "A mention that the text does not show"
        what "The text is carried; whom else it was meant to reach is not."
        why "MIMI mentions somebody by a link in the text. The Matrix event named a user, or the whole room, beside its text."
        remedy "Mention users by their name in the text.";
    LOST_GRAPH_APART = 6031 (Operator, FINAL) "SPEC.md §15.7"
        "A peer's graph has no epoch in common with ours"
        what "In this room without a hub, we do not follow that peer, nor it us."
        why "We were apart for longer than anybody remembers, or somebody tells a wrong graph. Or the peer was asked for its graph to begin anew with, and has refused or not told it within an hour."
        remedy "Compare `causewayctl group epochs` with other providers. If it is us who were away, `causewayctl group begin-anew` takes the peer's graph; where that was not told, ask the peer's operator, and another peer.";
    LOST_GRAPH_CONFLICT = 6032 (Operator, FINAL) "DMLS-18"
        "Two sides of a room without a hub have gone too far apart"
        what "Nothing is sent in this room until somebody decides where it goes on. What was to be sent waits."
        why "Both sides went on alone for longer than the window, and each has taken its branch for final."
        remedy "`causewayctl group forks` shows the branches, `causewayctl group override` says which one counts.";
    LOST_GRAPH_ORDER_UNSEEN = 6033 (Operator, FINAL) "DMLS-39"
        "Somebody does not see the Matrix room that orders a group's commits"
        what "Commits made at the same time may be ranked otherwise there than elsewhere, until it sees the room or somebody else orders."
        why "We are not in the room that the latest term names, or may not write there; or a provider of the group is not in it, and has no user that comes."
        remedy "`causewayctl group hub-lost` lets the members order again, `causewayctl group hub-back` the hub.";
}
