//! The optional hardening: a PSK from a punctured PRF (SPEC §14.12).

mod refused;

use causeway_drafts::numbers::COMPONENT_HARDENING;
use causeway_mls::{Group, Hardening, IntentKind, seed};
use openmls::prelude::tls_codec::Deserialize;
use openmls::prelude::{MlsMessageIn, OpenMlsProvider};

use super::statements::sovereign;
use super::*;
use crate::bad_input::with_library;

const ON: CommitPlan = switching(Hardening::PskPuncture);

const fn switching(hardening: Hardening) -> CommitPlan {
    CommitPlan {
        add_key_packages: Vec::new(),
        remove_clients: Vec::new(),
        participants: None,
        metadata: None,
        roles: None,
        base_policy: None,
        hardening: Some(hardening),
        term: 0,
    }
}

/// Alice has switched it on; everybody has followed.
pub(super) fn hardened() -> Trio {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let commit = trio.alice.commit(&ON, &roots);
    trio.bob.place(&commit.pending.commit, &roots);
    trio.carol.place(&commit.pending.commit, &roots);
    assert!(trio.carol.group.head_state().unwrap().room_state().hardening.is_on());
    trio
}

/// What somebody finds who takes a node's state of one epoch.
fn stolen(node: &Node, epoch: &EpochId) -> Group {
    node.group.state(epoch).unwrap().clone()
}

fn derives(thief: &Group, commit: &[u8], roots: &TrustRoots) -> bool {
    let mut thief = thief.clone();
    let staged = thief.stage(commit, roots, NOW).unwrap();
    thief.merge(staged).is_ok()
}

fn pprf_of(node: &Node, epoch: &EpochId) -> Vec<u8> {
    let state = node.group.state(epoch).unwrap().snapshot();
    state.clients[&node.identity.client_uri][b"causeway/pprf".as_slice()].clone()
}

/// Where a parent is kept, its thief derives a child anew, and with it what was said there and deleted since.
#[test]
fn dmls_35_who_takes_a_kept_parent_does_not_derive_children_that_were_followed() {
    for is_hardened in [false, true] {
        let mut trio = if is_hardened { hardened() } else { sovereign() };
        let roots = trio.roots.clone();
        let parent = trio.alice.head();
        let by_bob = trio.bob.commit(&CommitPlan::default(), &roots).pending.commit;
        assert!(derives(&stolen(&trio.alice, &parent), &by_bob, &roots), "as long as alice has not followed");
        trio.alice.place(&by_bob, &roots);
        let thief = stolen(&trio.alice, &parent);
        assert!(thief.holds(&trio.alice.identity.client_uri), "the parent is kept");
        assert_eq!(derives(&thief, &by_bob, &roots), !is_hardened);
        let (again, _) = with_library(&thief, &trio.alice.identity, |provider, group, _| {
            let root = group.safe_export_secret(provider.crypto(), provider.storage(), COMPONENT_HARDENING);
            let message = MlsMessageIn::tls_deserialize_exact(&by_bob).unwrap();
            let processed = group.process_message(provider, message.try_into_protocol_message().unwrap());
            (root.is_ok(), processed.is_ok())
        });
        assert_eq!(again, (!is_hardened, !is_hardened), "openmls alone: the root, the commit");
    }
}

#[test]
fn dmls_35_siblings_open_in_any_order_and_each_once() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let parent = trio.alice.head();
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots).pending.commit;
    let by_carol = trio.carol.commit(&CommitPlan::default(), &roots).pending.commit;
    let before = trio.alice.group.clone();
    for commits in [[&by_bob, &by_carol], [&by_carol, &by_bob]] {
        let mut alice = Node { group: before.clone(), identity: trio.alice.identity.clone() };
        for commit in commits {
            assert!(derives(&stolen(&alice, &parent), commit, &roots));
            assert!(alice.place(commit, &roots).unopened.is_empty());
            assert!(!derives(&stolen(&alice, &parent), commit, &roots));
        }
        assert_eq!(alice.group.kept_secrets().count(), 5, "both children, the parent and what was before");
    }
    trio.gossip();
    trio.assert_agreed();
    // Whoever made one of them cannot be made to follow the other twice, either.
    assert!(!derives(&stolen(&trio.carol, &parent), &by_bob, &roots));
}

