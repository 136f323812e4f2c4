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
        "The key ring, or the slice ring, cannot be read or written"
        what "The gateway does not start; a running one goes on with the keys that it has."
        why "The file that the text names is missing, is open to others, or is no ring."
        remedy "It belongs to the gateway's user alone, mode 0600. Restore master.key from its backup. Of slices there is none: if they are lost, `causeway keys adopt`.";
    UNKNOWN_SLICE = 7022 (Operator, FINAL) "SPEC.md §11.3"
        "A key of an epoch is under a slice that is not in the slice ring"
        what "At start: the gateway does not start. Later: what needs the epoch fails, and nothing is deleted. The ring is read again each time."
        why "The ring is an older copy, or another process' ring; or the gateway has never been started on this database."
        remedy "Put the right slice ring in place: all processes of one database share it. If it is lost, `causeway keys adopt`.";
    STALE_DATABASE = 7040 (Operator, FINAL) "SPEC.md §11.3"
        "The database is older than its slice ring"
        what "The gateway does not start, and changes nothing; one that runs rotates no slices any more."
        why "The database was restored from a backup, or is another one than before. MLS members that went back in time would encrypt with keys that have been used."
        remedy "If the restored database is what you want, stop all processes and run `causeway keys adopt`: groups with secrets begin anew.";
    FOREIGN_RING = 7042 (Operator, FINAL) "SPEC.md §11.3"
        "The slice ring belongs to another database"
        what "The gateway does not start, and changes nothing."
        why "data_directory, slices or database.url names another gateway's."
        remedy "Correct the configuration. `causeway keys adopt` makes the ring this database's own; the other database has to be adopted, too, then.";
    DATABASE_URL = 8001 (Operator, FINAL) "README.md: configuration"
        "database.url is of neither database"
        what "The program does not start."
        why "It has to begin with sqlite:// or postgres://."
        remedy "Correct the configuration.";
}
