//! Forks of a group that has members of mls-rs: each of them sees a plain MLS group on the branch that it is on, and ends on the
//! winning one.

use std::collections::BTreeMap;

use causeway_mls::graph::{Authority, Placement};
use causeway_mls::{CommitOutcome, ForkableGroup, Judge, Placed, Prepared};

use super::*;
use crate::forkable::reloaded;
use crate::support::{NOW, commit, join, key_package};

/// Alice and bob of ours, each a node; zoe and yan of mls-rs.
struct World {
    a: Provider,
    z: Provider,
    roots: TrustRoots,
    alice: Node,
    bob: Node,
    zoe: (Stranger, Guest),
    yan: (Stranger, Guest),
}

struct Node {
    identity: ClientIdentity,
    group: ForkableGroup,
}

impl Node {
    fn commit(&mut self, plan: &CommitPlan, roots: &TrustRoots) -> Prepared {
        let prepared = self.group.prepare(&self.identity, plan, Judge { roots, now_ms: NOW }).unwrap();
        self.group.publish(&prepared.id).unwrap();
        self.group = reloaded(self.group.clone());
        prepared
    }

    fn place(&mut self, commit: &[u8], roots: &TrustRoots) -> Box<Placed> {
        let mut received = self.group.receive_commit(commit, None, Judge { roots, now_ms: NOW }).unwrap();
        self.group = reloaded(self.group.clone());
        match received.outcomes.swap_remove(0) {
            CommitOutcome::Placed(placed) => placed,
            other => panic!("{other:?}"),
        }
    }

    fn seal(&mut self, text: &[u8]) -> Vec<u8> {
        self.group.seal(&self.identity, text, [0; 32]).unwrap()
    }

    /// What somebody needs to join the head.
    fn joinable(&self) -> (Vec<u8>, Vec<u8>) {
        let info = self.group.joinable(&self.identity, Vec::new()).unwrap();
        (info.group_info, info.ratchet_tree)
    }
}

impl World {
    fn new() -> Self {
        let (a, z) = (Provider::new("a.test"), Provider::new("z.test"));
        let roots = admitting(&[&a, &z]);
        let (alice, bob) = (a.client("alice", "one"), a.client("bob", "one"));
        let [zoe, yan] = ["zoe", "yan"].map(|name| Stranger::new(&z, name, &[&a, &z]));
        let bundle = key_package(&bob);
        let plan = adding(vec![bare(&bundle), zoe.key_package(), yan.key_package()]);
        let (at_alice, pending) = commit(plain(&alice), &alice, &plan, &roots);
        let (at_bob, at_zoe, at_yan) = (join(&pending, &bundle, &bob, &roots), zoe.join(&pending), yan.join(&pending));
        let alice = Node { group: ForkableGroup::begin(at_alice, 5, vec![], &[]).unwrap(), identity: alice };
        let tail = alice.group.tail(&alice.identity).unwrap();
        let mut group = ForkableGroup::observe(&tail, Judge { roots: &roots, now_ms: NOW }).unwrap();
        group.adopt(&at_bob, Judge { roots: &roots, now_ms: NOW }).unwrap();
        let bob = Node { group, identity: bob };
        Self { a, z, roots, alice, bob, zoe: (zoe, at_zoe), yan: (yan, at_yan) }
    }

    /// Both nodes and both guests are in one epoch.
    fn assert_settled(&self) {
        for node in [&self.alice, &self.bob] {
            let head = node.group.head_state().unwrap();
            for (_, guest) in [&self.zoe, &self.yan] {
                assert_same(head, &node.identity, guest);
            }
            assert_eq!(node.group.settlement().unwrap().intents, []);
        }
        assert_eq!(self.alice.group.head(), self.bob.group.head());
    }

    /// Everybody hears everybody.
    fn assert_they_talk(&mut self) {
        let from_zoe = self.zoe.1.seal(b"from zoe");
        let from_alice = self.alice.seal(b"from alice");
        for node in [&mut self.alice, &mut self.bob] {
            assert_eq!(node.group.open(&from_zoe).unwrap().application_data, b"from zoe");
        }
        assert_eq!(self.bob.group.open(&from_alice).unwrap().application_data, b"from alice");
        assert_eq!(self.yan.1.open(&from_zoe), b"from zoe");
        for (_, guest) in [&mut self.zoe, &mut self.yan] {
            assert_eq!(guest.open(&from_alice), b"from alice");
        }
    }
}

