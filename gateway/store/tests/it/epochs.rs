use causeway_core::records::EpochRow;

use crate::support::*;

pub(crate) fn epoch(conversation_id: i64, number: u8) -> EpochRow {
    EpochRow {
        conversation_id,
        epoch_id: vec![number + 1; 32],
        parent_epoch_id: (number > 0).then(|| vec![number; 32]),
        number: number.into(),
        confirmation_tag: vec![number; 32],
        status: "head".to_owned(),
        origin: if number == 0 { "created" } else { "committed" }.to_owned(),
        committer: (number > 0).then(|| "mimi://a.test/d/carol/phone".to_owned()),
        commit: vec![number; 9],
        created_at: NOW + i64::from(number),
    }
}

/// Every epoch names its parent, and one is head.
#[tokio::test(flavor = "multi_thread")]
async fn epochs_are_a_chain_with_one_head() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        let other = db.conversation().await;
        db.run(tx!([id, other] | tx | {
            tx.insert_epoch(&epoch(other, 0)).await?;
            for number in 0..4 {
                tx.insert_epoch(&epoch(id, number)).await?;
            }
            Ok(())
        }))
        .await;
        let epochs = db.run(tx!([id] | tx | tx.epochs(id).await)).await;
        assert_eq!(epochs.len(), 4);
        for pair in epochs.windows(2) {
            assert_eq!(pair[1].parent_epoch_id.as_ref(), Some(&pair[0].epoch_id));
        }
        let heads: Vec<_> = epochs.iter().filter(|epoch| epoch.status == "head").map(|epoch| epoch.number).collect();
        assert_eq!(heads, [3]);
        assert_eq!(epochs[3], epoch(id, 3));
        assert_eq!(db.run(tx!([other] | tx | tx.epochs(other).await)).await[0].status, "head");
    })
    .await;
}

/// The same epoch from its commit and from the hub's fan-out is one row.
#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_stored_twice_is_one() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        for _ in 0..2 {
            db.run(tx!([id] | tx | tx.insert_epoch(&epoch(id, 0)).await)).await;
        }
        assert_eq!(db.run(tx!([id] | tx | tx.epochs(id).await)).await, vec![epoch(id, 0)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_belongs_to_a_conversation() {
    for_each_database(|db| async move {
        let result = db.store.transaction("orphan", tx!(|tx| tx.insert_epoch(&epoch(77, 0)).await)).await;
        assert!(matches!(result, Err(causeway_store::StoreError::Database(_))), "{result:?}");
    })
    .await;
}
