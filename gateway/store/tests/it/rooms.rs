use causeway_core::records::{EventRow, ExtremityRow, StateMapRow};

use crate::support::*;

const ROOM: &str = "!room:hs.test";

fn event(event_id: &str, depth: i64) -> EventRow {
    EventRow {
        event_id: event_id.to_owned(),
        room_id: ROOM.to_owned(),
        stream: 0,
        event_type: "m.room.message".to_owned(),
        state_key: None,
        sender: "@alice:hs.test".to_owned(),
        depth,
        origin_server_ts: NOW,
        json: format!("{{\"depth\":{depth}}}"),
        state_before: Some(vec![1; 32]),
        rejected: None,
        soft_failed: false,
        outlier: false,
    }
}

fn ids(events: &[EventRow]) -> Vec<&str> {
    events.iter().map(|event| event.event_id.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outlier_is_completed_once() {
    for_each_database(|db| async move {
        let outlier = EventRow { state_before: None, outlier: true, ..event("$a", 1) };
        db.run(tx!([outlier] | tx | tx.put_event(&outlier).await)).await;
        assert!(db.run(tx!(|tx| tx.event("$a").await)).await.unwrap().outlier);
        let complete = EventRow { soft_failed: true, ..event("$a", 1) };
        db.run(tx!([complete] | tx | tx.put_event(&complete).await)).await;
        let first = db.run(tx!(|tx| tx.event("$a").await)).await.unwrap();
        assert_eq!(first, EventRow { stream: first.stream, ..complete });
        // Known for good: neither as outlier nor as rejected does it come again.
        db.run(tx!([outlier] | tx | tx.put_event(&outlier).await)).await;
        let rejected = EventRow { rejected: Some("late".to_owned()), ..event("$a", 1) };
        db.run(tx!([rejected] | tx | tx.put_event(&rejected).await)).await;
        assert_eq!(db.run(tx!(|tx| tx.event("$a").await)).await.unwrap(), first);
    })
    .await;
}

/// A room loads what its state and auth chains need, and its extremities; not its whole history.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_loads_state_outliers_and_extremities() {
    for_each_database(|db| async move {
        db.run(tx!(|tx| {
            tx.put_event(&EventRow { state_key: Some(String::new()), ..event("$create", 1) }).await?;
            tx.put_event(&event("$old", 2)).await?;
            tx.put_event(&EventRow { outlier: true, ..event("$outlier", 2) }).await?;
            tx.put_event(&event("$newest", 3)).await?;
            let extremity = ExtremityRow { room_id: ROOM.to_owned(), event_id: "$newest".to_owned(), state_after: vec![1; 32] };
            tx.replace_extremities(ROOM, &[extremity]).await
        }))
        .await;
        let found = db.run(tx!(|tx| tx.events_for_state(ROOM).await)).await;
        assert_eq!(ids(&found), ["$create", "$outlier", "$newest"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn extremities_are_replaced_as_a_whole() {
    for_each_database(|db| async move {
        let extremity = |room: &str, id: &str| ExtremityRow {
            room_id: room.to_owned(),
            event_id: id.to_owned(),
            state_after: id.as_bytes().to_vec(),
        };
        let (old, new) = ([extremity(ROOM, "$a"), extremity(ROOM, "$b")], [extremity(ROOM, "$c")]);
        let other = [extremity("!other:hs.test", "$a")];
        db.run(tx!([old, other] | tx | {
            tx.replace_extremities(ROOM, &old).await?;
            tx.replace_extremities("!other:hs.test", &other).await
        }))
        .await;
        assert_eq!(db.run(tx!(|tx| tx.extremities(ROOM).await)).await, old);
        db.run(tx!([new] | tx | tx.replace_extremities(ROOM, &new).await)).await;
        assert_eq!(db.run(tx!(|tx| tx.extremities(ROOM).await)).await, new);
        assert_eq!(db.run(tx!(|tx| tx.extremities("!other:hs.test").await)).await, other);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_map_is_stored_once() {
    for_each_database(|db| async move {
        let map = StateMapRow { hash: vec![9; 32], body: b"body".to_vec() };
        for _ in 0..2 {
            db.run(tx!([map] | tx | tx.put_state_map(&map).await)).await;
        }
        assert_eq!(db.run(tx!(|tx| tx.state_map(&[9; 32]).await)).await.unwrap(), b"body");
        assert_eq!(db.run(tx!(|tx| tx.state_map(&[8; 32]).await)).await, None);
        assert_eq!(db.raw_count("SELECT COUNT(*) FROM state_maps").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_type_are_counted_by_who_has_sent_them() {
    for_each_database(|db| async move {
        let by = |sender: &str, event: EventRow| EventRow { sender: sender.to_owned(), ..event };
        let elsewhere = EventRow { room_id: "!other:hs.test".to_owned(), ..event("$d", 4) };
        for row in [event("$a", 1), by("@bob:hs.test", event("$b", 2)), by("@bob:hs.test", event("$c", 3)), elsewhere] {
            db.run(tx!([row] | tx | tx.put_event(&row).await)).await;
        }
        let counted = db.run(tx!(|tx| tx.events_by_sender(ROOM, "m.room.message").await)).await;
        assert_eq!(counted, [("@alice:hs.test".to_owned(), 1), ("@bob:hs.test".to_owned(), 2)]);
        assert_eq!(db.run(tx!(|tx| tx.events_by_sender(ROOM, "m.room.name").await)).await, []);
    })
    .await;
}
