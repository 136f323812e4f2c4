//! Welcomes by KeyPackages that were handed out for something else: whoever has one of ours takes no other room with it.

use causeway_core::conversation::{Claim, Conversation, ConversationError, PeerMessage, WelcomeFor};
use causeway_core::loss::Feature;
use causeway_drafts::Verbatim;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_uri::RoomUri;
use causeway_mls::{
    ClientIdentity, CommitPlan, CreateGroup, ForkableGroup, Group, Judge, KeyPackageBundle, Tail, TrustRoots, new_key_package,
};

use crate::conversation_leaderless::two_admins;
use crate::support::simulation::*;

/// A Welcome of the user behind the other gateway into a group that somebody at a.test has made.
struct Made {
    welcome: Vec<u8>,
    ratchet_tree: Vec<u8>,
    tail: Tail,
    bundle: KeyPackageBundle,
    identity: ClientIdentity,
}

impl Made {
    fn new(world: &World) -> Self {
        let (hub, bob) = (world.sides[A].conversation(0), world.sides[B].conversation(1));
        let listener = hub.clients[&world.sides[A].gateway.names.listener_client()].clone();
        let identity = bob.clients[&world.sides[B].gateway.names.puppet_client(&world.sides[B].puppet())].clone();
        let other = CreateGroup {
            group_id: b"mimi://a.test/g/made".to_vec(),
            room_state: hub.group.unwrap().room_state().clone(),
            hub: &world.sides[A].gateway.hub,
        };
        let mut graph = ForkableGroup::begin(Group::create(other, &listener).unwrap(), 5, vec![], &[]).unwrap();
        let bundle = new_key_package(&identity, world.now).unwrap();
        let plan = CommitPlan { add_key_packages: vec![bundle.key_package.clone()], ..CommitPlan::default() };
        let mut roots = TrustRoots::default();
        world.sides.iter().for_each(|side| roots.pin(side.gateway.names.provider(), side.gateway.authority.root_der()));
        let prepared = graph.prepare(&listener, &plan, Judge { roots: &roots, now_ms: world.now }).unwrap();
        graph.publish(&prepared.id).unwrap();
        let tail = graph.tail(&listener).unwrap();
        let (welcome, ratchet_tree) = (prepared.pending.welcome.unwrap(), prepared.pending.ratchet_tree);
        Self { welcome, ratchet_tree, tail, bundle, identity }
    }

    fn claimed(&self, claim: (&str, &str)) -> Vec<WelcomeFor> {
        let claim = Some(Claim { by: claim.0.parse().unwrap(), room: claim.1.parse().unwrap() });
        vec![WelcomeFor { bundle: self.bundle.clone(), identity: self.identity.clone(), claim }]
    }

    fn fanned_out(&self, world: &World) -> FanoutMessage {
        let tree = RatchetTreeOption::Full(Verbatim::from_bytes(&self.ratchet_tree).unwrap());
        FanoutMessage::welcome(world.now, &self.welcome, tree).unwrap()
    }

    /// The rule by which somebody's Welcome into a room that we do not know is refused.
    fn heard_from_peer(&self, world: &mut World, (from, room): (&str, &str), claim: (&str, &str)) -> Option<&'static str> {
        let room: RoomUri = room.parse().unwrap();
        let index = world.begin(B, |turn| Conversation::welcomed(&room, turn.now));
        let (welcome, ratchet_tree) = (self.welcome.clone().into(), self.ratchet_tree.clone().into());
        let message = PeerMessage::Welcome { welcome, ratchet_tree, tail: Box::new(self.tail.clone()) };
        let (from, for_us) = (from.parse().unwrap(), self.claimed(claim));
        let heard = world.turn(B, index, |conversation, turn| conversation.peer(turn, &from, &[message], for_us));
        let is_in = world.sides[B].conversation(index).group.is_some();
        assert_eq!(heard.is_ok(), is_in, "{heard:?}");
        rule_of(heard)
    }
}

fn rule_of(heard: Result<(), ConversationError>) -> Option<&'static str> {
    match heard {
        Ok(()) => None,
        Err(ConversationError::NotAllowed { rule, .. }) => Some(rule),
        Err(error) => panic!("{error}"),
    }
}

/// A room whose hub is another's, unknown to us: who has claimed a KeyPackage for one room does not begin another with it.
#[test]
fn p_020_a_peer_s_welcome_is_into_the_room_that_the_key_package_was_claimed_for() {
    let mut world = two_admins();
    let made = Made::new(&world);
    let (room, other) = ("mimi://c.test/r/somebodys", "mimi://a.test/r/mine");
    assert_eq!(made.heard_from_peer(&mut world, ("a.test", room), ("a.test", other)), Some("P-020"));
    assert_eq!(made.heard_from_peer(&mut world, ("a.test", room), ("a.test", room)), None);
}

#[test]
fn dmls_30_a_peer_s_welcome_comes_from_who_has_claimed_the_key_package_or_by_the_hub() {
    let mut world = two_admins();
    let made = Made::new(&world);
    let room = "mimi://c.test/r/somebodys";
    assert_eq!(made.heard_from_peer(&mut world, ("a.test", room), ("d.test", room)), Some("DMLS-30"));
    // The hub was asked for it, and lost before it was used; or passes on what somebody else has made.
    for (room, by) in [("mimi://c.test/r/first", "c.test"), ("mimi://a.test/r/second", "d.test")] {
        assert_eq!(made.heard_from_peer(&mut world, ("a.test", room), (by, room)), None);
    }
}

#[test]
fn p_020_a_hub_s_welcome_is_into_the_room_that_the_key_package_was_claimed_for() {
    let mut world = two_admins();
    let made = Made::new(&world);
    let room = "mimi://a.test/r/made";
    // Whoever has claimed it directly may have the hub pass the Welcome on.
    for (claim, refused) in [(("a.test", "mimi://a.test/r/other"), Some("P-020")), (("d.test", room), None)] {
        let index = world.begin(B, |turn| Conversation::welcomed(&room.parse().unwrap(), turn.now));
        let message = made.fanned_out(&world);
        let heard = world.turn(B, index, |conversation, turn| conversation.notify(turn, &[message], made.claimed(claim)));
        assert_eq!(rule_of(heard), refused);
    }
}

/// A member can have the hub pass on such a Welcome: it does not take along what else the hub says.
#[test]
fn p_020_a_welcome_that_was_not_claimed_holds_nothing_up_in_a_room_that_we_are_in() {
    let mut world = two_admins();
    let made = Made::new(&world);
    let before = world.sides[B].conversation(1).group.unwrap().epoch();
    let message = made.fanned_out(&world);
    let for_us = made.claimed(("a.test", "mimi://a.test/r/other"));
    world.turn(B, 1, |conversation, turn| conversation.notify(turn, &[message], for_us)).unwrap();
    assert_eq!(world.sides[B].conversation(1).group.unwrap().epoch(), before);
    let lost: Vec<_> = world.sides[B].losses.iter().map(|loss| loss.feature.clone()).collect();
    assert_eq!(lost, [Feature::JoinRefused.to_string()]);
}
