use causeway_core::records::ParkedRow;
use causeway_store::Store;

use crate::support::*;

pub(crate) fn parked(conversation_id: Option<i64>, body: &[u8]) -> ParkedRow {
    ParkedRow {
        id: 0,
        kind: "fanout".to_owned(),
        source: "mimi:a".to_owned(),
        subject: "mimi://a/r/room".to_owned(),
        conversation_id,
        body: body.to_vec(),
        code: "CW-7010".to_owned(),
        reason: "stored state: nonsense".to_owned(),
        parked_at: NOW,
        holds_back: false,
        replays: 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_comes_back_until_it_is_processed() {
    for_each_database(|db| async move {
        let row = parked(Some(1), b"body");
        let id = db.run(tx!([row] | tx | tx.park(&row).await)).await;
        let again = db.run(tx!([id] | tx | tx.parked(id).await)).await.unwrap();
        assert!(again == ParkedRow { id, ..row });
        assert_eq!(db.run(tx!(|tx| tx.parked_of("mimi:a").await)).await, 1);
        assert_eq!(db.run(tx!(|tx| tx.parked_of("mimi:b").await)).await, 0);
        db.run(tx!([id] | tx | tx.replay_failed(id, ("CW-4010", "still")).await)).await;
        let again = db.run(tx!([id] | tx | tx.parked(id).await)).await.unwrap();
        assert_eq!((again.code.as_str(), again.reason.as_str(), again.replays), ("CW-4010", "still", 1));
        db.run(tx!([id] | tx | tx.unpark(id).await)).await;
        assert!(db.run(tx!([id] | tx | tx.parked(id).await)).await.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_says_so_holds_back_later_inputs_of_its_conversation() {
    for_each_database(|db| async move {
        let passing = parked(Some(1), b"message");
        let mut holding = parked(Some(1), b"commit");
        holding.holds_back = true;
        db.run(tx!([passing] | tx | tx.park(&passing).await)).await;
        assert_eq!(db.run(tx!(|tx| tx.held_back_by(1).await)).await, None);
        let first = db.run(tx!([holding] | tx | tx.park(&holding).await)).await;
        db.run(tx!([holding] | tx | tx.park(&holding).await)).await;
        assert_eq!(db.run(tx!(|tx| tx.held_back_by(1).await)).await, Some(first));
        assert_eq!(db.run(tx!(|tx| tx.held_back_by(2).await)).await, None);
    })
    .await;
}

/// Without master key, and without a word of the body.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_why_something_is_parked() {
    for_each_database(|db| async move {
        let row = parked(None, b"body");
        let id = db.run(tx!([row] | tx | tx.park(&row).await)).await;
        let reader = Store::connect_read_only(&db.url).await.unwrap();
        let lines =
            reader.transaction::<_, causeway_store::StoreError, _>("lines", tx!(|tx| tx.parked_lines().await)).await.unwrap();
        assert_eq!((lines[0].id, lines[0].code.as_str(), lines[0].replays), (id, "CW-7010", 0));
        assert!(lines[0].octets > 4);
    })
    .await;
}