/// Nobody has seen what is given up: then the parent is as it was. What is published is punctured with that.
#[test]
fn dmls_35_an_own_commit_is_punctured_when_it_is_published() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let (parent, plan) = (trio.alice.head(), renaming(&trio.alice, "Alice's"));
    let before = pprf_of(&trio.alice, &parent);
    let given_up = trio.alice.group.prepare(&trio.alice.identity, &plan, judge(&roots)).unwrap();
    assert_eq!(pprf_of(&trio.alice, &parent), before);
    trio.alice.group.abandon(&given_up.id);
    let published = trio.alice.commit(&plan, &roots);
    assert_ne!(pprf_of(&trio.alice, &parent), before);
    assert!(trio.bob.place(&published.pending.commit, &roots).unopened.is_empty());
    assert_eq!(pprf_of(&trio.alice, &parent), pprf_of(&trio.bob, &parent), "at the same place");
}

/// Alice has another client in the same process, and the commit that has added it.
fn with_a_second_client(trio: &mut Trio) -> (ClientIdentity, Prepared) {
    let roots = trio.roots.clone();
    let second = trio.a.client("alice", "two");
    let bundle = key_package(&second);
    let added = trio.alice.commit(&adding(vec![], vec![bundle.key_package.clone()]), &roots);
    trio.alice.group.adopt(&join(&added.pending, &bundle, &second, &roots), judge(&roots)).unwrap();
    trio.alice.group = reloaded(trio.alice.group.clone());
    (second, added)
}

/// Of two clients in one process, the one that did not make the commit would open it.
#[test]
fn dmls_35_all_own_clients_are_punctured_with_the_one_that_commits() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let (second, added) = with_a_second_client(&mut trio);
    let commit = trio.alice.commit(&CommitPlan::default(), &roots).pending.commit;
    let thief = Node { group: trio.alice.group.clone(), identity: second };
    let state = thief.group.state(&added.id).unwrap().clone();
    let (processed, _) = with_library(&state, &thief.identity, |provider, group, _| {
        let message = MlsMessageIn::tls_deserialize_exact(&commit).unwrap();
        group.process_message(provider, message.try_into_protocol_message().unwrap()).is_ok()
    });
    assert!(!processed);
    assert!(thief.group.head_state().unwrap().holds(&thief.identity.client_uri), "and yet it has followed");
}

/// The limit: who joins cannot know the PSK. What is built on such a commit is as open as it is, until its parent is gone.
#[test]
fn dmls_35_a_commit_that_lets_somebody_in_is_not_hardened_and_the_next_one_is() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let parent = trio.bob.head();
    let (invite, dave, bundle) = inviting(&trio.a, "dave");
    let added = trio.alice.commit(&invite, &roots);
    trio.bob.place(&added.pending.commit, &roots);
    trio.carol.place(&added.pending.commit, &roots);
    let mut dave = Node::joining(&trio.alice, &join(&added.pending, &bundle, &dave, &roots), dave, &roots);
    let by_dave = dave.commit(&CommitPlan::default(), &roots).pending.commit;
    for node in [&mut trio.alice, &mut trio.bob, &mut trio.carol] {
        assert!(node.place(&by_dave, &roots).unopened.is_empty());
        assert!(!derives(&stolen(node, &added.id), &by_dave, &roots));
    }
    let mut thief = stolen(&trio.bob, &parent);
    let staged = thief.stage(&added.pending.commit, &roots, NOW).unwrap();
    thief.merge(staged).unwrap();
    assert!(derives(&thief, &by_dave, &roots));
    let sealed = dave.seal(b"hello");
    assert_eq!(trio.carol.open(&sealed).unwrap(), b"hello");
}

