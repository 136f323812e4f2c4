//! What the version before stored: openmls' values as JSON, each whole. It goes on where it stopped.
//!
//! The fixture was written by that version: a group of alice and bob in its third epoch, as each of them stored it; with
//! a commit pending; with proposals queued; as a graph with a commit prepared; and carol's KeyPackage with its secrets.

use std::collections::BTreeMap;

use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::{
    ClientIdentity, CommitOutcome, CommitPlan, EpochId, EpochRef, EpochRows, ForkableGroup, ForkableSnapshot, Group, GroupSnapshot,
    Hardening, Judge, KeyPackageBundle, MlsError, Nodes, Rows, TrustRoots,
};
use serde::Deserialize;

use crate::support::*;

#[derive(Deserialize)]
struct Stored {
    group_id: Vec<u8>,
    head: EpochRef,
    public: Rows,
    clients: BTreeMap<ClientUri, Rows>,
}

type Graph = (Vec<u8>, Vec<u8>, BTreeMap<EpochId, EpochRows>, BTreeMap<EpochId, Vec<u8>>, EpochId);
type Carols = (Vec<u8>, Vec<u8>, Vec<u8>, Rows);
type Messages = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

type Fixture = (Vec<(String, Vec<u8>)>, Vec<u8>, Vec<u8>, Carols, [Stored; 4], Messages, Graph);

struct Early {
    roots: TrustRoots,
    alice: ClientIdentity,
    bob: ClientIdentity,
    carol: (ClientIdentity, KeyPackageBundle),
    at_alice: Group,
    at_bob: Group,
    with_pending: Group,
    with_proposals: Group,
    pending: Vec<u8>,
    straggler: Vec<u8>,
    sealed: Vec<u8>,
    opened: Vec<u8>,
    graph: ForkableGroup,
    prepared: EpochId,
}

impl Early {
    fn new() -> Self {
        let octets = include_bytes!("fixtures/stored_as_json.bin");
        let (domains, alice, bob, carols, snapshots, messages, graph): Fixture = rmp_serde::from_slice(octets).unwrap();
        let mut roots = TrustRoots::default();
        domains.iter().for_each(|(domain, root)| roots.pin(&domain.parse().unwrap(), root.clone()));
        let identity = |octets: &[u8]| ClientIdentity::from_bytes(octets).unwrap();
        let (carol, key_package, reference, private) = carols;
        let bundle = KeyPackageBundle { reference, key_package, private, not_after: NOW };
        let [at_alice, at_bob, with_pending, with_proposals] = snapshots.map(|Stored { group_id, head, public, clients }| {
            let (nodes, past) = Default::default();
            Group::load(GroupSnapshot { group_id, head, public, clients, nodes, past }).unwrap()
        });
        let (pending, straggler, sealed, opened) = messages;
        let (group_id, core, states, commits, prepared) = graph;
        let graph = ForkableGroup::load(ForkableSnapshot { group_id, core, states, commits, nodes: Nodes::default() }).unwrap();
        let (alice, bob, carol) = (identity(&alice), identity(&bob), (identity(&carol), bundle));
        Self {
            roots,
            alice,
            bob,
            carol,
            at_alice,
            at_bob,
            with_pending,
            with_proposals,
            pending,
            straggler,
            sealed,
            opened,
            graph,
            prepared,
        }
    }
}

