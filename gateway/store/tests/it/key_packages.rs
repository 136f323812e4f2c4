use std::collections::BTreeSet;
use std::time::Duration;

use causeway_core::records::KeyPackageRow;
use causeway_store::StoreError;

use crate::support::*;

const USER: &str = "mimi://gw.test/u/alice";
const ROOM: (&str, &str) = ("a.test", "mimi://a.test/r/club");

pub(crate) fn package(number: u8, not_after: i64) -> KeyPackageRow {
    KeyPackageRow {
        reference: vec![number; 32],
        user_uri: USER.to_owned(),
        client_uri: "mimi://gw.test/d/alice/gateway-1".to_owned(),
        key_package: vec![number],
        private: b"init key and encryption key".to_vec(),
        not_after,
        claimed_by: None,
        claimed_room: None,
        claimed_at: None,
    }
}

async fn publish(db: &Database, count: u8) {
    db.run(tx!([count] | tx | {
        for number in 0..count {
            tx.insert_key_package(&package(number, NOW + 1_000)).await?;
        }
        Ok(())
    }))
    .await;
}

/// P-025: twenty concurrent claims of ten KeyPackages get ten, each another.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p_025_no_key_package_is_handed_out_twice() {
    for_each_database(|db| async move {
        publish(&db, 10).await;
        let mut claims = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let store = db.store.clone();
            claims.spawn(async move {
                let claim = tx!(|tx| tx.claim_key_package(USER, ROOM, NOW).await);
                store.transaction::<_, StoreError, _>("claim", claim).await.unwrap()
            });
        }
        let claimed: Vec<_> = claims.join_all().await.into_iter().flatten().map(|row| row.reference).collect();
        assert_eq!(claimed.len(), 10);
        assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>().len(), 10);
        assert_eq!(db.run(tx!(|tx| tx.unclaimed_key_packages(USER, NOW).await)).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_key_package_is_never_handed_out() {
    for_each_database(|db| async move {
        db.run(tx!(|tx| {
            tx.insert_key_package(&package(1, NOW)).await?;
            tx.insert_key_package(&package(2, NOW + 1)).await
        }))
        .await;
        assert_eq!(db.run(tx!(|tx| tx.unclaimed_key_packages(USER, NOW).await)).await, 1);
        let first = db.run(tx!(|tx| tx.claim_key_package(USER, ROOM, NOW).await)).await.unwrap();
        assert_eq!(first.reference, [2; 32]);
        assert!(db.run(tx!(|tx| tx.claim_key_package(USER, ROOM, NOW).await)).await.is_none());
    })
    .await;
}

/// The row stays, so that the Welcome finds its client; it tells who claimed it, for what.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_written_down() {
    for_each_database(|db| async move {
        publish(&db, 1).await;
        db.run(tx!(|tx| tx.claim_key_package(USER, ROOM, NOW).await)).await.unwrap();
        let row = db.run(tx!(|tx| tx.key_package(&[0; 32]).await)).await.unwrap();
        assert_eq!(row.claimed_by.as_deref(), Some(ROOM.0));
        assert_eq!(row.claimed_room.as_deref(), Some(ROOM.1));
        assert_eq!(row.claimed_at, Some(NOW));
        assert_eq!(row.private, b"init key and encryption key");
        assert!(db.run(tx!(|tx| tx.claim_key_package("mimi://gw.test/u/bob", ROOM, NOW).await)).await.is_none());
    })
    .await;
}

/// RFC 9420 §16.8: the secrets go when the Welcome has been used; the claim stays spent.
#[tokio::test(flavor = "multi_thread")]
async fn the_secrets_of_a_spent_key_package_are_gone() {
    for_each_database(|db| async move {
        publish(&db, 1).await;
        db.run(tx!(|tx| tx.claim_key_package(USER, ROOM, NOW).await)).await.unwrap();
        db.run(tx!(|tx| tx.spend_key_package(&[0; 32]).await)).await;
        assert!(db.run(tx!(|tx| tx.key_package(&[0; 32]).await)).await.unwrap().private.is_empty());
        assert_eq!(db.raw_bytes("SELECT secret FROM key_packages").await, vec![Vec::<u8>::new()]);
        assert_eq!(db.raw_count("SELECT COUNT(*) FROM epoch_keys").await, 0, "nor is there a key that could open a copy of them");
        assert!(db.run(tx!(|tx| tx.claim_key_package(USER, ROOM, NOW).await)).await.is_none());
    })
    .await;
}

/// Nobody can use a KeyPackage that has run out; a Welcome that was made before may take a day.
#[tokio::test(flavor = "multi_thread")]
async fn the_secrets_of_an_expired_key_package_go_with_the_next_slice() {
    const HOUR: i64 = 60 * 60 * 1000;
    for_each_database(|db| async move {
        let body = tx!(|tx| {
            tx.insert_key_package(&package(1, NOW + HOUR)).await?;
            tx.insert_key_package(&package(2, NOW + 100 * HOUR)).await
        });
        db.run(body).await;
        let keys = "SELECT COUNT(*) FROM epoch_keys WHERE conversation_id = 0";
        for (hours, kept) in [(2, 2), (26, 1)] {
            db.store.rotate_slices(NOW + hours * HOUR, Duration::from_secs(3600), Duration::ZERO).await.unwrap();
            assert_eq!(db.raw_count(keys).await, kept);
        }
        let private = |number: u8| tx!([number] | tx | tx.key_package(&[number; 32]).await);
        assert!(db.run(private(1)).await.unwrap().private.is_empty());
        assert_eq!(db.run(private(2)).await.unwrap().private, package(2, 0).private);
    })
    .await;
}
