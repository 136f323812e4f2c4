//! A graph of epochs in the database: what goes of an epoch, and when.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

use std::sync::Arc;

use causeway_core::conversation::{Conversation, Decision, roles};
use causeway_core::matrix::{Room, SigningKeys};
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_uri::RoomUri;
use causeway_mls::graph::{Authority, DEFAULT_WINDOW};
use causeway_mls::{ClientIdentity, CommitPlan, CreateGroup, ForkableGroup, Group, Judge, RoomState};
use causeway_store::StoreError;
use causeway_store::operator::EpochLine;
use ruma::{RoomVersionId, user_id};

use super::tests::node;
use super::{Find, Node, now_ms};

/// A room without a hub, with one client of ours that may do everything.
async fn leaderless(node: &Arc<Node>) -> (i64, ClientIdentity) {
    let alice = user_id!("@alice:hs.test");
    let puppet = node.gateway.names.puppet(alice).unwrap();
    let identity = node.gateway.authority.issue_client(&node.gateway.names.puppet_client(&puppet), &puppet).unwrap();
    let (in_it, id) = (identity.clone(), puppet.clone());
    let stored = node.transaction("a room without a hub", move |session| {
        let (identity, puppet) = (in_it.clone(), id.clone());
        Box::pin(async move {
            let keys = SigningKeys::generate("hs.test", "1").unwrap();
            let room = Room::create(RoomVersionId::V11, alice, &[], (now_ms(), &keys, "club")).unwrap();
            let mimi_room: RoomUri = "mimi://gw.test/r/club".parse().unwrap();
            let gateway = &session.node.gateway;
            let participants = vec![UserRolePair { user: puppet, role_index: roles::ADMIN }];
            let metadata = RoomMetadata::named(&mimi_room, "Club");
            let room_state =
                RoomState::baseline(&gateway.hub, ParticipantListData { participants }, metadata, roles::from_power_levels(&room));
            let group_id = b"mimi://gw.test/g/club".to_vec();
            let group = Group::create(CreateGroup { group_id, room_state, hub: &gateway.hub }, &identity)?;
            let mut conversation = Conversation::invited(room.room_id(), "11", now_ms());
            conversation.row.mimi_room = Some(mimi_room.to_string());
            conversation.row.hub = Some("gw.test".to_owned());
            conversation.row.topology = Some("our_hub".to_owned());
            conversation.room = Some(room);
            let mut forkable = ForkableGroup::begin(group, DEFAULT_WINDOW, Vec::new(), &[])?;
            forkable.open_term(&identity, Authority::Members)?;
            conversation.group = Some(forkable.head_state()?.clone());
            conversation.forkable = Some(forkable);
            session.save(conversation, Decision::default()).await
        })
    });
    (stored.await.unwrap(), identity)
}

/// One more epoch.
async fn commit(node: &Arc<Node>, id: i64, identity: &ClientIdentity) {
    let identity = identity.clone();
    let done = node.transaction("commit", move |session| {
        let identity = identity.clone();
        Box::pin(async move {
            let mut conversation = session.conversation(&Find::Id(id)).await?;
            let ((), decision) = session.turn(|turn| {
                let judge = Judge { roots: turn.roots, now_ms: turn.now };
                let forkable = conversation.forkable.as_mut().unwrap();
                let prepared = forkable.prepare(&identity, &CommitPlan::default(), judge)?;
                forkable.publish(&prepared.id)?;
                forkable.forget();
                conversation.group = Some(forkable.head_state()?.clone());
                Ok(())
            })?;
            session.save(conversation, decision).await
        })
    });
    done.await.unwrap();
}

async fn lines(node: &Node, id: i64) -> Vec<EpochLine> {
    node.store.transaction::<_, StoreError, _>("epochs", move |tx| Box::pin(tx.epoch_lines(id))).await.unwrap()
}

/// An epoch's public state is remembered for long after it is final, so that forks there can be judged; the key of its secrets is not.
#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_s_key_goes_when_it_is_final_though_its_state_is_kept() {
    let (_folder, node) = node().await;
    let (id, identity) = leaderless(&node).await;
    for _ in 0..12 {
        commit(&node, id, &identity).await;
    }
    let found = Arc::new(std::sync::Mutex::new(None));
    let into = found.clone();
    let looked = node.transaction("look", move |session| {
        let into = into.clone();
        Box::pin(async move {
            let conversation = session.conversation(&Find::Id(id)).await?;
            let graph = conversation.forkable.as_ref().unwrap().graph();
            *into.lock().unwrap() = Some((graph.anchor().number, graph.epochs().count()));
            session.unchanged(conversation);
            Ok(())
        })
    });
    looked.await.unwrap();
    let (anchor, remembered) = found.lock().unwrap().take().unwrap();
    assert_eq!((anchor, remembered), (12 - DEFAULT_WINDOW, 13), "all are remembered");
    for line in lines(&node, id).await {
        let is_kept = line.number as u64 >= anchor;
        assert_eq!(line.forgotten_at.is_none(), is_kept, "the key of epoch {}", line.number);
        assert!(line.slice.is_some(), "there was one");
    }
}
