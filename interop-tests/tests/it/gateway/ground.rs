//! The ground that these tests stand on: the light peers talk to each other and to the gateway.

use interop_tests::certificates::Authority;
use interop_tests::matrix::peer::Peer;

use super::support::light;

#[tokio::test]
async fn two_light_homeservers_talk() {
    for version in ["10", "11", "12"] {
        let authority = Authority::generate();
        let (one, two) = (Peer::start(&authority).await.unwrap(), Peer::start(&authority).await.unwrap());
        let (alice, bob) = (one.user("alice"), two.user("bob"));
        let room = one.create_room(version, &alice).unwrap();
        one.invite(&room, &alice, &bob).await.unwrap();
        let invite = two.wait_for_invite(&bob).await.unwrap();
        assert_eq!((invite.room.as_str(), invite.by.as_str()), (room.as_str(), alice.as_str()));
        two.join(&room, &bob, one.name()).await.unwrap();
        one.say(&room, &alice, "hello").unwrap();
        two.wait_for("hello", |event| event.body() == "hello").await.unwrap();
        two.say(&room, &bob, "hello too").unwrap();
        one.wait_for("the answer", |event| event.body() == "hello too").await.unwrap();
    }
}

#[tokio::test]
async fn the_gateway_bridges_the_light_peers() {
    let light = light("ground").await;
    for version in ["10", "11", "12"] {
        let bridge = light.bridge(version, version).await.unwrap();
        bridge.alice_says("one").unwrap();
        bridge.alice_says("two").unwrap();
        bridge.carol_hears(&["one", "two"]).await.unwrap();
        bridge.carol_says("three").await.unwrap();
        bridge.alice_hears(&["three"]).await.unwrap();
    }
}
