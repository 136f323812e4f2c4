use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair};
use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::{CommitPlan, CredentialAuthority, Group, JoinableGroupInfo, MlsError, TrustRoots, verify_key_package};

use crate::support::*;

fn rule(result: Result<impl Sized, MlsError>) -> &'static str {
    match result {
        Err(MlsError::NotAllowed(refusal)) => refusal.rule,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

/// What a role lacks is refused with its rule, and nothing has changed.
#[test]
fn roles_bind() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let bob = a.client("bob", "one");
    let participants = [(a.user("alice"), ADMIN), (a.user("bob"), MEMBER)];
    let mut group = create(&a, room(&a, &participants), &bob);
    let before = group.snapshot().clone();

    let mut metadata = group.room_state().metadata.clone();
    metadata.room_name.0 = "Mine".to_owned();
    assert_eq!(rule(group.commit(&bob, &CommitPlan { metadata: Some(metadata), ..Default::default() }, &roots, NOW)), "R-071");

    let removal = ParticipantListUpdate { removed_indices: vec![0], ..Default::default() };
    assert_eq!(rule(group.commit(&bob, &CommitPlan { participants: Some(removal), ..Default::default() }, &roots, NOW)), "R-063");

    let carol = UserRolePair { user: a.user("carol"), role_index: MEMBER };
    let addition = ParticipantListUpdate { added_participants: vec![carol], ..Default::default() };
    assert_eq!(rule(group.commit(&bob, &CommitPlan { participants: Some(addition), ..Default::default() }, &roots, NOW)), "R-057");

    assert_eq!(*group.snapshot(), before);
}

/// P-032: no client of a non-participant; P-033: no client of a removed participant stays.
#[test]
fn participants_and_clients_agree() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let (alice, bob) = (a.client("alice", "one"), a.client("bob", "one"));
    let mut group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let kp = key_package(&bob);
    let plan = CommitPlan { add_key_packages: vec![kp.key_package.clone()], ..Default::default() };
    assert_eq!(rule(group.commit(&alice, &plan, &roots, NOW)), "P-032");

    let entry = UserRolePair { user: a.user("bob"), role_index: MEMBER };
    let participants = Some(ParticipantListUpdate { added_participants: vec![entry], ..Default::default() });
    let (mut group, _) = commit(group, &alice, &CommitPlan { participants, ..plan }, &roots);
    let participants = Some(ParticipantListUpdate { removed_indices: vec![1], ..Default::default() });
    assert_eq!(rule(group.commit(&alice, &CommitPlan { participants, ..Default::default() }, &roots, NOW)), "P-033");
}

fn refused(bytes: &[u8], user: &UserUri, roots: &TrustRoots) -> bool {
    matches!(verify_key_package(bytes, roots, user, NOW), Err(MlsError::CredentialRefused(_)))
}

/// Credentials: another authority, another user, no root.
#[test]
fn credentials_are_checked() {
    let (a, b) = (Provider::new("a.test"), Provider::new("b.test"));
    let roots = roots(&[&a]);
    let good = key_package(&a.client("alice", "one"));
    assert!(verify_key_package(&good.key_package, &roots, &a.user("alice"), NOW).is_ok());
    // G-15: somebody else's KeyPackage.
    assert!(refused(&good.key_package, &a.user("bob"), &roots));
    // No root pinned for b.test.
    let foreign = key_package(&b.client("bob", "one"));
    let unknown = verify_key_package(&foreign.key_package, &roots, &b.user("bob"), NOW);
    assert!(matches!(unknown, Err(MlsError::UnknownProvider(domain)) if domain == b.domain));
    // An authority that calls itself a.test.
    let (impostor, _) = CredentialAuthority::generate(&a.domain).unwrap();
    let user = a.user("alice");
    let client = causeway_drafts::mimi_uri::ClientUri::new(&user, "evil");
    let forged = key_package(&impostor.issue_client(&client, &user).unwrap());
    assert!(refused(&forged.key_package, &user, &roots));
    // Expired.
    let far = 4_000_000_000_000;
    assert!(verify_key_package(&good.key_package, &roots, &a.user("alice"), far).is_err());
}

