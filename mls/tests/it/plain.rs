//! Plain groups: RFC 9420 and nothing on top of it (SPEC §14.10).

use causeway_mls::{CommitPlan, ForkableGroup, Group, JoinableGroupInfo, Judge, MlsError, TrustRoots};

use crate::support::*;

fn plain(creator: &causeway_mls::ClientIdentity) -> Group {
    stored(Group::create_plain(b"plain".to_vec(), creator).unwrap())
}

fn admitting(providers: &[&Provider]) -> TrustRoots {
    let mut roots = roots(providers);
    roots.admit_plain_groups();
    roots
}

fn adding(key_package: &causeway_mls::KeyPackageBundle) -> CommitPlan {
    CommitPlan { add_key_packages: vec![key_package.key_package.clone()], ..Default::default() }
}

/// A room has its components; a group without them is none that we would be in, whoever invites us (G-66).
#[test]
fn g_66_a_group_without_components_is_refused_unless_plain_groups_are_wanted() {
    let (a, b) = (Provider::new("a.test"), Provider::new("b.test"));
    let (alice, bob) = (a.client("alice", "one"), b.client("bob", "one"));
    let (rooms_only, both) = (roots(&[&a, &b]), admitting(&[&a, &b]));
    let bundle = key_package(&bob);
    let (group, pending) = commit(plain(&alice), &alice, &adding(&bundle), &both);

    let welcome = (pending.welcome.as_deref().unwrap(), pending.ratchet_tree.as_slice());
    let by_welcome = |roots| Group::join(welcome, &bundle, &bob, None, (roots, NOW));
    let info = JoinableGroupInfo {
        group_info: group.group_info(&alice).unwrap(),
        ratchet_tree: group.ratchet_tree().unwrap(),
        pending_proposals: vec![],
        hub_key: vec![],
    };
    let phone = b.client("bob", "phone");
    let externally = |roots| Group::join_externally(&info, &phone, (roots, NOW));
    let from_outside = |roots| Group::observe((&info.group_info, &info.ratchet_tree), group.epoch().id, (roots, NOW));
    let refusals = [by_welcome(&rooms_only).err(), externally(&rooms_only).err(), from_outside(&rooms_only).err()];
    for refusal in refusals {
        assert!(matches!(&refusal, Some(MlsError::Invalid(why)) if why.starts_with("G-66")), "{refusal:?}");
    }
    assert!(by_welcome(&both).is_ok() && externally(&both).is_ok() && from_outside(&both).is_ok());
}

