use std::sync::Arc;

use causeway_core::matrix::{Outcome, Pdu, ROOM_VERSIONS, Room};
use proptest::prelude::*;
use ruma::RoomVersionId;
use serde_json::json;

use crate::support::rooms::*;

/// Two servers that do not hear each other for a while, and what each did meanwhile.
struct Fork {
    /// The room where they parted.
    base: Room,
    alice: Server,
    bob: Server,
    /// Each branch in its own order.
    branches: [Vec<Arc<Pdu>>; 2],
}

fn fork(version: RoomVersionId) -> Fork {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    let mut at_alice = alice.create(version.clone(), &public_room());
    let mut at_bob = bob.join(&mut at_alice);
    let users = match version {
        RoomVersionId::V12 => json!({ bob.user.as_str(): 50 }),
        _ => json!({ alice.user.as_str(): 100, bob.user.as_str(): 50 }),
    };
    let promotion = alice.set(&mut at_alice, NOW, ("m.room.power_levels", "", json!({ "users": users })));
    assert_eq!(at_bob.accept(promotion), Outcome::Accepted);
    let mut base = stored(&mut at_alice);
    base.take_changes();
    let one = vec![
        alice.set(&mut at_alice, NOW + 10, ("m.room.topic", "", json!({ "topic": "alice's" }))),
        alice.set(&mut at_alice, NOW + 11, ("m.room.member", bob.user.as_str(), json!({ "membership": "ban" }))),
        alice.say(&mut at_alice, NOW + 12, "bye"),
    ];
    let two = vec![
        bob.set(&mut at_bob, NOW + 13, ("m.room.topic", "", json!({ "topic": "bob's" }))),
        bob.set(&mut at_bob, NOW + 14, ("m.room.name", "", json!({ "name": "Bob's" }))),
        bob.say(&mut at_bob, NOW + 15, "mine"),
    ];
    Fork { base, alice, bob, branches: [one, two] }
}

/// Delivers both branches; true takes from the first.
fn deliver(fork: &mut Fork, order: &[bool]) -> Room {
    // The base has no changes to store, so it is built anew from what it holds.
    let (state, chain) = snapshot(&fork.base);
    let newest = fork.base.extremities().next().unwrap().clone();
    let newest = fork.base.event(&newest).unwrap().clone();
    let others: Vec<_> = state.into_iter().filter(|pdu| pdu.event_id() != newest.event_id()).collect();
    let before: Vec<_> = chain.into_iter().filter(|pdu| pdu.event_id() != newest.event_id()).collect();
    // The promotion replaced the first power levels: they are state before it.
    let first_levels = before.iter().find(|pdu| pdu.event_type() == "m.room.power_levels").cloned();
    let state = others.into_iter().chain(first_levels).collect();
    let mut room = Room::from_send_join(fork.base.version().clone(), state, before, newest).unwrap();
    let mut positions = [0, 0];
    for first in order {
        let branch = usize::from(!first);
        if let Some(pdu) = fork.branches[branch].get(positions[branch]) {
            positions[branch] += 1;
            let outcome = room.accept(pdu.clone());
            assert!(matches!(outcome, Outcome::Accepted | Outcome::SoftFailed(_)), "{outcome:?}");
        }
    }
    assert_eq!(positions, [3, 3]);
    room
}

fn whole(order: &[bool]) -> Vec<bool> {
    order.iter().copied().chain([true; 3]).chain([false; 3]).collect()
}

/// A ban outranks what the banned did meanwhile, whoever heard what first.
#[test]
fn a_ban_wins_over_what_the_banned_did_meanwhile() {
    for version in ROOM_VERSIONS {
        let mut fork = fork(version);
        for order in [vec![true; 3], vec![false; 3], vec![true, false, true, false, true, false]] {
            let room = deliver(&mut fork, &whole(&order));
            assert_eq!(room.membership(&fork.bob.user).as_deref(), Some("ban"), "{order:?}");
            assert_eq!(room.membership(&fork.alice.user).as_deref(), Some("join"));
            assert_eq!(room.state_content("m.room.topic", "").unwrap()["topic"], "alice's", "{order:?}");
            assert_eq!(room.name(), None, "{order:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every order of arrival leads to one state.
    #[test]
    fn servers_agree_whatever_the_order(order in proptest::collection::vec(any::<bool>(), 6), version in 0..3usize) {
        let mut fork = fork(ROOM_VERSIONS[version].clone());
        let expected = deliver(&mut fork, &whole(&[]));
        let other = deliver(&mut fork, &whole(&order));
        prop_assert_eq!(other.state(), expected.state());
    }
}

/// Two branches that do not contradict each other both hold, and the next event joins them.
#[test]
fn a_fork_without_conflict_merges() {
    let (alice, bob) = (server("a.test", "alice"), server("b.test", "bob"));
    for version in ROOM_VERSIONS {
        let mut at_alice = alice.create(version, &public_room());
        let mut at_bob = bob.join(&mut at_alice);
        let name = alice.set(&mut at_alice, NOW + 1, ("m.room.name", "", json!({ "name": "Club" })));
        let words = bob.say(&mut at_bob, NOW + 2, "hi");
        assert_eq!(at_alice.accept(words), Outcome::Accepted);
        assert_eq!(at_bob.accept(name), Outcome::Accepted);
        assert_eq!(at_alice.extremities().count(), 2);
        assert_eq!(at_alice.state(), at_bob.state());
        let joining = alice.say(&mut at_alice, NOW + 3, "both");
        assert_eq!(joining.prev_events().len(), 2);
        assert_eq!(at_bob.accept(joining), Outcome::Accepted);
        assert_eq!((at_alice.extremities().count(), at_bob.extremities().count()), (1, 1));
        assert_eq!(at_bob.name().as_deref(), Some("Club"));
    }
}

/// Two who may change power levels act against each other: by the algorithm, who has more power comes first, on every
/// server alike, and what the other did meanwhile gives nobody anything.
#[test]
fn m22_conflicting_power_levels_end_alike_whoever_heard_what_first() {
    let (alice, bob, mallory) = (server("a.test", "alice"), server("b.test", "bob"), server("c.test", "mallory"));
    for version in ROOM_VERSIONS {
        let levels = |others: &[(&Server, i64)]| {
            // The creator of a room of version 12 is above all levels, and must not be named.
            let own = (version != RoomVersionId::V12).then_some((&alice, 100));
            let users = others.iter().copied().chain(own).map(|(server, level)| (server.user.to_string(), json!(level)));
            ("m.room.power_levels", "", json!({ "users": serde_json::Map::from_iter(users) }))
        };
        let mut at_alice = alice.create(version.clone(), &public_room());
        let mut at_bob = bob.join(&mut at_alice);
        let promotion = alice.set(&mut at_alice, NOW, levels(&[(&bob, 90)]));
        assert_eq!(at_bob.accept(promotion), Outcome::Accepted);
        // The revolt claims to be older.
        let demotion = alice.set(&mut at_alice, NOW + 10, levels(&[(&bob, 0)]));
        let revolt = bob.set(&mut at_bob, NOW + 1, levels(&[(&bob, 90), (&mallory, 90)]));
        let taken = at_alice.accept(revolt);
        assert!(matches!(taken, Outcome::Accepted | Outcome::SoftFailed(_)), "{taken:?}");
        assert_eq!(at_bob.accept(demotion), Outcome::Accepted);
        assert_eq!((at_alice.power_level(&bob.user), at_alice.power_level(&mallory.user)), (0, 0), "{version}");
        assert_eq!(at_alice.state(), at_bob.state(), "{version}");
    }
}