/// P-078: whoever answers with a GroupInfo has to be the hub that the group itself names.
#[test]
fn p_078_a_group_info_of_another_hub_is_refused() {
    let (a, b) = (Provider::new("a.test"), Provider::new("b.test"));
    let roots = roots(&[&a, &b]);
    let (alice, tablet) = (a.client("alice", "one"), a.client("alice", "tablet"));
    let group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let mut info = JoinableGroupInfo {
        group_info: group.group_info(&alice).unwrap(),
        ratchet_tree: group.ratchet_tree().unwrap(),
        pending_proposals: vec![],
        hub_key: b.hub.signature_public_key(),
    };
    let refused = Group::join_externally(&info, &tablet, (&roots, NOW));
    assert!(matches!(refused, Err(MlsError::Invalid(why)) if why.starts_with("P-078")));
    info.hub_key = a.hub.signature_public_key().to_vec();
    assert!(Group::join_externally(&info, &tablet, (&roots, NOW)).is_ok());
}

/// P-041: a commit of another epoch than the head.
#[test]
fn epochs_are_checked() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let (alice, two) = (a.client("alice", "one"), a.client("alice", "two"));
    let group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let plan = CommitPlan { add_key_packages: vec![key_package(&two).key_package], ..Default::default() };
    let (group, pending) = commit(group, &alice, &plan, &roots);
    assert!(matches!(group.stage(&pending.commit, &roots, NOW), Err(MlsError::WrongEpoch { current: 1 })));
}

/// definitions and assignments of roles need commits of their own. R-003: a role keeps to its numbers.
#[test]
fn r_006_roles_and_participants_change_apart() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let alice = a.client("alice", "one");
    let mut group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let mut changed = roles();
    changed.roles[2].role_name.0 = "guest".to_owned();
    let entry = UserRolePair { user: a.user("bob"), role_index: MEMBER };
    let participants = ParticipantListUpdate { added_participants: vec![entry], ..Default::default() };
    let both = CommitPlan { roles: Some(changed.clone()), participants: Some(participants.clone()), ..Default::default() };
    assert_eq!(rule(group.commit(&alice, &both, &roots, NOW)), "R-006");

    changed.roles[2].maximum_participants_constraint = Some(0);
    let (mut group, _) = commit(group, &alice, &CommitPlan { roles: Some(changed), ..Default::default() }, &roots);
    let plan = CommitPlan { participants: Some(participants), ..Default::default() };
    assert_eq!(rule(group.commit(&alice, &plan, &roots, NOW)), "R-003");
}

/// P-039, P-040: a hub keeps a GroupInfo for joiners only if it is the new epoch's, and signed by a member.
#[test]
fn p_039_a_false_group_info_is_refused() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let (alice, two) = (a.client("alice", "one"), a.client("alice", "two"));
    let hub = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let mut group = Group::load(hub.snapshot().clone()).unwrap();
    let before = group.group_info(&alice).unwrap();
    let plan = CommitPlan { add_key_packages: vec![key_package(&two).key_package], ..Default::default() };
    let pending = group.commit(&alice, &plan, &roots, NOW).unwrap();
    let staged = hub.stage(&pending.commit, &roots, NOW).unwrap();
    let check = |group_info: &[u8], tree: &[u8]| hub.check_group_info(&staged, group_info, Some(tree));

    check(&pending.group_info, &pending.ratchet_tree).unwrap();
    assert_eq!(rule(check(&before, &pending.ratchet_tree)), "P-039");
    assert_eq!(rule(check(&pending.group_info, &hub.ratchet_tree().unwrap())), "P-039");
    let mut forged = pending.group_info.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(rule(check(&forged, &pending.ratchet_tree)), "P-040");
    assert!(matches!(
        check(&pending.group_info[..pending.group_info.len() - 1], &pending.ratchet_tree),
        Err(MlsError::Malformed(_))
    ));
}