/// Everybody who has a client takes part, and all may do the same.
#[test]
fn dmls_33_in_a_plain_group_every_member_may_add_remove_and_leave() {
    let (a, b) = (Provider::new("a.test"), Provider::new("b.test"));
    let roots = admitting(&[&a, &b]);
    let (alice, bob, carol) = (a.client("alice", "one"), b.client("bob", "one"), a.client("carol", "one"));
    let (kp_bob, kp_carol) = (key_package(&bob), key_package(&carol));
    let (at_alice, pending) = commit(plain(&alice), &alice, &adding(&kp_bob), &roots);
    let at_bob = join(&pending, &kp_bob, &bob, &roots);
    assert!(at_bob.room_state().is_plain());
    assert_eq!(at_bob.required_capabilities(), Default::default());

    let (at_bob, pending) = commit(at_bob, &bob, &adding(&kp_carol), &roots);
    assert_eq!(pending.summary.participants_added(), [a.user("carol")]);
    let mut at_carol = join(&pending, &kp_carol, &carol, &roots);
    let mut at_alice = follow(at_alice, &pending.commit, &roots);

    let sealed = at_alice.seal(&alice, b"hello", [7; 32]).unwrap();
    let opened = at_carol.open(&sealed).unwrap();
    assert_eq!((opened.application_data.as_slice(), opened.franking_tag), (&b"hello"[..], None));

    // Carol wants to leave, with a proposal that any RFC 9420 client knows; bob commits it, and removes alice.
    let proposals = at_carol.leave_proposals(&carol).unwrap();
    let mut at_bob = at_bob;
    at_bob.queue_proposals(&proposals.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    let removal = CommitPlan { remove_clients: vec![alice.client_uri.clone()], ..Default::default() };
    let (at_bob, pending) = commit(stored(at_bob), &bob, &removal, &roots);
    assert_eq!(at_bob.members().len(), 1);
    assert_eq!(pending.summary.participants_removed(), [a.user("alice"), a.user("carol")]);
}

/// There is nothing to be changed but who is in.
#[test]
fn dmls_33_a_plain_group_has_no_components_to_change() {
    let a = Provider::new("a.test");
    let (alice, roots) = (a.client("alice", "one"), admitting(&[&a]));
    let mut group = plain(&alice);
    let before = group.snapshot().clone();
    let mut metadata = group.room_state().metadata.clone();
    metadata.room_name.0 = "A room".to_owned();
    let refused = group.commit(&alice, &CommitPlan { metadata: Some(metadata), ..Default::default() }, &roots, NOW);
    assert!(matches!(&refused, Err(MlsError::Invalid(why)) if why.starts_with("DMLS-33")), "{refused:?}");
    assert_eq!(*group.snapshot(), before);
}

/// G-28 holds in plain groups as well: plain does not mean unchecked.
#[test]
fn dmls_33_credentials_are_checked_in_plain_groups_too() {
    let (a, impostor) = (Provider::new("a.test"), Provider::new("a.test"));
    let (alice, roots) = (a.client("alice", "one"), admitting(&[&a]));
    let evil = key_package(&impostor.client("mallory", "one"));
    let mut group = plain(&alice);
    let refused = group.commit(&alice, &adding(&evil), &roots, NOW);
    assert!(matches!(refused, Err(MlsError::CredentialRefused(_))));
}

/// What a fork's losing branch did is settled by what the roster says.
#[test]
fn dmls_33_a_fork_of_a_plain_group_is_settled() {
    let (a, b) = (Provider::new("a.test"), Provider::new("b.test"));
    let roots = admitting(&[&a, &b]);
    let judge = Judge { roots: &roots, now_ms: NOW };
    let (alice, bob, carol, dave) = (a.client("alice", "1"), b.client("bob", "1"), a.client("carol", "1"), b.client("dave", "1"));
    let (kp_bob, kp_carol) = (key_package(&bob), key_package(&carol));
    let both = CommitPlan { add_key_packages: vec![kp_bob.key_package.clone(), kp_carol.key_package], ..Default::default() };
    let (at_alice, pending) = commit(plain(&alice), &alice, &both, &roots);
    let joined = join(&pending, &kp_bob, &bob, &roots);
    let mut at_alice = ForkableGroup::begin(at_alice, 5, vec![], &[]).unwrap();
    let mut at_bob = ForkableGroup::observe(&at_alice.tail(&alice).unwrap(), judge).unwrap();
    at_bob.adopt(&joined, judge).unwrap();

    // Alice removes carol, while bob adds dave: the removal wins, and dave is added again.
    let removal = CommitPlan { remove_clients: vec![carol.client_uri.clone()], ..Default::default() };
    let removal = at_alice.prepare(&alice, &removal, judge).unwrap();
    at_alice.publish(&removal.id).unwrap();
    let addition = at_bob.prepare(&bob, &adding(&key_package(&dave)), judge).unwrap();
    at_bob.publish(&addition.id).unwrap();
    at_alice.receive_commit(&addition.pending.commit, None, judge).unwrap();
    at_bob.receive_commit(&removal.pending.commit, None, judge).unwrap();
    assert_eq!((at_alice.head().id, at_bob.head().id), (removal.id, removal.id));

    let settlement = at_bob.settlement().unwrap();
    assert_eq!(settlement.clients_to_add().collect::<Vec<_>>(), [&dave.client_uri]);
    let again = [(dave.client_uri.clone(), key_package(&dave).key_package)].into();
    let plan = settlement.plan_for(&bob.client_uri, at_bob.head_state().unwrap(), &again).unwrap();
    assert_eq!(plan.participants, None);
    let settled = at_bob.prepare(&bob, &plan, judge).unwrap();
    at_bob.publish(&settled.id).unwrap();
    at_alice.receive_commit(&settled.pending.commit, None, judge).unwrap();
    assert_eq!(at_alice.head().id, settled.id);
    for node in [&at_alice, &at_bob] {
        assert_eq!(node.settlement().unwrap().intents, []);
        let clients: Vec<_> = node.head_state().unwrap().members().iter().map(|member| member.client.clone()).collect();
        assert_eq!(clients, [alice.client_uri.clone(), bob.client_uri.clone(), dave.client_uri.clone()]);
    }
}
