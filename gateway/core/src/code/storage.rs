//! 7xxx and 8xxx: the database, the keys, the configuration.

super::codes! {
    DATABASE = 7001 (Operator, AGAIN) "SPEC.md §11"
        "The database fails"
        what "Nothing of the transaction is stored. Peers are answered with 500 and send again."
        why "It is down, full, unreachable, or refuses a statement: the text says which."
        remedy "Restore the database's service. The gateway goes on by itself.";
    DOES_NOT_OPEN = 7002 (Operator, FINAL) "SPEC.md §11"
        "A sealed value does not open"
        what "What needs the value fails; nothing is overwritten."
        why "The value was altered or moved to another row, or master.key is of another database."
        remedy "Put the right master.key in place. If the rest opens, restore the row's database from a backup.";
    NEWER_SCHEMA = 7003 (Operator, FINAL) "SPEC.md §11"
        "The database is newer than the program"
        what "The program does not start."
        why "A newer version of the gateway has migrated it."
        remedy "Use the newer program. Migrations are never undone.";
    OLDER_SCHEMA = 7004 (Operator, FINAL) "SPEC.md §11"
        "The database is older than the program, or empty"
        what "The program does not read it."
        why "Only the gateway migrates; it has not been started on this database since the update."
        remedy "Start the gateway, then try again.";
    CONFLICT = 7005 (Ours, AGAIN) "ARCHITECTURE.md: locks, caches, several processes"
        "The conversation has changed since it was loaded"
        what "The transaction is run again on the new state."
        why "Two processes worked on one conversation."
        remedy "Nothing; if it reaches a peer, report it.";
    CANCELLED = 7006 (Ours, AGAIN) "SPEC.md §11"
        "The transaction's task ended early"
        what "Nothing is stored."
        why "The process is ending, or the task panicked: then the log says so."
        remedy "Nothing, if the process was stopped.";
    HALF_MIGRATED = 7007 (Operator, FINAL) "SPEC.md §11"
        "The database is half-migrated"
        what "The program does not start."
        why "The record of migrations has gaps, or lacks what is there: part of a backup was restored, or somebody changed it by hand."
        remedy "Restore a whole backup. A migration itself is one transaction and leaves nothing half-done.";
    STORED_STATE = 7010 (Ours, FINAL) "SPEC.md §11"
        "What is stored makes no sense"
        what "What needed it fails or is parked; other conversations are not concerned."
        why "A row is missing or unreadable: a bug, or somebody changed the database by hand."
        remedy "Report it with the text. If the database was changed by hand, restore it.";
    UNKNOWN_KEY = 7020 (Operator, FINAL) "SPEC.md §11"
        "A sealed value names a key that is not in the ring"
        what "What needs the value fails; nothing is overwritten. The ring is read again each time."
        why "Another process uses a newer ring, or an old key was removed before everything was sealed anew."
        remedy "Put the complete master.key in place. `causewayctl keys status` shows which keys are still needed.";
    RING_UNREADABLE = 7021 (Operator, FINAL) "SPEC.md §11"
        "The key ring cannot be read or written"
        what "The gateway does not start; a running one goes on with the keys that it has."
        why "master.key is missing rights, or is no list of keys."
        remedy "Restore the file from its backup; it belongs to the gateway's user alone, mode 0600.";
    DATABASE_URL = 8001 (Operator, FINAL) "README.md: configuration"
        "database.url is of neither database"
        what "The program does not start."
        why "It has to begin with sqlite:// or postgres://."
        remedy "Correct the configuration.";
}
