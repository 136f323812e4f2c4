use causeway_core::records::{ConsentRow, LossRow, MessageRow, PinnedRootRow, ProfileRow, ServerKeyRow};

use crate::support::*;

fn message(conversation_id: i64, event_id: &str) -> MessageRow {
    MessageRow {
        conversation_id,
        event_id: event_id.to_owned(),
        message_id: vec![1; 32],
        part: 2,
        first_message_id: vec![2; 32],
        first_event_id: "$first".to_owned(),
        kind: "edit".to_owned(),
        matrix_sender: "@alice:hs.test".to_owned(),
        mimi_sender: "mimi://gw.test/u/alice%3Ahs.test".to_owned(),
        direction: "matrix_to_mimi".to_owned(),
        hub_timestamp: None,
        epoch_id: None,
        frank: Some(vec![3; 10]),
    }
}

/// Hub time and epoch become known with the hub's answer; the rest of a pair never changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_learns_its_hub_time() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        db.run(tx!([id] | tx | tx.put_message(&message(id, "$a")).await)).await;
        assert_eq!(db.run(tx!([id] | tx | tx.messages(id).await)).await, [message(id, "$a")]);
        let answered = MessageRow { hub_timestamp: Some(NOW), epoch_id: Some(vec![4; 32]), ..message(id, "$a") };
        db.run(tx!([answered] | tx | tx.put_message(&answered).await)).await;
        assert_eq!(db.run(tx!([id] | tx | tx.messages(id).await)).await, [answered]);
    })
    .await;
}

/// The order in which an index is built is the hub's; what the hub has not answered yet is newest.
#[tokio::test(flavor = "multi_thread")]
async fn messages_come_in_the_hubs_order() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        db.run(tx!([id] | tx | {
            tx.put_message(&message(id, "$0 waits")).await?;
            tx.put_message(&MessageRow { hub_timestamp: Some(NOW + 1), ..message(id, "$1") }).await?;
            tx.put_message(&MessageRow { hub_timestamp: Some(NOW), ..message(id, "$2") }).await
        }))
        .await;
        let found = db.run(tx!([id] | tx | tx.messages(id).await)).await;
        assert_eq!(found.iter().map(|row| row.event_id.as_str()).collect::<Vec<_>>(), ["$2", "$1", "$0 waits"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p_080_consents_have_one_row_a_scope() {
    for_each_database(|db| async move {
        let consent = |room: &str, conversation_id, status: &str, updated_at| ConsentRow {
            requester: "mimi://a.test/u/carol".to_owned(),
            target: "mimi://gw.test/u/alice".to_owned(),
            room: room.to_owned(),
            status: status.to_owned(),
            conversation_id,
            updated_at,
        };
        let rows = [consent("", Some(5), "requested", NOW), consent("mimi://a.test/r/club", None, "granted", NOW + 1)];
        db.run(tx!([rows] | tx | {
            for row in &rows {
                tx.put_consent(row).await?;
            }
            Ok(())
        }))
        .await;
        let granted = consent("", Some(5), "granted", NOW + 2);
        db.run(tx!([granted] | tx | tx.put_consent(&granted).await)).await;
        let found = db.run(tx!(|tx| tx.consents("mimi://a.test/u/carol", "mimi://gw.test/u/alice").await)).await;
        assert_eq!(found, [granted, rows[1].clone()]);
        assert!(db.run(tx!(|tx| tx.consents("mimi://gw.test/u/alice", "mimi://a.test/u/carol").await)).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn losses_are_kept_in_order() {
    for_each_database(|db| async move {
        let loss = |conversation_id, feature: &str| LossRow {
            conversation_id,
            source: "$a".to_owned(),
            direction: "matrix_to_mimi".to_owned(),
            feature: feature.to_owned(),
            detail: "an image".to_owned(),
            recorded_at: NOW,
        };
        let rows = [loss(1, "media"), loss(1, "markup"), loss(2, "poll")];
        db.run(tx!([rows] | tx | {
            for row in &rows {
                tx.insert_loss(row).await?;
            }
            Ok(())
        }))
        .await;
        assert_eq!(db.run(tx!(|tx| tx.losses(1).await)).await, rows[..2]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_keeps_whom_it_stands_for() {
    for_each_database(|db| async move {
        let profile = |name: &str| ProfileRow {
            user_id: "@_mimi_a.test/carol:gw.test".to_owned(),
            mimi_user: "mimi://a.test/u/carol".to_owned(),
            kind: "ghost".to_owned(),
            display_name: Some(name.to_owned()),
        };
        for name in ["Carol", "Caroline"] {
            let row = profile(name);
            db.run(tx!([row] | tx | tx.put_profile(&row).await)).await;
        }
        assert_eq!(db.run(tx!(|tx| tx.profile("@_mimi_a.test/carol:gw.test").await)).await, Some(profile("Caroline")));
        assert_eq!(db.run(tx!(|tx| tx.profile("@dave:hs.test").await)).await, None);
    })
    .await;
}

/// A key id is a name for ever: a homeserver that puts another key under it is not believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_key_never_changes_under_its_id() {
    for_each_database(|db| async move {
        let key = |public_key, valid_until| ServerKeyRow {
            server_name: "hs.test".to_owned(),
            key_id: "ed25519:1".to_owned(),
            public_key: vec![public_key; 32],
            valid_until,
            expired_at: None,
        };
        for row in [key(1, NOW), key(2, NOW + 1)] {
            db.run(tx!([row] | tx | tx.put_server_key(&row).await)).await;
        }
        assert_eq!(db.run(tx!(|tx| tx.server_keys("hs.test").await)).await, [key(1, NOW + 1)]);
        assert!(db.run(tx!(|tx| tx.server_keys("other.test").await)).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_root_remembers_when_it_was_first_seen() {
    for_each_database(|db| async move {
        let root =
            |root, first_seen, last_seen| PinnedRootRow { domain: "a.test".to_owned(), root: vec![root], first_seen, last_seen };
        for row in [root(1, NOW, NOW), root(2, NOW + 5, NOW + 5), root(1, NOW + 9, NOW + 9)] {
            db.run(tx!([row] | tx | tx.put_pinned_root(&row).await)).await;
        }
        // Overlap at rotation: both stand.
        assert_eq!(db.run(tx!(|tx| tx.pinned_roots().await)).await, [root(1, NOW, NOW + 9), root(2, NOW + 5, NOW + 5)]);
    })
    .await;
}