#[test]
fn dmls_35_who_comes_back_by_an_external_commit_takes_part_again() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots).pending.commit;
    let mut altered = commit.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(trio.bob.place(&altered, &roots).unopened.len(), 1);
    // What did not open has punctured nothing: with the right tags it does.
    let mut patient = Node { group: trio.bob.group.clone(), identity: trio.bob.identity.clone() };
    let heard = patient.hear(&commit, &roots).outcomes.swap_remove(0);
    assert!(matches!(heard, CommitOutcome::Variant { opened_by, .. } if opened_by.len() == 1));
    trio.carol.place(&commit, &roots);
    let info = trio.alice.group.joinable(&trio.alice.identity, trio.a.hub.signature_public_key()).unwrap();
    let back = trio.bob.group.rejoin(&info, &trio.bob.identity, judge(&roots)).unwrap();
    trio.bob.group.complete_rejoin(&back, judge(&roots)).unwrap();
    trio.bob.group = reloaded(trio.bob.group.clone());
    trio.alice.place(&back.commit, &roots);
    trio.carol.place(&back.commit, &roots);
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "Back"), &roots).pending.commit;
    assert!(trio.alice.place(&by_bob, &roots).unopened.is_empty());
    assert!(trio.carol.place(&by_bob, &roots).unopened.is_empty());
    trio.assert_agreed();
}

/// Nobody but a committer itself can use its name up, and then it has shown that it equivocates.
#[test]
fn dmls_35_who_gives_two_commits_one_name_strands_those_who_come_back() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let parent = trio.bob.group.clone();
    let commits = ["One", "Two"].map(|name| {
        let mut double = Node { group: parent.clone(), identity: trio.bob.identity.clone() };
        let plan = renaming(&double, name);
        seed(Some(5));
        let commit = double.commit(&plan, &roots).pending.commit;
        seed(None);
        commit
    });
    assert!(trio.alice.place(&commits[0], &roots).unopened.is_empty());
    assert_eq!(trio.alice.place(&commits[1], &roots).unopened.len(), 1);
    assert!(trio.carol.place(&commits[1], &roots).unopened.is_empty());
    assert_eq!(trio.carol.place(&commits[0], &roots).unopened.len(), 1);
    assert_eq!(trio.alice.head(), trio.carol.head());
    assert_eq!(trio.alice.group.stranded().unwrap().len() + trio.carol.group.stranded().unwrap().len(), 1);
}

/// Commits of one member without end: its own names are used up, and nobody else's.
#[test]
fn dmls_35_a_member_that_commits_again_and_again_makes_others_keep_little() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let (parent, group) = (trio.bob.head(), trio.bob.group.clone());
    for number in 0..20 {
        let mut double = Node { group: group.clone(), identity: trio.bob.identity.clone() };
        let plan = renaming(&double, &format!("Name {number}"));
        let commit = double.commit(&plan, &roots).pending.commit;
        trio.alice.hear(&commit, &roots);
        assert!(pprf_of(&trio.alice, &parent).len() < 32 * 1024);
    }
    let by_carol = trio.carol.commit(&CommitPlan::default(), &roots).pending.commit;
    assert!(trio.alice.place(&by_carol, &roots).unopened.is_empty());
}

#[test]
fn dmls_34_the_switch_is_settled_like_any_change() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    trio.alice.commit(&ON, &roots);
    trio.bob.commit(&removing(&trio.bob, &trio.c.user("carol")), &roots);
    trio.gossip();
    let settlement = trio.alice.group.settlement().unwrap();
    assert!(settlement.intents.iter().any(|intent| intent.kind == IntentKind::Hardening(Hardening::PskPuncture)));
    assert!(trio.alice.settle(&BTreeMap::new(), &roots) > 0);
    trio.gossip();
    let head = trio.bob.group.head_state().unwrap();
    assert!(head.room_state().hardening.is_on());
    assert_eq!(trio.bob.head(), trio.alice.head());
    assert!(trio.bob.group.settlement().unwrap().intents.is_empty());
}

#[test]
fn dmls_35_a_fork_of_a_hardened_group_is_settled() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    trio.alice.commit(&renaming(&trio.alice, "Alice's"), &roots);
    trio.bob.commit(&with_role(&trio.bob, &trio.c.user("carol"), ADMIN), &roots);
    trio.carol.commit(&CommitPlan::default(), &roots);
    trio.gossip();
    trio.assert_agreed();
    for _ in 0..3 {
        for node in [&mut trio.alice, &mut trio.bob, &mut trio.carol] {
            node.settle(&BTreeMap::new(), &roots);
        }
        trio.gossip();
    }
    trio.assert_agreed();
    assert!(trio.alice.group.settlement().unwrap().intents.is_empty());
    let sealed = trio.carol.seal(b"settled");
    assert_eq!(trio.alice.open(&sealed).unwrap(), b"settled");
}

