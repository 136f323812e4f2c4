use causeway_core::records::{AnewRow, ConversationRow, PeerPathRow, RetentionRow};
use causeway_store::StoreError;

use crate::support::*;

fn full(id: i64, version: i64) -> ConversationRow {
    ConversationRow {
        id,
        version,
        status: "active".to_owned(),
        topology: Some("our_hub".to_owned()),
        matrix_room_id: Some("!room:hs.test".to_owned()),
        room_version: Some("12".to_owned()),
        mimi_room: Some("mimi://gw.test/r/club".to_owned()),
        hub: Some("gw.test".to_owned()),
        group_id: Some(b"group".to_vec()),
        head_epoch_id: Some(vec![7; 32]),
        head_number: Some(3),
        resync: true,
        ..conversation()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_comes_back_as_it_was_stored() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        let stored = db.run(tx!([id] | tx | tx.lock_conversation(id).await)).await.unwrap();
        assert_eq!(stored, ConversationRow { id, version: 1, ..conversation() });
        let wanted = full(id, stored.version);
        db.run(tx!([wanted] | tx | tx.update_conversation(&wanted).await)).await;
        let stored = db.run(tx!([id] | tx | tx.lock_conversation(id).await)).await.unwrap();
        assert_eq!(stored, ConversationRow { version: 2, ..wanted });
        assert_eq!(db.run(tx!(|tx| tx.conversation_of_matrix_room("!room:hs.test").await)).await, Some(id));
        assert_eq!(db.run(tx!(|tx| tx.conversation_of_mimi_room("mimi://gw.test/r/club").await)).await, Some(id));
        assert_eq!(db.run(tx!(|tx| tx.conversation_of_mimi_room("mimi://gw.test/r/other").await)).await, None);
        assert_eq!(db.run(tx!(|tx| tx.conversations().await)).await.len(), 1);
        assert_eq!(db.run(tx!(|tx| tx.lock_conversation(999).await)).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_version_is_a_conflict_and_changes_nothing() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        db.run(tx!([id] | tx | tx.update_conversation(&full(id, 1)).await)).await;
        let stale = ConversationRow { status: "closed".to_owned(), ..full(id, 1) };
        let result = db.store.transaction("stale", tx!([stale] | tx | tx.update_conversation(&stale).await)).await;
        assert!(matches!(result, Err(StoreError::Conflict)), "{result:?}");
        let stored = db.run(tx!([id] | tx | tx.lock_conversation(id).await)).await.unwrap();
        assert_eq!((stored.status.as_str(), stored.version), ("active", 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_room_has_one_conversation() {
    for_each_database(|db| async move {
        let first = ConversationRow { matrix_room_id: Some("!a:hs.test".to_owned()), ..conversation() };
        db.run(tx!([first] | tx | tx.insert_conversation(&first).await)).await;
        let again = db.store.transaction("again", tx!([first] | tx | tx.insert_conversation(&first).await)).await;
        assert!(matches!(again, Err(StoreError::Database(_))), "{again:?}");
        assert_eq!(db.run(tx!(|tx| tx.conversations().await)).await.len(), 1);
    })
    .await;
}

/// Twenty transactions that read, then write: not one change is lost, none conflicts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_lock_of_a_conversation_serialises_its_turns() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        let mut turns = tokio::task::JoinSet::new();
        for turn in 0..20u8 {
            let store = db.store.clone();
            turns.spawn(async move {
                let body = tx!([id, turn] | tx | {
                    let mut row = tx.lock_conversation(id).await?.unwrap();
                    row.bookkeeping.push(turn);
                    tokio::task::yield_now().await;
                    tx.update_conversation(&row).await
                });
                store.transaction::<(), StoreError, _>("turn", body).await
            });
        }
        for result in turns.join_all().await {
            result.unwrap();
        }
        let stored = db.run(tx!([id] | tx | tx.lock_conversation(id).await)).await.unwrap();
        let mut seen = stored.bookkeeping[conversation().bookkeeping.len()..].to_vec();
        seen.sort_unstable();
        assert_eq!(seen, (0..20).collect::<Vec<u8>>());
        assert_eq!(stored.version, 21);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_graph_is_begun_anew_with_is_replaced_and_forgotten() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        let of = |provider: &str, since| Some(AnewRow { provider: provider.to_owned(), since });
        for row in [None, of("a.test", 1), of("b.test", 2), None] {
            let stored = row.clone();
            db.run(tx!([id, stored] | tx | tx.replace_anew(id, stored.as_ref()).await)).await;
            assert_eq!(db.run(tx!([id] | tx | tx.anew(id).await)).await, row);
        }
    })
    .await;
}

/// What is stored of them is all or nothing.
#[tokio::test(flavor = "multi_thread")]
async fn paths_to_peers_are_replaced_together() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        let path = |provider: &str, path: &str, room: Option<&str>| PeerPathRow {
            provider: provider.to_owned(),
            path: path.to_owned(),
            matrix_room_id: room.map(str::to_owned),
        };
        let some = vec![path("a.test", "peers' room", Some("!peers")), path("b.test", "causewayPeer", None)];
        for rows in [some.clone(), vec![path("b.test", "fan-out", None)], Vec::new(), some] {
            db.run(tx!([id, rows] | tx | tx.replace_peer_paths(id, &rows).await)).await;
            assert_eq!(db.run(tx!([id] | tx | tx.peer_paths(id).await)).await, rows);
        }
    })
    .await;
}

/// Nothing is set until something is; what is undone is nothing again.
#[tokio::test(flavor = "multi_thread")]
async fn retention_is_what_was_set_last() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        let nothing = RetentionRow { conversation_id: id, epochs: None, age_ms: None, graph_window: None };
        let set = RetentionRow { conversation_id: id, epochs: Some(3), age_ms: Some(0), graph_window: Some(5) };
        assert_eq!(db.run(tx!([id] | tx | tx.retention(id).await)).await, nothing);
        for row in [set, nothing] {
            db.run(tx!([row] | tx | tx.put_retention(&row).await)).await;
            assert_eq!(db.run(tx!([id] | tx | tx.retention(id).await)).await, row);
        }
    })
    .await;
}
