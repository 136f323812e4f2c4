//! 9xxx: faults of the gateway itself.

super::codes! {
    INTERNAL = 9001 (Ours, AGAIN) "ARCHITECTURE.md: errors, codes, parking"
        "Something that should not happen"
        what "The request is answered with 500; nothing of it is stored."
        why "A bug. The log holds the whole text, the peer gets none of it."
        remedy "Report it, with the log's lines around it.";
}
