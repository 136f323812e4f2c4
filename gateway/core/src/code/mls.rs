//! 4xxx: MLS groups and their epochs.

super::codes! {
    MLS_MALFORMED = 4001 (Peer, FINAL) "RFC 9420 §6"
        "Not a usable MLS message"
        what "The message is refused; the group does not change."
        why "It does not decode, or is of a kind that has no place here."
        remedy "The sender has to act.";
    WRONG_EPOCH = 4002 (Peer, AGAIN) "P-041"
        "A handshake of another epoch than the head"
        what "The answer is wrongEpoch with the head's number; the group does not change."
        why "Another commit was quicker. This is normal where several clients commit."
        remedy "Nothing: the sender commits again in the new epoch.";
    EPOCH_TOO_OLD = 4003 (Peer, FINAL) "P-047"
        "A message of an epoch whose secrets are gone"
        what "The answer is epochTooOld, or a loss is recorded."
        why "The message was under way for longer than secrets are kept: they are deleted on purpose."
        remedy "Nothing: the sender seals the message again.";
    EPOCH_AHEAD = 4004 (Peer, AGAIN) "P-047"
        "A message of an epoch that the gateway has not reached"
        what "The message is refused; it can be sent again."
        why "A commit is still under way, or was missed."
        remedy "If it lasts, compare the epochs of both sides with `causewayctl group epochs`.";
    OWN_MESSAGE = 4005 (Peer, FINAL) "RFC 9420 §6.3.2"
        "A message of our own came back"
        what "It is ignored."
        why "The hub fans out to its sender as well, or the line loops."
        remedy "Nothing.";
    MLS_INVALID = 4006 (Peer, FINAL) "RFC 9420 §12"
        "MLS forbids it"
        what "The commit, proposal or message is refused; the group does not change."
        why "A signature, a tag, a tree or a rule of RFC 9420 does not hold: the text says which."
        remedy "The sender has to act.";
    UNKNOWN_PROVIDER = 4007 (Peer, AGAIN) "G-28"
        "No credential root of a provider is known"
        what "The provider's directory was asked first, in vain; then this was refused."
        why "The provider cannot be reached, or its directory names no mls_credential_roots."
        remedy "Check that the gateway reaches the provider's /.well-known/mimi-protocol-directory.";
    CREDENTIAL_REFUSED = 4008 (Peer, FINAL) "P-022, G-28"
        "A credential is not what it has to be"
        what "The client is not admitted; the group does not change."
        why "The chain does not lead to a pinned root of its domain, the key is another than the leaf's, or it has run out."
        remedy "If the provider has changed its authority, its old and new roots have to overlap.";
    NO_SUCH_CLIENT = 4009 (Ours, FINAL) "RFC 9420 §7"
        "The gateway has no such client in this group"
        what "What needed the client is refused or parked."
        why "The puppet has no leaf here, or lost it."
        remedy "Let the user say something: its puppet joins then. If it does not, report it.";
    GROUP_STATE = 4010 (Ours, FINAL) "RFC 9420 §8"
        "The stored state of a group is not what it should be"
        what "The conversation does not go on; others are not concerned. What came in is parked."
        why "Rows are missing or were altered, for example by restoring parts of a database."
        remedy "Restore the whole database, or let the gateway leave and join again. Report it if nobody touched the database.";
    RESYNC_REQUIRED = 4011 (Operator, FINAL) "SPEC.md §11.3"
        "The group is locked until its members have joined anew"
        what "Nothing is sealed or committed for the client; what should have been is parked."
        why "The database was restored from a backup and adopted: what own clients knew of the group must not be used again."
        remedy "With a foreign hub puppets join anew by themselves, when they or the hub speak next; then replay what is parked. With our hub a follower is ahead of us: tell the gateway to take its graph (`causewayctl group begin-anew`), have the follower give the hub up (`group hub-lost`), then call it back (`group hub-back`). Where no follower is a gateway, open a new room.";
    EPOCH_FINAL = 4012 (Peer, FINAL) "DMLS-7"
        "The epoch is final: no other commit can be made in it"
        what "The commit or statement is refused; the graph does not change."
        why "It was under way for longer than forks are remembered, or somebody has gone on alone for as long."
        remedy "The sender's clients come back by an external commit on the head.";
    NO_PLACE_IN_GRAPH = 4013 (Peer, FINAL) "DMLS-8, DMLS-9, DMLS-17"
        "The graph of epochs keeps no more of these"
        what "The commit or statement is refused; the graph does not change."
        why "A branch that has lost runs on past the window, or there are too many commits in one epoch or by one user, or one user has signed too many statements of terms."
        remedy "The sender goes on from the head.";
    GROUP_CONFLICT = 4014 (Peer, AGAIN) "DMLS-18"
        "Two sides of the group have gone too far apart"
        what "Nothing is sent in this conversation until somebody decides where the group goes on."
        why "Both sides went on alone for longer than the window, and each has taken its branch for final."
        remedy "`causewayctl group forks` shows the branches, `causewayctl group override` says which one counts.";
    STRANDED = 4015 (Ours, AGAIN) "SPEC §14.7"
        "A client holds no secrets of the head"
        what "It sends and reads nothing until it has come back."
        why "It is on a branch that lost, or could not open a commit that is valid."
        remedy "Nothing: it comes back by an external commit.";
    REPEATED_MESSAGE = 4016 (Peer, FINAL) "RFC 9420 §9"
        "A message has been opened before"
        what "It is ignored."
        why "It came by two ways, or its carrier has repeated it."
        remedy "Nothing.";
}