/// Zoe is on the branch that wins, yan on the one that loses.
#[test]
fn of_two_branches_the_winners_go_on_and_the_losers_come_back_by_an_external_commit() {
    let mut world = World::new();
    let roots = world.roots.clone();
    let dave = world.a.client("dave", "one");
    let invited = world.alice.commit(&adding(vec![bare(&key_package(&dave))]), &roots);
    world.bob.place(&invited.pending.commit, &roots);
    for (_, guest) in [&mut world.zoe, &mut world.yan] {
        guest.hear(&invited.pending.commit);
    }
    // The fork: a removal on alice's side, where zoe is; on bob's, he invites erin and yan renews its keys.
    let plan = CommitPlan { remove_clients: vec![dave.client_uri.clone()], ..Default::default() };
    let removal = world.alice.commit(&plan, &roots);
    world.zoe.1.hear(&removal.pending.commit);
    let erin = world.a.client("erin", "one");
    let addition = world.bob.commit(&adding(vec![bare(&key_package(&erin))]), &roots);
    world.yan.1.hear(&addition.pending.commit);
    let by_yan = world.yan.1.renew();
    world.bob.place(&by_yan, &roots);
    // On either side there is a group that works.
    assert_same(world.alice.group.head_state().unwrap(), &world.alice.identity, &world.zoe.1);
    assert_same(world.bob.group.head_state().unwrap(), &world.bob.identity, &world.yan.1);
    let from_yan = world.yan.1.seal(b"on the branch that loses");

    // The sides meet. The removal wins; ours hold both branches, and still open what was said on the other.
    for commit in [&addition.pending.commit, &by_yan] {
        world.alice.place(commit, &roots);
    }
    world.bob.place(&removal.pending.commit, &roots);
    assert_eq!((world.alice.group.head().id, world.bob.group.head().id), (removal.id, removal.id));
    for node in [&mut world.alice, &mut world.bob] {
        assert_eq!(node.group.open(&from_yan).unwrap().application_data, b"on the branch that loses");
    }
    // For zoe nothing has happened: it refuses what its group never had.
    assert!(world.zoe.1.group.process_incoming_message(message(&by_yan)).is_err());

    // Yan comes back, in place of its leaf.
    let (group_info, tree) = world.bob.joinable();
    let former = world.yan.1.group.current_member_index();
    let (back, external) = world.yan.0.join_externally((&group_info, &tree), Some(former));
    world.yan.1 = back;
    for node in [&mut world.alice, &mut world.bob] {
        assert!(node.place(&external, &roots).summary.external);
    }
    world.zoe.1.hear(&external);

    // What is left to settle is erin: bob's commit adds her on the branch that won.
    let settlement = world.bob.group.settlement().unwrap();
    assert_eq!(settlement.clients_to_add().collect::<Vec<_>>(), [&erin.client_uri]);
    let key_packages = BTreeMap::from([(erin.client_uri.clone(), bare(&key_package(&erin)))]);
    let plan = settlement.plan_for(&world.bob.identity.client_uri, world.bob.group.head_state().unwrap(), &key_packages);
    let settled = world.bob.commit(&plan.unwrap(), &roots);
    world.alice.place(&settled.pending.commit, &roots);
    for (_, guest) in [&mut world.zoe, &mut world.yan] {
        guest.hear(&settled.pending.commit);
    }
    world.assert_settled();
    world.assert_they_talk();
}

