//! The ground that the scenarios stand on: two homeservers federate on loopback.

use interop_tests::certificates::Authority;
use interop_tests::environment::homeservers;
use serde_json::json;

#[tokio::test]
async fn two_homeservers_federate() {
    let folder = tempfile::tempdir().unwrap();
    let (hs1, hs2) = homeservers(folder.path(), &Authority::generate()).await.unwrap();
    let alice = hs1.register("alice").await.unwrap();
    let erin = hs2.register("erin").await.unwrap();

    let room = alice.create_room(&json!({ "preset": "private_chat", "name": "Two servers" })).await.unwrap();
    alice.invite(&room, &erin.user_id).await.unwrap();
    let invite = erin.wait_for_invite("the invite", |invite| invite.room_id == room).await.unwrap();
    assert_eq!(invite.sender, alice.user_id);
    erin.join(&room).await.unwrap();

    alice.say(&room, "hello").await.unwrap();
    erin.wait_for(&room, "hello", |event| event.body() == "hello").await.unwrap();
    erin.say(&room, "hello too").await.unwrap();
    alice.wait_for(&room, "the answer", |event| event.body() == "hello too").await.unwrap();
}