/// Their leaves do not say what their clients know, until these commit again.
#[test]
fn dmls_34_a_group_with_leaves_of_before_is_hardened_when_all_have_been_renewed() {
    let Early { roots, alice, bob, carol, at_alice, at_bob, .. } = Early::new();
    let on = CommitPlan { hardening: Some(Hardening::PskPuncture), ..CommitPlan::default() };
    let refused = |group: &Group, plan: &CommitPlan| match group.clone().commit(&alice, plan, &roots, NOW) {
        Err(MlsError::NotAllowed(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(at_alice.cannot_harden().unwrap().len(), 2);
    let mut roles = at_alice.room_state().roles.clone();
    roles.roles.iter_mut().for_each(|role| role.role_capabilities.push(Capability::CAN_SEND_MLS_REINIT_PROPOSAL));
    let plan = CommitPlan { roles: Some(roles), ..CommitPlan::default() };
    let (at_alice, pending) = commit(at_alice, &alice, &plan, &roots);
    let at_bob = follow(at_bob, &pending.commit, &roots);
    assert_eq!(at_alice.cannot_harden().unwrap(), std::slice::from_ref(&bob.client_uri));
    let why = refused(&at_alice, &on);
    assert!(why.starts_with("DMLS-34") && why.contains(bob.client_uri.as_str()), "{why}");
    let (at_bob, pending) = commit(at_bob, &bob, &CommitPlan::default(), &roots);
    let at_alice = follow(at_alice, &pending.commit, &roots);
    let (at_alice, pending) = commit(at_alice, &alice, &on, &roots);
    let at_bob = follow(at_bob, &pending.commit, &roots);
    assert!(at_bob.room_state().hardening.is_on());
    // A KeyPackage of before does not come in.
    let add = CommitPlan { add_key_packages: vec![carol.1.key_package], ..CommitPlan::default() };
    assert!(refused(&at_alice, &add).starts_with("DMLS-34"));
    let (_, pending) = commit(at_alice, &alice, &CommitPlan::default(), &roots);
    follow(at_bob, &pending.commit, &roots);
}

fn opened(group: &mut Group, sealed: &[u8]) -> Result<Vec<u8>, MlsError> {
    let opened = group.open(sealed).map(|opened| opened.application_data);
    *group = stored(group.clone());
    opened
}

#[test]
fn messages_open_once_in_a_group_stored_as_json() {
    let mut early = Early::new();
    assert_eq!(early.at_alice.members().len(), 2);
    assert_eq!(opened(&mut early.at_alice, &early.straggler).unwrap(), b"from the epoch before");
    assert_eq!(opened(&mut early.at_alice, &early.sealed).unwrap(), b"from the epoch");
    for again in [&early.straggler, &early.sealed, &early.opened] {
        assert!(opened(&mut early.at_alice, again).is_err());
    }
    let sealed = early.at_alice.seal(&early.alice, b"after", [7; 32]).unwrap();
    assert_eq!(opened(&mut early.at_bob, &sealed).unwrap(), b"after");
}

/// The first commit leaves nothing of the old form in the head; stragglers of the epochs before it still open.
#[test]
fn a_group_stored_as_json_moves_over_with_its_next_commit() {
    let early = Early::new();
    let (mut at_alice, pending) = commit(early.at_alice, &early.alice, &CommitPlan::default(), &early.roots);
    let mut at_bob = follow(early.at_bob, &pending.commit, &early.roots);
    for group in [&at_alice, &at_bob] {
        let rows = group.snapshot().public.iter().chain(group.snapshot().clients.values().flatten());
        assert!(rows.clone().count() > 8);
        for (key, value) in rows {
            assert!(matches!(value[0], 1 | 2) && key.contains(&b'/'), "{}", key.escape_ascii());
        }
    }
    assert_eq!(opened(&mut at_alice, &early.sealed).unwrap(), b"from the epoch");
    assert_eq!(opened(&mut at_alice, &early.straggler).unwrap(), b"from the epoch before");
    let sealed = at_bob.seal(&early.bob, b"in the new epoch", [7; 32]).unwrap();
    assert_eq!(opened(&mut at_alice, &sealed).unwrap(), b"in the new epoch");
}

#[test]
fn a_pending_commit_stored_as_json_is_merged_or_given_up() {
    let early = Early::new();
    let mut merged = early.with_pending.clone();
    assert_eq!(merged.pending_commit(&early.alice.client_uri), Some(early.pending.as_slice()));
    merged.merge_pending(&early.alice.client_uri, &early.roots, NOW).unwrap();
    let mut merged = stored(merged);
    let mut at_bob = follow(early.at_bob.clone(), &early.pending, &early.roots);
    let sealed = merged.seal(&early.alice, b"merged", [7; 32]).unwrap();
    assert_eq!(opened(&mut at_bob, &sealed).unwrap(), b"merged");

    let mut given_up = early.with_pending;
    given_up.clear_pending(&early.alice.client_uri).unwrap();
    let (mut given_up, pending) = commit(stored(given_up), &early.alice, &CommitPlan::default(), &early.roots);
    let mut at_bob = follow(early.at_bob, &pending.commit, &early.roots);
    let sealed = given_up.seal(&early.alice, b"another", [7; 32]).unwrap();
    assert_eq!(opened(&mut at_bob, &sealed).unwrap(), b"another");
}

#[test]
fn queued_proposals_stored_as_json_are_committed() {
    let early = Early::new();
    assert!(early.with_proposals.has_pending_proposals());
    let (after, pending) = commit(early.with_proposals, &early.alice, &CommitPlan::default(), &early.roots);
    assert_eq!(pending.summary.removed.len(), 1);
    assert!(!after.has_pending_proposals());
    assert_eq!(after.members().len(), 1);
}

#[test]
fn a_key_package_stored_as_json_opens_its_welcome() {
    let early = Early::new();
    let (carol, bundle) = early.carol;
    let plan = CommitPlan { add_key_packages: vec![bundle.key_package.clone()], ..Default::default() };
    let (mut at_alice, pending) = commit(early.at_alice, &early.alice, &plan, &early.roots);
    let mut at_carol = join(&pending, &bundle, &carol, &early.roots);
    let sealed = at_carol.seal(&carol, b"here I am", [7; 32]).unwrap();
    assert_eq!(opened(&mut at_alice, &sealed).unwrap(), b"here I am");
}

#[test]
fn a_graph_stored_as_json_goes_on_and_publishes_what_it_has_prepared() {
    let mut early = Early::new();
    let judge = Judge { roots: &early.roots, now_ms: NOW };
    assert_eq!(early.graph.prepared().collect::<Vec<_>>(), [&early.prepared]);
    early.graph.publish(&early.prepared).unwrap();
    early.graph.take_changes().unwrap();
    let mut graph = ForkableGroup::load(early.graph.snapshot().unwrap()).unwrap();
    let before: Vec<_> = graph.graph().epochs().collect();
    assert_eq!(before.len(), 3);
    assert_eq!(graph.open(&early.sealed).unwrap().application_data, b"from the epoch");
    let mut at_bob = early.at_bob;
    for number in 1..=2 {
        let id = graph.graph().epochs().find(|epoch| epoch.number == at_bob.epoch().number + 1).unwrap().id;
        at_bob = follow(at_bob, graph.commit_message(&id).unwrap(), &early.roots);
        assert!(number < 2 || graph.head().number == at_bob.epoch().number);
    }
    let (at_bob, pending) = commit(at_bob, &early.bob, &CommitPlan::default(), &early.roots);
    let received = graph.receive_commit(&pending.commit, None, judge).unwrap();
    assert!(matches!(received.outcomes[..], [CommitOutcome::Placed(_)]), "{received:?}");
    assert_eq!(graph.head_state().unwrap().group_context().unwrap(), at_bob.group_context().unwrap());
}
