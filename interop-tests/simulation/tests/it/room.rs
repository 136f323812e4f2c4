//! Rooms of the gateway, with ruma's state resolution: they say what the model says, and graphs follow them (SPEC §14.11).

use std::collections::BTreeMap;
use std::sync::Arc;

use causeway_core::matrix::{Outcome, Pdu, ROOM_VERSIONS, Room};
use causeway_mls::graph::{Authority, CommitClass, CommitFacts, EpochGraph, HubTerm, MatrixOrder, Statement};
use causeway_mls::{EpochId, EpochRef, MatrixEntry};
use causeway_simulation::dice::Dice;
use causeway_simulation::room::{Event, EventId, Replica};
use ruma::{OwnedEventId, RoomVersionId};
use serde_json::json;

use crate::servers::{NOW, Server, public_room, server};

/// A homeserver's room, and what has come that names events which have not.
struct Side {
    server: Server,
    room: Room,
    parked: Vec<Arc<Pdu>>,
}

fn levels(version: &RoomVersionId, users: &[(&Server, i64)]) -> serde_json::Value {
    // The creator of a room of version 12 is above all levels, and must not be named.
    let named = users.iter().filter(|(_, level)| *version != RoomVersionId::V12 || *level < 100);
    let users = named.map(|(server, level)| (server.user.to_string(), json!(level)));
    json!({ "users": serde_json::Map::from_iter(users), "events": { MatrixEntry::EVENT_TYPE: 50 } })
}

/// Three homeservers in one room, whose users may all write into it what orders commits.
fn sides(version: &RoomVersionId) -> Vec<Side> {
    let servers = [server("a.test", "alice"), server("b.test", "bob"), server("c.test", "mallory")];
    let mut first = servers[0].create(version.clone(), &public_room());
    let mut rooms: Vec<Room> = Vec::new();
    for joining in &servers[1..] {
        let joined = joining.join(&mut first);
        let newest = first.event(first.extremities().next().unwrap()).unwrap().clone();
        assert!(rooms.iter_mut().all(|room| room.accept(newest.clone()) == Outcome::Accepted));
        rooms.push(joined);
    }
    let users = [(&servers[0], 100), (&servers[1], 50), (&servers[2], 50)];
    let promotion = servers[0].set(&mut first, NOW, ("m.room.power_levels", "", levels(version, &users)));
    assert!(rooms.iter_mut().all(|room| room.accept(promotion.clone()) == Outcome::Accepted));
    let rooms = [first].into_iter().chain(rooms);
    servers.into_iter().zip(rooms).map(|(server, room)| Side { server, room, parked: Vec::new() }).collect()
}

impl Side {
    fn write(&mut self, at: u64, entry: MatrixEntry) -> Arc<Pdu> {
        self.server.set(&mut self.room, NOW + at, (MatrixEntry::EVENT_TYPE, &entry.state_key(), entry.content()))
    }

    fn hear(&mut self, pdu: &Arc<Pdu>) {
        self.parked.push(pdu.clone());
        let mut parked = 0;
        while parked != self.parked.len() {
            parked = self.parked.len();
            let room = &mut self.room;
            self.parked.retain(|pdu| matches!(room.accept(pdu.clone()), Outcome::MissingPrev(_)));
        }
    }

    fn order(&self) -> MatrixOrder {
        let entries = self.room.state().keys().filter(|(kind, _)| kind == MatrixEntry::EVENT_TYPE);
        let said = entries.filter_map(|(kind, key)| MatrixEntry::read(key, &self.room.state_content(kind, key)?));
        said.map(|entry| (entry.parent, entry.child)).collect()
    }
}

fn named(name: usize) -> EpochId {
    EpochId::from_bytes([u8::try_from(name).unwrap(); 32])
}

/// Homeservers write and hear of each other late and in any order; their clocks are wrong.
fn play(version: &RoomVersionId, seed: u64) {
    let mut dice = Dice::new(seed);
    let mut sides = sides(version);
    let mut models = vec![Replica::default(); sides.len()];
    let mut names: BTreeMap<OwnedEventId, EventId> = BTreeMap::new();
    let mut under_way: Vec<(usize, Arc<Pdu>, Event)> = Vec::new();
    for step in 0..40 {
        let side = dice.below(sides.len());
        if step < 25 && dice.percent(45) {
            let entry = MatrixEntry { parent: named(dice.below(4)), child: named(100 + step) };
            let at = dice.roll() % 50 * 100 + step as u64;
            let pdu = sides[side].write(at, entry);
            let previous = pdu.prev_events().iter().filter_map(|id| names.get(id)).copied().collect();
            let event = Event::new(0, previous, at, (entry.parent, entry.child));
            names.insert(pdu.event_id().clone(), event.id);
            models[side].accept(&event);
            under_way.extend((0..sides.len()).filter(|to| *to != side).map(|to| (to, pdu.clone(), event.clone())));
        } else if !under_way.is_empty() {
            let (to, pdu, event) = under_way.swap_remove(dice.below(under_way.len()));
            sides[to].hear(&pdu);
            models[to].accept(&event);
        }
        for (side, model) in sides.iter().zip(&models) {
            assert_eq!(side.order(), *model.order(), "{version}, seed {seed}, step {step}");
        }
    }
}