#[test]
fn dmls_34_it_is_switched_off_again() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let off = trio.alice.commit(&switching(Hardening::None), &roots);
    trio.bob.place(&off.pending.commit, &roots);
    let state = trio.bob.group.head_state().unwrap().snapshot();
    assert!(!state.clients[&trio.bob.identity.client_uri].contains_key(b"causeway/pprf".as_slice()));
    let by_bob = trio.bob.commit(&CommitPlan::default(), &roots).pending.commit;
    trio.alice.place(&by_bob, &roots);
    assert!(derives(&stolen(&trio.alice, &off.id), &by_bob, &roots));
}

/// There the parent is not kept; the commits are the same, since nobody who sees one knows who orders.
#[test]
fn dmls_35_where_a_hub_orders_commits_carry_a_psk_too() {
    let (a, b) = (Provider::new("a.test"), Provider::new("b.test"));
    let roots = roots(&[&a, &b]);
    let (alice, bob) = (a.client("alice", "one"), b.client("bob", "one"));
    let bundle = key_package(&bob);
    let entry = UserRolePair { user: b.user("bob"), role_index: MEMBER };
    let mut hardened = room(&a, &[(a.user("alice"), ADMIN)]);
    hardened.hardening = Hardening::PskPuncture;
    let group = create(&a, hardened, &alice);
    let (group, added) = commit(group, &alice, &adding(vec![entry], vec![bundle.key_package.clone()]), &roots);
    let at_bob = join(&added, &bundle, &bob, &roots);
    // The hub takes bob's commit; alice's, which was pending, is given up, and made again.
    let mut at_alice = group;
    at_alice.commit(&alice, &CommitPlan::default(), &roots, NOW).unwrap();
    let (at_bob, by_bob) = commit(at_bob, &bob, &CommitPlan::default(), &roots);
    let at_alice = follow(stored(at_alice), &by_bob.commit, &roots);
    let mut at_alice = at_alice;
    at_alice.commit(&alice, &CommitPlan::default(), &roots, NOW).unwrap();
    at_alice.clear_pending(&alice.client_uri).unwrap();
    let (mut at_alice, by_alice) = commit(stored(at_alice), &alice, &CommitPlan::default(), &roots);
    let mut at_bob = follow(at_bob, &by_alice.commit, &roots);
    let sealed = at_bob.seal(&bob, b"hello", [7; 32]).unwrap();
    assert_eq!(at_alice.open(&sealed).unwrap().application_data, b"hello");
    let past = at_alice.snapshot().past.values().flat_map(|past| past.clients.values());
    assert!(past.clone().count() > 0 && past.clone().all(|rows| !rows.contains_key(b"causeway/pprf".as_slice())));
}

/// A thief of the whole state finds what openmls was given for an operation nowhere.
#[test]
fn dmls_35_no_psk_is_stored() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    trio.alice.place(&by_bob.pending.commit, &roots);
    for node in [&trio.alice, &trio.bob] {
        for id in node.group.kept_secrets() {
            let snapshot = node.group.state(&id).unwrap().snapshot();
            assert!(snapshot.clients.values().flat_map(|rows| rows.keys()).all(|key| !key.starts_with(b"Psk")));
        }
    }
}

/// The PSK is the same for all members: what a client keeps that did not enter a child lets its thief draw it for those that did.
#[test]
fn dmls_35_own_clients_that_do_not_enter_a_child_are_punctured_too() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let (second, added) = with_a_second_client(&mut trio);
    trio.bob.place(&added.pending.commit, &roots);
    let removal = CommitPlan { remove_clients: vec![second.client_uri.clone()], ..CommitPlan::default() };
    let by_bob = trio.bob.commit(&removal, &roots);
    trio.alice.place(&by_bob.pending.commit, &roots);
    assert!(trio.alice.group.head_state().unwrap().own_clients().eq([&trio.alice.identity.client_uri]));
    assert!(trio.alice.group.unpunctured().unwrap().is_empty());
    let rows = &trio.alice.group.state(&added.id).unwrap().snapshot().clients;
    let pprf_of = |client: &ClientIdentity| rows[&client.client_uri][b"causeway/pprf".as_slice()].clone();
    assert_eq!(pprf_of(&second), pprf_of(&trio.alice.identity));
}
