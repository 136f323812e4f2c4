use causeway_core::records::GroupValueRow;

use crate::epochs::epoch;
use crate::support::*;

const CLIENT: &str = "mimi://gw.test/d/alice/gateway-1";

pub(crate) fn value(conversation_id: i64, client_uri: &str, key: &[u8], value: &[u8]) -> GroupValueRow {
    GroupValueRow {
        conversation_id,
        epoch_id: EPOCH.to_vec(),
        client_uri: client_uri.to_owned(),
        key: key.to_vec(),
        value: value.to_vec(),
    }
}

async fn stored(db: &Database, id: i64, epoch: [u8; 32]) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let rows = db.run(tx!([id, epoch] | tx | tx.group_values(id, &epoch).await)).await;
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
            tx.put_group_values(&[value(id, "", b"tree", b"public")]).await?;
            tx.put_group_values(&[value(id, CLIENT, b"tree", b"private")]).await?;
            tx.put_group_values(&[value(id, CLIENT, b"secret", b"old")]).await?;
            tx.put_group_values(&[value(other, CLIENT, b"secret", b"elsewhere")]).await
        }))
        .await;
        db.run(tx!([id] | tx | {
            tx.put_group_values(&[value(id, CLIENT, b"secret", b"new")]).await?;
            tx.delete_group_values((id, &EPOCH), CLIENT, &[b"tree".to_vec()]).await
        }))
        .await;
        assert_eq!(stored(&db, id, EPOCH).await, [row("", b"tree", b"public"), row(CLIENT, b"secret", b"new")]);
        assert_eq!(stored(&db, other, EPOCH).await, [row(CLIENT, b"secret", b"elsewhere")]);
    })
    .await;
}

/// As many as a commit changes go in a few statements: all of them, each under its own key, and gone as they came.
#[tokio::test(flavor = "multi_thread")]
async fn many_values_are_put_and_deleted_together() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        let key = |number: u8| format!("key {number:02}").into_bytes();
        let rows: Vec<_> = (0..45).map(|number| value(id, CLIENT, &key(number), &[number; 40])).collect();
        db.run(tx!([rows] | tx | tx.put_group_values(&rows).await)).await;
        assert_eq!(
            stored(&db, id, EPOCH).await,
            (0..45).map(|number| row(CLIENT, &key(number), &[number; 40])).collect::<Vec<_>>()
        );
        let anew: Vec<_> = (0..45).map(|number| value(id, CLIENT, &key(number), b"anew")).collect();
        let gone: Vec<_> = (0..43).map(key).collect();
        db.run(tx!([id, anew, gone] | tx | {
            tx.put_group_values(&anew).await?;
            tx.delete_group_values((id, &EPOCH), CLIENT, &gone).await
        }))
        .await;
        assert_eq!(stored(&db, id, EPOCH).await, [43, 44].map(|number| row(CLIENT, &key(number), b"anew")));
        db.run(tx!([id] | tx | tx.delete_group_values((id, &EPOCH), CLIENT, &[]).await)).await;
        assert_eq!(stored(&db, id, EPOCH).await.len(), 2, "nothing to delete is no reason to delete all");
    })
    .await;
}

/// Forward secrecy is the destruction of a key: the row is gone from the table, not only from the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_secret_is_not_in_the_table() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        db.run(tx!([id] | tx | tx.put_group_values(&[value(id, CLIENT, b"epoch secret", b"x")]).await)).await;
        db.run(tx!([id] | tx | tx.delete_group_values((id, &EPOCH), CLIENT, &[b"epoch secret".to_vec()]).await)).await;
        assert_eq!(db.raw_count("SELECT COUNT(*) FROM group_values").await, 0);
    })
    .await;
}

/// Every epoch that is kept has its own rows; one is forgotten without the others.
#[tokio::test(flavor = "multi_thread")]
async fn epochs_are_kept_and_forgotten_one_by_one() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        let other = db.conversation().await;
        let fork = [3; 32];
        db.run(tx!([id, other, fork] | tx | {
            for (number, conversation) in [id, other].into_iter().enumerate() {
                tx.insert_epoch(&epoch(conversation, 1)).await?;
                for epoch_id in [EPOCH.to_vec(), fork.to_vec()] {
                    let tree = [epoch_id.as_slice(), &[number as u8]].concat();
                    tx.put_group_values(&[GroupValueRow { epoch_id: epoch_id.clone(), ..value(conversation, "", b"tree", &tree) }])
                        .await?;
                    tx.put_group_values(&[GroupValueRow { epoch_id, ..value(conversation, CLIENT, b"secret", b"x") }]).await?;
                }
            }
            Ok(())
        }))
        .await;
        assert_eq!(db.run(tx!([id] | tx | tx.kept_epochs(id).await)).await, [EPOCH, fork]);
        let tree = |epoch: [u8; 32], number| row("", b"tree", &[&epoch[..], &[number]].concat());
        assert_eq!(stored(&db, id, fork).await, [tree(fork, 0), row(CLIENT, b"secret", b"x")]);
        db.run(tx!([id] | tx | tx.forget_epoch((id, &EPOCH), NOW).await)).await;
        assert_eq!(db.run(tx!([id] | tx | tx.kept_epochs(id).await)).await, [fork]);
        assert_eq!(stored(&db, id, EPOCH).await, []);
        assert_eq!(stored(&db, id, fork).await, [tree(fork, 0), row(CLIENT, b"secret", b"x")]);
        assert_eq!(stored(&db, other, EPOCH).await, [tree(EPOCH, 1), row(CLIENT, b"secret", b"x")]);
        assert_eq!(db.run(tx!([id] | tx | tx.epochs(id).await)).await.len(), 1, "that it was there stays on record");
    })
    .await;
}

/// A node is stored once, whoever puts it, and is the conversation's own.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_put_once_and_deleted() {
    for_each_database(|db| async move {
        let (id, other) = (db.conversation().await, db.conversation().await);
        db.run(tx!([id, other] | tx | {
            tx.put_group_nodes(id, &[(&[1; 32], b"left"), (&[2; 32], b"root"), (&[1; 32], b"left")]).await?;
            tx.put_group_nodes(id, &[(&[1; 32], b"another")]).await?;
            tx.put_group_nodes(other, &[(&[2; 32], b"mine")]).await?;
            tx.delete_group_nodes(id, &[vec![2; 32]]).await
        }))
        .await;
        assert_eq!(db.run(tx!([id] | tx | tx.group_nodes(id).await)).await, [(vec![1; 32], b"left".to_vec())]);
        assert_eq!(db.run(tx!([other] | tx | tx.group_nodes(other).await)).await, [(vec![2; 32], b"mine".to_vec())]);
    })
    .await;
}
