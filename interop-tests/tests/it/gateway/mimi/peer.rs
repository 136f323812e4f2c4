//! What gateways say to each other about rooms without a hub (SPEC §15.2).

use causeway_core::conversation::PeerMessage;

use super::{Raw, path, told};
use crate::gateway::support::light;

/// A provider is known by its certificate; whether it has anything to say of a room is another question.
#[tokio::test]
async fn dmls_30_a_provider_that_has_no_client_in_the_room_is_no_peer() {
    let light = light("dmls30").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let messages = [
        PeerMessage::WantTail,
        PeerMessage::WantGroupInfo,
        PeerMessage::Commit(vec![0, 1, 0, 1].into()),
        PeerMessage::GroupInfo { group_info: vec![1].into(), ratchet_tree: vec![2].into() },
    ];
    for message in messages {
        let stranger = Raw {
            identity: Some(light.authority.issue(&["z.test"])),
            from: &["mimi@z.test"],
            path: path("causewayPeer", &bridge.mimi_room),
            ..Raw::honest(&light, "causewayPeer", &bridge.mimi_room, message.to_bytes())
        };
        told(&stranger.send(&light).await, 403, "not allowed (DMLS-30)");
    }
    // A room that there is not: the same provider, and one that has clients in other rooms.
    let nowhere = "mimi://gw.test/r/nowhere";
    let answer = Raw::honest(&light, "causewayPeer", nowhere, PeerMessage::WantTail.to_bytes()).send(&light).await;
    assert_eq!(answer.status.as_u16(), 404, "{}", answer.text());
    // Whoever has a client in the room may ask, and what is no message is none.
    let asked = Raw::honest(&light, "causewayPeer", &bridge.mimi_room, PeerMessage::WantTail.to_bytes()).send(&light).await;
    assert_ne!(asked.status.as_u16(), 403, "{}", asked.text());
    let garbage = Raw::honest(&light, "causewayPeer", &bridge.mimi_room, vec![0xff; 16]).send(&light).await;
    told(&garbage, 400, "SPEC §15.2");
}
