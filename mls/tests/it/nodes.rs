//! Nodes of public state in the store: as many as the epochs that are kept need, and no more. And rows of secrets: what is
//! used up is in none of them.

use std::collections::BTreeMap;

use causeway_mls::{CommitPlan, EpochRows, ForkableGroup, ForkableSnapshot, Group, GroupChanges, GroupSnapshot, Nodes, Rows};

use crate::forkable::{Trio, renaming};
use crate::support::*;

/// Nodes as a store has them.
#[derive(Default)]
struct Stored(Rows);

impl Stored {
    fn take(&mut self, changes: &GroupChanges) {
        self.0.extend(changes.nodes.put.clone());
        for digest in &changes.nodes.delete {
            assert!(self.0.remove(digest).is_some(), "what goes was there");
        }
    }

    fn nodes(&self) -> Nodes {
        Nodes::from_rows(self.0.clone())
    }

    /// From rows and these nodes alone: whoever loads them misses none, and finds none that is of no use.
    fn assert_exact(&self, snapshot: &GroupSnapshot) {
        let mut loaded = Group::load(GroupSnapshot { nodes: self.nodes(), ..snapshot.clone() }).unwrap();
        loaded.ratchet_tree().unwrap();
        let changes = loaded.take_changes().nodes;
        assert!(changes.is_empty(), "{} to put, {} to delete", changes.put.len(), changes.delete.len());
    }

    fn assert_exact_for(&self, snapshot: ForkableSnapshot) {
        let mut loaded = ForkableGroup::load(ForkableSnapshot { nodes: self.nodes(), ..snapshot }).unwrap();
        let changes = loaded.take_changes().unwrap().group.nodes;
        assert!(changes.is_empty(), "{} to put, {} to delete", changes.put.len(), changes.delete.len());
    }
}

#[test]
fn nodes_are_deleted_when_no_epoch_reaches_them() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let alice = a.client("alice", "one");
    let group_id = b"mimi://a.test/g/club".to_vec();
    let room_state = room(&a, &[(a.user("alice"), ADMIN)]);
    let mut group = Group::create(causeway_mls::CreateGroup { group_id, room_state, hub: &a.hub }, &alice).unwrap();
    let mut stored = Stored::default();
    stored.take(&group.take_changes());
    let clients: Vec<_> = (0..9).map(|number| a.client("alice", &format!("{number}"))).collect();
    let mut sizes = Vec::new();
    for added in [0..1, 1..9] {
        let add_key_packages = clients[added].iter().map(|client| key_package(client).key_package).collect();
        group.commit(&alice, &CommitPlan { add_key_packages, ..Default::default() }, &roots, NOW).unwrap();
        group.merge_pending(&alice.client_uri, &roots, NOW).unwrap();
        stored.take(&group.take_changes());
        stored.assert_exact(group.snapshot());
    }
    for _ in 0..8 {
        group.commit(&alice, &CommitPlan::default(), &roots, NOW).unwrap();
        group.merge_pending(&alice.client_uri, &roots, NOW).unwrap();
        stored.take(&group.take_changes());
        stored.assert_exact(group.snapshot());
        sizes.push(stored.0.len());
    }
    assert_eq!(sizes[3..], [sizes[3]; 5], "each epoch brings as many as the oldest takes with it");
    let remove_clients = clients.iter().map(|client| client.client_uri.clone()).collect();
    group.commit(&alice, &CommitPlan { remove_clients, ..Default::default() }, &roots, NOW).unwrap();
    group.merge_pending(&alice.client_uri, &roots, NOW).unwrap();
    stored.take(&group.take_changes());
    for _ in 0..3 {
        group.commit(&alice, &CommitPlan::default(), &roots, NOW).unwrap();
        group.merge_pending(&alice.client_uri, &roots, NOW).unwrap();
        stored.take(&group.take_changes());
        stored.assert_exact(group.snapshot());
    }
    assert!(stored.0.len() < sizes[3], "nobody is left but alice");
}

