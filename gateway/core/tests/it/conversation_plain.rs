//! Groups that are no rooms (SPEC §14.10): the gateway serves rooms, and enters none of them (G-66).

use causeway_core::conversation::{Claim, Conversation, ConversationError, PeerMessage, Turn, WelcomeFor};
use causeway_drafts::Verbatim;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_uri::RoomUri;
use causeway_mls::{CommitPlan, ForkableGroup, Group, Tail, TrustRoots, new_key_package};

use crate::support::simulation::*;

/// A Welcome of a client of a.test into a plain group, for the user behind the other gateway.
struct Invitation {
    welcome: Vec<u8>,
    ratchet_tree: Vec<u8>,
    tail: Tail,
    for_us: WelcomeFor,
}

fn invitation(world: &World) -> Invitation {
    let [a, b] = [A, B].map(|side| {
        let (gateway, puppet) = (&world.sides[side].gateway, world.sides[side].puppet());
        gateway.authority.issue_client(&gateway.names.puppet_client(&puppet), &puppet).unwrap()
    });
    let mut roots = TrustRoots::default();
    for side in &world.sides {
        roots.pin(side.gateway.names.provider(), side.gateway.authority.root_der());
    }
    let bundle = new_key_package(&b, world.now).unwrap();
    let mut group = Group::create_plain(b"mimi://a.test/g/plain".to_vec(), &a).unwrap();
    let plan = CommitPlan { add_key_packages: vec![bundle.key_package.clone()], ..Default::default() };
    let pending = group.commit(&a, &plan, &roots, world.now).unwrap();
    // It is a Welcome that holds: whoever wants plain groups joins by it.
    let mut admitting = roots.clone();
    admitting.admit_plain_groups();
    let welcome = pending.welcome.unwrap();
    assert!(Group::join((&welcome, &pending.ratchet_tree), &bundle, &b, None, (&admitting, world.now)).is_ok());
    group.merge_pending(&a.client_uri, &roots, world.now).unwrap();
    let tail = ForkableGroup::begin(group, 5, vec![], &[]).unwrap().tail(&a).unwrap();
    let claim = Some(Claim { by: "a.test".parse().unwrap(), room: "mimi://a.test/r/plain".parse().unwrap() });
    Invitation { welcome, ratchet_tree: pending.ratchet_tree, tail, for_us: WelcomeFor { bundle, identity: b, claim } }
}

/// A conversation that begins with a message that is refused: nothing comes of it.
fn assert_refused(world: &mut World, hear: impl FnOnce(&mut Conversation, &mut Turn<'_>) -> Result<(), ConversationError>) {
    let room: RoomUri = "mimi://a.test/r/plain".parse().unwrap();
    let index = world.begin(B, |turn| Conversation::welcomed(&room, turn.now));
    let why = world.turn(B, index, hear).unwrap_err().to_string();
    assert!(why.contains("G-66"), "{why}");
    let conversation = world.sides[B].conversation(index);
    assert!(conversation.group.is_none() && conversation.forkable.is_none() && conversation.room.is_none());
}

#[test]
fn g_66_a_hub_s_welcome_into_a_plain_group_is_refused() {
    let mut world = World::new();
    let Invitation { welcome, ratchet_tree, for_us, .. } = invitation(&world);
    let tree = RatchetTreeOption::Full(Verbatim::from_bytes(&ratchet_tree).unwrap());
    let message = FanoutMessage::welcome(world.now, &welcome, tree).unwrap();
    assert_refused(&mut world, |conversation, turn| conversation.notify(turn, &[message], vec![for_us]));
}

#[test]
fn g_66_a_peer_s_welcome_into_a_plain_group_is_refused() {
    let mut world = World::new();
    let Invitation { welcome, ratchet_tree, tail, for_us } = invitation(&world);
    let message = PeerMessage::Welcome { welcome: welcome.into(), ratchet_tree: ratchet_tree.into(), tail: Box::new(tail) };
    let from = "a.test".parse().unwrap();
    assert_refused(&mut world, |conversation, turn| conversation.peer(turn, &from, &[message], vec![for_us]));
}
