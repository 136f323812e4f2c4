//! A group of many, in which two have a path to talk over as in a group that has talked for long.

use std::collections::{BTreeMap, BTreeSet};

use causeway_mls::{ClientIdentity, CommitPlan, Group, GroupChanges, GroupSnapshot, RowChanges, TrustRoots};

use crate::support::*;

/// Octets that sealing adds to a private value (SPEC §11.3).
const SEAL: usize = 4 + 16 + 12 + 16;

/// Alice, and bob in the other half of the tree, each in a process of its own.
pub(crate) struct Crowd {
    pub(crate) provider: Provider,
    pub(crate) roots: TrustRoots,
    pub(crate) alice: (Group, ClientIdentity),
    pub(crate) bob: (Group, ClientIdentity),
}

impl Crowd {
    /// All of them users of one provider, with one client each.
    pub(crate) fn of(members: usize) -> Self {
        let provider = Provider::new("a.test");
        let roots = roots(&[&provider]);
        let alice = provider.client("alice", "one");
        let name = |leaf: usize| format!("member-{leaf}");
        let users = (1..members).map(|leaf| (provider.user(&name(leaf)), MEMBER));
        let users: Vec<_> = [(provider.user("alice"), ADMIN)].into_iter().chain(users).collect();
        let group = create(&provider, room(&provider, &users), &alice);
        let identities: Vec<_> = (1..members).map(|leaf| provider.client(&name(leaf), "one")).collect();
        let bundles: Vec<_> = identities.iter().map(key_package).collect();
        let add_key_packages = bundles.iter().map(|bundle| bundle.key_package.clone()).collect();
        let (mut group, pending) = commit(group, &alice, &CommitPlan { add_key_packages, ..Default::default() }, &roots);

        // Who commits once fills the nodes above: one in each subtree beside alice's path, and beside bob's.
        let half = members.next_power_of_two() / 2;
        let beside =
            |leaf: usize| (0..usize::BITS).map(move |level| leaf ^ (1 << level)).take_while(move |beside| beside ^ leaf < half);
        let talkers: BTreeSet<usize> = beside(0).chain(beside(half)).filter(|leaf| (1..members).contains(leaf)).collect();
        let welcome = (pending.welcome.as_deref().unwrap(), pending.ratchet_tree.as_slice());
        for leaf in talkers.iter().chain([&half]) {
            let joined = Group::join(welcome, &bundles[leaf - 1], &identities[leaf - 1], Some(group), (&roots, NOW));
            group = joined.unwrap();
        }
        for leaf in talkers.iter().rev().chain([&half]) {
            let talker = &identities[leaf - 1];
            group = commit(group, talker, &CommitPlan::default(), &roots).0;
            if *leaf != half {
                group = with(group.snapshot(), |client| *client != talker.client_uri);
            }
        }
        let (group, _) = commit(group, &alice, &CommitPlan::default(), &roots);
        let bob = &identities[half - 1];
        let alone = |identity: &ClientIdentity| (with(group.snapshot(), |client| *client == identity.client_uri), identity.clone());
        Self { alice: alone(&alice), bob: alone(bob), provider, roots }
    }
}

fn with(snapshot: &GroupSnapshot, is_kept: impl Fn(&causeway_drafts::mimi_uri::ClientUri) -> bool) -> Group {
    let mut snapshot = snapshot.clone();
    snapshot.clients.retain(|client, _| is_kept(client));
    snapshot.past = BTreeMap::new();
    Group::load(snapshot).unwrap()
}

/// Octets that a store writes for changes: keys and values, sealed where they are, commits included.
pub(crate) fn written(changes: &GroupChanges) -> usize {
    let rows = |rows: &RowChanges, more: usize| rows.put.iter().map(|(key, value)| key.len() + value.len() + more).sum::<usize>();
    let states = changes.states.values().map(|state| {
        let private: usize = state.clients.values().map(|changes| rows(changes, SEAL)).sum();
        rows(&state.public, 0) + private
    });
    let records = changes.epochs.iter().map(|record| record.commit.len() + record.confirmation_tag.len() + 2 * 32);
    rows(&changes.nodes, 0) + states.sum::<usize>() + records.sum::<usize>()
}
