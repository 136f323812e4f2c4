//! The database cluster that scenarios get.

use interop_tests::postgres::Postgres;

#[tokio::test]
async fn a_private_cluster_starts_and_ends_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Postgres::start(&folder.path().join("postgres.log")).await.unwrap();
    let url = cluster.url();
    let (_, socket) = url.split_once("?host=").unwrap();
    assert!(std::path::Path::new(socket).join("disk/data/postmaster.pid").exists());
    drop(cluster);
    assert!(!std::path::Path::new(socket).exists());
}