#[test]
fn nodes_of_a_lost_fork_go_with_it() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let mut stored = Stored(Rows::new());
    // Nothing of it is stored yet.
    let mut group = trio.alice.group.clone();
    let all = ForkableSnapshot { nodes: Nodes::default(), ..group.snapshot().unwrap() };
    assert!(ForkableGroup::load(all).is_err(), "without nodes there is no public state");
    stored.0.extend(group.snapshot().unwrap().nodes.to_rows());
    let lost = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    let mut forgotten = Vec::new();
    let mut with_the_fork = 0;
    for index in 0..30 {
        let plan = renaming(&trio.alice, &format!("Name {index}"));
        let prepared = group.prepare(&trio.alice.identity, &plan, trio.judge()).unwrap();
        stored.take(&group.take_changes().unwrap().group);
        stored.assert_exact_for(group.snapshot().unwrap());
        group.publish(&prepared.id).unwrap();
        if index == 2 {
            group.receive_commit(&lost.pending.commit, None, trio.judge()).unwrap();
            with_the_fork = group.graph().epochs().count();
        }
        group.forget();
        let changes = group.take_changes().unwrap().group;
        stored.take(&changes);
        forgotten.extend(changes.forgotten);
        stored.assert_exact_for(group.snapshot().unwrap());
    }
    assert_eq!(with_the_fork, 5, "the root, three epochs, and one that has lost");
    assert!(forgotten.contains(&lost.id));
}

/// Rows of one client in the head.
fn private<'a>(group: &'a Group, client: &causeway_mls::ClientIdentity) -> &'a Rows {
    &group.snapshot().clients[&client.client_uri]
}

#[test]
fn what_a_message_uses_up_is_in_no_row() {
    let (a, b) = (Provider::new("a.test"), Provider::new("b.test"));
    let roots = roots(&[&a, &b]);
    let (alice, bob) = (a.client("alice", "one"), b.client("bob", "one"));
    let bundle = key_package(&bob);
    let group = create(&a, room(&a, &[(a.user("alice"), ADMIN), (b.user("bob"), MEMBER)]), &alice);
    let plan = CommitPlan { add_key_packages: vec![bundle.key_package.clone()], ..Default::default() };
    let (mut at_alice, pending) = commit(group, &alice, &plan, &roots);
    let mut at_bob = join(&pending, &bundle, &bob, &roots);
    for number in 0..4 {
        let before: [BTreeMap<_, _>; 2] = [private(&at_alice, &alice).clone(), private(&at_bob, &bob).clone()];
        let sealed = at_alice.seal(&alice, b"hello", [7; 32]).unwrap();
        at_bob.open(&sealed).unwrap();
        for (before, after) in before.iter().zip([private(&at_alice, &alice), private(&at_bob, &bob)]) {
            let changed: Vec<_> = before.iter().filter(|(key, value)| after.get(*key) != Some(value)).collect();
            assert!(!changed.is_empty(), "a ratchet has moved");
            for (key, value) in changed {
                for secret in secrets(value) {
                    // Those that are not used up may stay: the handshake ratchet, and the other side's leaf.
                    let is_kept = after.values().any(|value| value.windows(secret.len()).any(|octets| octets == secret));
                    let may_stay = key.starts_with(b"R/") && secrets(value).len() > 1;
                    assert!(!is_kept || may_stay, "message {number}: {} still stands", key.escape_ascii());
                }
            }
        }
        (at_alice, at_bob) = (stored(at_alice), stored(at_bob));
    }
}

/// The strings of 32 octets in a row.
fn secrets(row: &[u8]) -> Vec<&[u8]> {
    let starts = (0..row.len()).filter(|at| row[*at..].starts_with(&[0xc4, 32]));
    starts.filter_map(|at| row.get(at + 2..at + 34)).collect()
}

#[test]
fn an_epoch_keeps_no_secret_that_leads_to_another() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let alice = a.client("alice", "one");
    let mut group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let before: EpochRows = (group.snapshot().public.clone(), group.snapshot().clients.clone());
    let epoch = group.epoch().id;
    group.commit(&alice, &CommitPlan::default(), &roots, NOW).unwrap();
    group.merge_pending(&alice.client_uri, &roots, NOW).unwrap();
    let past = &group.snapshot().past[&epoch].clients[&alice.client_uri];
    let mut checked = 0;
    for (key, row) in
        before.1[&alice.client_uri].iter().filter(|(key, _)| !key.starts_with(b"MessageSecrets") && !key.starts_with(b"S/"))
    {
        for secret in secrets(row) {
            checked += 1;
            let is_kept = past.values().any(|row| row.windows(secret.len()).any(|octets| octets == secret));
            assert!(!is_kept, "{}", key.escape_ascii());
        }
    }
    assert!(checked >= 8, "only {checked} secrets were looked for");
}