#[test]
fn rooms_of_the_gateway_say_what_the_model_of_a_room_says() {
    for version in ROOM_VERSIONS {
        for seed in 0..12 {
            play(&version, seed);
        }
    }
}

const TERM: u64 = 1;

fn root() -> EpochRef {
    EpochRef { id: named(0), number: 0 }
}

fn commit(name: usize, parent: usize, user: &str, class: CommitClass) -> CommitFacts {
    let committer = format!("mimi://a.test/d/{user}/one").parse().unwrap();
    CommitFacts { id: named(name), parent: named(parent), term: TERM, committer, class }
}

/// A graph whose first term the sides' room orders.
fn graph(side: &Side) -> EpochGraph {
    let mut graph = EpochGraph::new(root(), 5, Vec::new());
    let authority = Authority::MatrixRoom { room_id: side.room.room_id().to_string() };
    let signer = "mimi://a.test/u/alice".parse().unwrap();
    graph.state(Statement::HubTerm(HubTerm { term: TERM, from: root(), authority, signer }));
    graph
}

/// What leads to the head goes into the room.
fn propose(side: &mut Side, graph: &mut EpochGraph, at: u64) -> Vec<Arc<Pdu>> {
    let due = graph.unordered().into_iter().map(|(parent, child)| MatrixEntry { parent, child });
    let written = due.map(|entry| side.write(at, entry)).collect();
    follow(side, graph);
    assert_eq!(graph.unordered(), []);
    written
}

fn place_all(graph: &mut EpochGraph, commits: &[&CommitFacts]) {
    for commit in commits {
        graph.place((*commit).clone());
    }
}

fn follow(side: &Side, graph: &mut EpochGraph) {
    graph.follow_room(side.room.room_id().as_str(), &side.order());
}

#[test]
fn dmls_36_graphs_follow_what_the_room_s_state_has_resolved_to() {
    for version in ROOM_VERSIONS {
        let mut sides = sides(&version);
        let mut graphs: Vec<EpochGraph> = sides.iter().map(graph).collect();
        // Alice and bob do not hear each other. Bob's commit ranks better; alice's entry is younger.
        let (by_alice, by_bob) = (commit(1, 0, "alice", CommitClass::Renewal), commit(2, 0, "bob", CommitClass::Removal));
        graphs[0].place(by_alice.clone());
        graphs[1].place(by_bob.clone());
        let mut said = propose(&mut sides[0], &mut graphs[0], 11);
        said.extend(propose(&mut sides[1], &mut graphs[1], 10));
        assert_eq!((graphs[0].head().id, graphs[1].head().id), (by_alice.id, by_bob.id));
        // Mallory's server hears both, in whatever order; so do the others.
        for (side, graph) in sides.iter_mut().zip(&mut graphs) {
            said.reverse();
            said.iter().for_each(|pdu| side.hear(pdu));
            place_all(graph, &[&by_alice, &by_bob]);
            follow(side, graph);
            assert_eq!((graph.head().id, graph.unordered()), (by_alice.id, vec![]), "{version}");
        }
        // Mallory writes over it, claiming to do so in times to come, and everybody follows.
        let overwritten = sides[2].write(5000, MatrixEntry { parent: named(0), child: by_bob.id });
        for (side, graph) in sides.iter_mut().zip(&mut graphs) {
            side.hear(&overwritten);
            follow(side, graph);
            assert_eq!(graph.head().id, by_bob.id, "{version}");
        }
        // Alice takes her right to write, and what she writes beside that counts for nothing, young as it is.
        let levels = {
            let [alice, bob, mallory] = [0, 1, 2].map(|side| &sides[side].server);
            levels(&version, &[(alice, 100), (bob, 50), (mallory, 0)])
        };
        let alice = &mut sides[0];
        let demotion = alice.server.set(&mut alice.room, NOW + 20, ("m.room.power_levels", "", levels));
        let again = sides[2].write(6000, MatrixEntry { parent: named(0), child: by_alice.id });
        // Bob's server hears of that first. With the right to write, what she wrote before is gone, too, where both are
        // known; whoever sees that nothing is said writes it, and then everybody sees the same.
        sides[1].hear(&again);
        for (side, graph) in sides.iter_mut().zip(&mut graphs) {
            [&demotion, &again].into_iter().for_each(|pdu| side.hear(pdu));
            follow(side, graph);
            assert_eq!((graph.head().id, graph.conflict()), (by_bob.id, None), "{version}");
        }
        assert_eq!((sides[0].order().len(), sides[1].order().len()), (1, 0), "{version}");
        let said = propose(&mut sides[1], &mut graphs[1], 30);
        assert_eq!(said.len(), 1);
        for (side, graph) in sides.iter_mut().zip(&mut graphs) {
            side.hear(&said[0]);
            follow(side, graph);
            assert_eq!(side.order(), MatrixOrder::from([(named(0), by_bob.id)]), "{version}");
            assert_eq!((graph.head().id, graph.unordered()), (by_bob.id, vec![]), "{version}");
        }
    }
}