/// Commits of mls-rs take part in the choice like any other, on either side of it.
#[test]
fn a_commit_of_mls_rs_may_win_a_fork_or_lose_it() {
    let mut world = World::new();
    let roots = world.roots.clone();
    let erin = world.a.client("erin", "one");
    // Zoe, of mls-rs, adds erin; yan, of mls-rs, and alice only renew.
    let (by_zoe, _) = world.zoe.1.add(&bare(&key_package(&erin)));
    let by_yan = world.yan.1.renew();
    let by_alice = world.alice.commit(&CommitPlan::default(), &roots);
    let winner = world.alice.place(&by_zoe, &roots).epoch;
    world.alice.place(&by_yan, &roots);
    for commit in [&by_yan, &by_alice.pending.commit, &by_zoe] {
        world.bob.place(commit, &roots);
    }
    assert_eq!((world.alice.group.head(), world.bob.group.head()), (winner, winner));
    assert_same(world.alice.group.head_state().unwrap(), &world.alice.identity, &world.zoe.1);

    // Yan comes back: that renews its keys, too. What alice wanted, her own node does again.
    let (group_info, tree) = world.alice.joinable();
    let former = world.yan.1.group.current_member_index();
    let (back, external) = world.yan.0.join_externally((&group_info, &tree), Some(former));
    world.yan.1 = back;
    world.zoe.1.hear(&external);
    for node in [&mut world.alice, &mut world.bob] {
        node.place(&external, &roots);
    }
    let settlement = world.alice.group.settlement().unwrap();
    let none = BTreeMap::new();
    let plan = settlement.plan_for(&world.alice.identity.client_uri, world.alice.group.head_state().unwrap(), &none).unwrap();
    let renewal = world.alice.commit(&plan, &roots);
    world.bob.place(&renewal.pending.commit, &roots);
    for (_, guest) in [&mut world.zoe, &mut world.yan] {
        guest.hear(&renewal.pending.commit);
    }
    world.assert_settled();
    world.assert_they_talk();
}

/// An external commit from a GroupInfo of a branch that has lost is placed there, and moves nobody; from the head's, it counts.
#[test]
fn a_join_of_mls_rs_on_a_losing_branch_is_made_again_on_the_head() {
    let mut world = World::new();
    let roots = world.roots.clone();
    let loser = world.bob.commit(&CommitPlan::default(), &roots);
    let (old_info, old_tree) = world.bob.joinable();
    let plan = CommitPlan { remove_clients: vec![world.yan.0.identity.client_uri.clone()], ..Default::default() };
    let removal = world.alice.commit(&plan, &roots);
    world.zoe.1.hear(&removal.pending.commit);
    world.alice.place(&loser.pending.commit, &roots);
    world.bob.place(&removal.pending.commit, &roots);

    let xenia = Stranger::new(&world.z, "xenia", &[&world.a, &world.z]);
    let (_, external) = xenia.join_externally((&old_info, &old_tree), None);
    for node in [&mut world.alice, &mut world.bob] {
        assert_eq!(node.place(&external, &roots).placement, Placement::LosesFork);
        assert_eq!(node.group.head().id, removal.id);
    }
    assert!(world.zoe.1.group.process_incoming_message(message(&external)).is_err());
    // It is the joiner's own to do it again: nobody else may want it there.
    assert_eq!(world.alice.group.settlement().unwrap().clients_to_add().count(), 0);

    let (group_info, tree) = world.alice.joinable();
    let (at_xenia, external) = xenia.join_externally((&group_info, &tree), None);
    for node in [&mut world.alice, &mut world.bob] {
        assert_eq!(node.place(&external, &roots).placement, Placement::ExtendsHead);
        assert_same(node.group.head_state().unwrap(), &node.identity, &at_xenia);
    }
    world.zoe.1.hear(&external);
    assert_eq!(world.zoe.1.authenticator(), at_xenia.authenticator());
}

/// The term that a commit of ours carries is authenticated data, which mls-rs need not understand; its own are of term 0, and rank
/// behind (DMLS-10).
#[test]
fn dmls_33_a_commit_in_a_later_term_is_an_ordinary_one_for_mls_rs() {
    let mut world = World::new();
    let roots = world.roots.clone();
    let statement = world.alice.group.open_term(&world.alice.identity, Authority::Members).unwrap();
    world.bob.group.receive_statement(&statement.to_bytes()).unwrap();
    // Zoe's removes somebody, which outranks all else in one term.
    let by_zoe = {
        let mut elsewhere = Guest { group: world.zoe.1.group.clone() };
        elsewhere.remove(world.yan.1.group.current_member_index())
    };
    let by_alice = world.alice.commit(&CommitPlan::default(), &roots);
    for (_, guest) in [&mut world.zoe, &mut world.yan] {
        guest.hear(&by_alice.pending.commit);
    }
    assert_eq!(world.alice.place(&by_zoe, &roots).placement, Placement::LosesFork);
    for commit in [&by_zoe, &by_alice.pending.commit] {
        world.bob.place(commit, &roots);
    }
    assert_eq!(world.bob.group.head().id, by_alice.id);
    for (_, guest) in [&world.zoe, &world.yan] {
        assert_same(world.alice.group.head_state().unwrap(), &world.alice.identity, guest);
    }
}
