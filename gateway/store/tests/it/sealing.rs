use causeway_core::records::{ClientRow, KeyPackageRow};
use causeway_store::{Store, StoreError};

use crate::group_values::value;
use crate::parked::parked;
use crate::support::*;

pub(crate) const CLIENT: &str = "mimi://gw.test/d/alice/gateway-1";
pub(crate) const SECRET: &[u8] = b"a secret that nobody may find in the table";

/// Every sealed column, filled with the same secret.
pub(crate) async fn fill(db: &Database) -> i64 {
    db.run(tx!(|tx| {
        let mut row = conversation();
        row.bookkeeping = SECRET.to_vec();
        let id = tx.insert_conversation(&row).await?;
        tx.insert_secret("signing_key", SECRET).await?;
        tx.put_group_values(&[value(id, CLIENT, b"one", SECRET)]).await?;
        tx.put_group_values(&[value(id, CLIENT, b"two", b"another")]).await?;
        tx.insert_client(&ClientRow {
            client_uri: CLIENT.to_owned(),
            user_uri: "mimi://gw.test/u/alice".to_owned(),
            identity: SECRET.to_vec(),
        })
        .await?;
        tx.insert_key_package(&KeyPackageRow {
            reference: vec![1; 32],
            user_uri: "mimi://gw.test/u/alice".to_owned(),
            client_uri: CLIENT.to_owned(),
            key_package: vec![1],
            private: SECRET.to_vec(),
            not_after: NOW + 1,
            claimed_by: None,
            claimed_room: None,
            claimed_at: None,
        })
        .await?;
        tx.queue("mimi:a", "submit", Some(id), SECRET).await?;
        tx.park(&parked(Some(id), SECRET)).await?;
        Ok(id)
    }))
    .await
}

const SEALED: [&str; 7] = [
    "SELECT bookkeeping FROM conversations",
    "SELECT value FROM secrets",
    "SELECT value FROM group_values WHERE client_uri <> ''",
    "SELECT identity FROM clients",
    "SELECT secret FROM key_packages",
    "SELECT body FROM outbox",
    "SELECT body FROM parked",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_stands_in_the_tables() {
    for_each_database(|db| async move {
        let id = fill(&db).await;
        for query in SEALED {
            let found = db.raw_bytes(query).await;
            assert!(!found.is_empty(), "{query}");
            for bytes in found {
                assert!(bytes.len() > SECRET.len() - 30, "{query}");
                assert!(!bytes.windows(8).any(|window| SECRET.windows(8).any(|secret| secret == window)), "{query}");
            }
        }
        // The public part of a group is no secret, and tools read it without the key.
        db.run(tx!([id] | tx | tx.put_group_values(&[value(id, "", b"tree", b"public tree")]).await)).await;
        assert_eq!(db.raw_bytes("SELECT value FROM group_values WHERE client_uri = ''").await, vec![b"public tree".to_vec()]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_opens_again() {
    for_each_database(|db| async move {
        let id = fill(&db).await;
        assert_eq!(db.run(tx!([id] | tx | tx.lock_conversation(id).await)).await.unwrap().bookkeeping, SECRET);
        assert_eq!(db.run(tx!(|tx| tx.secret("signing_key").await)).await.unwrap().as_slice(), SECRET);
        assert_eq!(db.run(tx!(|tx| tx.client(CLIENT).await)).await.unwrap().identity, SECRET);
        assert_eq!(db.run(tx!(|tx| tx.key_package(&[1; 32]).await)).await.unwrap().private, SECRET);
        assert!(db.run(tx!(|tx| tx.secret("other").await)).await.is_none());
        assert!(db.run(tx!(|tx| tx.client("mimi://gw.test/d/bob/gateway-1").await)).await.is_none());
    })
    .await;
}

/// What somebody with the database but without the key may not do: put a secret elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_does_not_open_in_another_row() {
    for_each_database(|db| async move {
        let id = fill(&db).await;
        db.raw_execute("UPDATE group_values SET client_uri = 'mimi://gw.test/d/mallory/gateway-1'").await;
        let moved = db.store.transaction("moved", tx!([id] | tx | tx.group_values(id, &EPOCH).await.map(|_| ()))).await;
        assert!(matches!(&moved, Err(StoreError::DoesNotOpen { table }) if table == "group_values"), "{moved:?}");
        db.raw_execute("UPDATE clients SET identity = (SELECT value FROM secrets)").await;
        let moved = db.store.transaction("moved", tx!(|tx| tx.client(CLIENT).await.map(|_| ()))).await;
        assert!(matches!(&moved, Err(StoreError::DoesNotOpen { table }) if table == "clients"), "{moved:?}");
        let other = literal(db.kind, &[2; 32]);
        let of_packages = format!("UPDATE epoch_keys SET epoch_id = {other} WHERE conversation_id = 0");
        let reference = format!("UPDATE key_packages SET reference = {other}");
        let secret = "UPDATE key_packages SET secret = (SELECT value FROM group_values LIMIT 1)".to_owned();
        for changes in [vec![of_packages, reference], vec![secret]] {
            for change in changes {
                db.raw_execute(&change).await;
            }
            let moved = db.store.transaction("moved", tx!(|tx| tx.key_package(&[2; 32]).await.map(|_| ()))).await;
            assert!(matches!(&moved, Err(StoreError::DoesNotOpen { .. })), "{moved:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_value_does_not_open() {
    for_each_database(|db| async move {
        let id = fill(&db).await;
        db.raw_execute(match db.kind {
            Kind::Sqlite => "UPDATE conversations SET bookkeeping = CAST(substr(bookkeeping, 1, 20) AS BLOB)",
            Kind::Postgres => "UPDATE conversations SET bookkeeping = substr(bookkeeping, 1, 20)",
        })
        .await;
        let result = db.store.transaction("altered", tx!([id] | tx | tx.lock_conversation(id).await.map(|_| ()))).await;
        assert!(matches!(&result, Err(StoreError::DoesNotOpen { table }) if table == "conversations"), "{result:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_master_key_opens_nothing() {
    for_each_database(|db| async move {
        let id = fill(&db).await;
        let other = Store::connect(&db.url, db.keys(keyring(2))).await.unwrap();
        let conversation = other.transaction("wrong key", tx!([id] | tx | tx.lock_conversation(id).await.map(|_| ()))).await;
        let secret = other.transaction("wrong key", tx!(|tx| tx.secret("signing_key").await.map(|_| ()))).await;
        let client = other.transaction("wrong key", tx!(|tx| tx.client(CLIENT).await.map(|_| ()))).await;
        for result in [conversation, secret, client] {
            assert!(matches!(result, Err(StoreError::DoesNotOpen { .. })), "{result:?}");
        }
    })
    .await;
}
