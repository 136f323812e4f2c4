use causeway_core::records::GroupValueRow;

use crate::support::*;

const CLIENT: &str = "mimi://gw.test/d/alice/gateway-1";

pub(crate) fn value(conversation_id: i64, client_uri: &str, key: &[u8], value: &[u8]) -> GroupValueRow {
    GroupValueRow { conversation_id, client_uri: client_uri.to_owned(), key: key.to_vec(), value: value.to_vec() }
}

async fn stored(db: &Database, id: i64) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let rows = db.run(tx!([id] | tx | tx.group_values(id).await)).await;
    let mut rows: Vec<_> = rows.into_iter().map(|row| (row.client_uri, row.key, row.value)).collect();
    rows.sort();
    rows
}

fn row(client: &str, key: &[u8], value: &[u8]) -> (String, Vec<u8>, Vec<u8>) {
    (client.to_owned(), key.to_vec(), value.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn group_values_are_put_replaced_and_deleted() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        let other = db.conversation().await;
        db.run(tx!([id, other] | tx | {
            tx.put_group_value(&value(id, "", b"tree", b"public")).await?;
            tx.put_group_value(&value(id, CLIENT, b"tree", b"private")).await?;
            tx.put_group_value(&value(id, CLIENT, b"secret", b"old")).await?;
            tx.put_group_value(&value(other, CLIENT, b"secret", b"elsewhere")).await
        }))
        .await;
        db.run(tx!([id] | tx | {
            tx.put_group_value(&value(id, CLIENT, b"secret", b"new")).await?;
            tx.delete_group_value(id, CLIENT, b"tree").await
        }))
        .await;
        assert_eq!(stored(&db, id).await, [row("", b"tree", b"public"), row(CLIENT, b"secret", b"new")]);
        assert_eq!(stored(&db, other).await, [row(CLIENT, b"secret", b"elsewhere")]);
    })
    .await;
}

/// Forward secrecy is the destruction of a key: the row is gone from the table, not only from the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_secret_is_not_in_the_table() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        db.run(tx!([id] | tx | tx.put_group_value(&value(id, CLIENT, b"epoch secret", b"x")).await)).await;
        db.run(tx!([id] | tx | tx.delete_group_value(id, CLIENT, b"epoch secret").await)).await;
        assert_eq!(db.raw_count("SELECT COUNT(*) FROM group_values").await, 0);
    })
    .await;
}
