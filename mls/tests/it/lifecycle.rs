use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair};
use causeway_mls::{CommitPlan, CreateGroup, Group, JoinableGroupInfo, MlsError};

use crate::support::*;

fn adding(users: Vec<UserRolePair>, key_packages: Vec<Vec<u8>>) -> CommitPlan {
    let participants = (!users.is_empty()).then(|| ParticipantListUpdate { added_participants: users, ..Default::default() });
    CommitPlan { add_key_packages: key_packages, participants, ..Default::default() }
}

fn say(from: &mut Group, identity: &causeway_mls::ClientIdentity, to: &mut [&mut Group], text: &[u8]) {
    let sealed = from.seal(identity, text, [7; 32]).unwrap();
    for group in to {
        let opened = group.open(&sealed).unwrap();
        assert_eq!(opened.application_data, text);
        assert_eq!(opened.client, identity.client_uri);
        assert_eq!(opened.franking_tag, Some([7; 32]));
    }
}

/// Two providers, three clients: messages both ways, a removal, a leave, an external join, a straggler.
#[test]
fn a_room_lives() {
    let (a, b) = (Provider::new("a.test"), Provider::new("b.test"));
    let roots = roots(&[&a, &b]);
    let (alice, bob, phone) = (a.client("alice", "one"), b.client("bob", "laptop"), b.client("bob", "phone"));
    let group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);

    // P-032: participant and both clients in one commit.
    let (kp1, kp2) = (key_package(&bob), key_package(&phone));
    let bob_entry = UserRolePair { user: b.user("bob"), role_index: MEMBER };
    let plan = adding(vec![bob_entry], vec![kp1.key_package.clone(), kp2.key_package.clone()]);
    let (mut at_alice, pending) = commit(group, &alice, &plan, &roots);
    let mut at_bob = join(&pending, &kp1, &bob, &roots);
    // A second own client of the same process shares the public part.
    let welcome = (pending.welcome.as_deref().unwrap(), pending.ratchet_tree.as_slice());
    at_bob = stored(Group::join(welcome, &kp2, &phone, Some(at_bob), (&roots, NOW)).unwrap());
    assert_eq!(at_bob.own_clients().count(), 2);
    assert_eq!(at_alice.ratchet_tree().unwrap(), at_bob.ratchet_tree().unwrap());

    say(&mut at_alice, &alice, &mut [&mut at_bob], b"hello");
    say(&mut at_bob, &phone, &mut [&mut at_alice], b"hello back");

    // A straggler of the epoch before still opens.
    let late = at_bob.seal(&bob, b"late", [1; 32]).unwrap();
    let mut metadata = at_alice.room_state().metadata.clone();
    metadata.room_name.0 = "Renamed".to_owned();
    let (mut at_alice, pending) = commit(at_alice, &alice, &CommitPlan { metadata: Some(metadata), ..Default::default() }, &roots);
    at_bob = follow(at_bob, &pending.commit, &roots);
    assert_eq!(at_bob.room_state().metadata.name(), "Renamed");
    assert_eq!(at_bob.epoch().number, at_alice.epoch().number);
    assert_eq!(at_alice.open(&late).unwrap().application_data, b"late");

    // Bob leaves with both clients; alice commits what he proposed.
    let proposals = at_bob.leave_proposals(&bob).unwrap();
    let borrowed: Vec<&[u8]> = proposals.iter().map(Vec::as_slice).collect();
    at_alice.queue_proposals(&borrowed).unwrap();
    let (at_alice, pending) = commit(stored(at_alice), &alice, &CommitPlan::default(), &roots);
    assert_eq!(pending.summary.participants_removed(), vec![b.user("bob")]);
    assert_eq!(pending.summary.actor_for(&b.user("bob")), b.user("bob"));
    assert_eq!(at_alice.members().len(), 1);
}

/// A new device joins by an external commit; the other own clients follow it.
#[test]
fn a_new_device_joins_externally() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let (alice, tablet) = (a.client("alice", "one"), a.client("alice", "tablet"));
    let group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let info = JoinableGroupInfo {
        group_info: group.group_info(&alice).unwrap(),
        ratchet_tree: group.ratchet_tree().unwrap(),
        pending_proposals: vec![],
        hub_key: a.hub.signature_public_key(),
    };
    let external = Group::join_externally(&info, &tablet, (&roots, NOW)).unwrap();
    let mut at_alice = follow(group, &external.commit, &roots);
    let mut at_tablet = stored(Group::complete_external_join(&external, &tablet, None, (&roots, NOW)).unwrap());
    assert_eq!(at_alice.ratchet_tree().unwrap(), at_tablet.ratchet_tree().unwrap());
    say(&mut at_tablet, &tablet, &mut [&mut at_alice], b"from the tablet");
    say(&mut at_alice, &alice, &mut [&mut at_tablet], b"welcome");
}

/// Publish before apply: a pending commit that the hub refuses leaves the group usable.
#[test]
fn a_refused_commit_is_forgotten() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let (alice, two) = (a.client("alice", "one"), a.client("alice", "two"));
    let mut group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let plan = CommitPlan { add_key_packages: vec![key_package(&two).key_package], ..Default::default() };
    group.commit(&alice, &plan, &roots, NOW).unwrap();
    let mut group = stored(group);
    assert!(group.pending_commit(&alice.client_uri).is_some());
    assert_eq!(group.epoch().number, 0);
    group.clear_pending(&alice.client_uri).unwrap();
    let mut group = stored(group);
    assert!(matches!(group.merge_pending(&alice.client_uri, &roots, NOW), Err(MlsError::Stored(_))));
    let (group, _) = commit(group, &alice, &plan, &roots);
    assert_eq!(group.epoch().number, 1);
}

/// A removed client's secrets are deleted in the very changes that store the removal. Of others, what opens stragglers
/// stays for two epochs.
#[test]
fn removal_deletes_secrets() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let (alice, two) = (a.client("alice", "one"), a.client("alice", "two"));
    let bundle = key_package(&two);
    let group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let plan = CommitPlan { add_key_packages: vec![bundle.key_package.clone()], ..Default::default() };
    let (at_alice, pending) = commit(group, &alice, &plan, &roots);
    let welcome = (pending.welcome.as_deref().unwrap(), pending.ratchet_tree.as_slice());
    let mut group = stored(Group::join(welcome, &bundle, &two, Some(at_alice), (&roots, NOW)).unwrap());
    let plan = CommitPlan { remove_clients: vec![two.client_uri.clone()], ..Default::default() };
    let before = group.epoch().id;
    group.commit(&alice, &plan, &roots, NOW).unwrap();
    let changes = group.take_changes();
    assert_eq!(changes.states.keys().collect::<Vec<_>>(), [&before]);
    assert!(changes.states[&before].public.is_empty(), "a commit that is pending is in one client's rows alone");
    assert_eq!(changes.states[&before].clients.keys().collect::<Vec<_>>(), [&alice.client_uri]);
    assert_eq!(changes.forgotten, []);
    group.merge_pending(&alice.client_uri, &roots, NOW).unwrap();
    let changes = group.take_changes();
    assert_eq!(changes.forgotten, []);
    let old = &changes.states[&before].clients;
    assert!(old.values().all(|rows| rows.put.is_empty()), "nothing new in an old epoch");
    assert_eq!(group.snapshot().past[&before].clients.keys().collect::<Vec<_>>(), [&alice.client_uri]);
    assert!(!old[&two.client_uri].delete.is_empty() && old[&two.client_uri].put.is_empty());
    for gone in ["EpochSecrets", "EpochKeyPairs", "ApplicationExportTree", "causeway/"] {
        assert!(old[&alice.client_uri].delete.iter().any(|key| key.starts_with(gone.as_bytes())), "{gone}");
    }
    let state = &changes.states[&changes.head.id];
    assert_eq!(&state.public.put, &group.snapshot().public, "all rows of a new epoch are put");
    assert_eq!(state.clients.keys().collect::<Vec<_>>(), [&alice.client_uri]);
    assert_eq!(state.clients[&alice.client_uri].put, group.snapshot().clients[&alice.client_uri]);
    assert!(state.clients[&alice.client_uri].delete.is_empty() && state.public.delete.is_empty());
    let changes = group.take_changes();
    assert!(changes.states.is_empty() && changes.forgotten.is_empty() && changes.epochs.is_empty());
    assert_eq!(group.own_clients().collect::<Vec<_>>(), vec![&alice.client_uri]);
    let mut forgotten = Vec::new();
    for _ in 0..2 {
        group.commit(&alice, &CommitPlan::default(), &roots, NOW).unwrap();
        group.merge_pending(&alice.client_uri, &roots, NOW).unwrap();
        forgotten.push(group.take_changes().forgotten);
    }
    assert_eq!(forgotten[0].len(), 1, "the epoch before the removal's parent");
    assert_eq!(forgotten[1], [before]);
}

/// A commit leaves nothing of the proposals that it covers, or makes void, in anybody's rows.
#[test]
fn committed_proposals_are_gone() {
    let (a, b) = (Provider::new("a.test"), Provider::new("b.test"));
    let roots = roots(&[&a, &b]);
    let (alice, bob) = (a.client("alice", "one"), b.client("bob", "laptop"));
    let bundle = key_package(&bob);
    let entry = UserRolePair { user: b.user("bob"), role_index: MEMBER };
    let group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let (mut at_alice, pending) = commit(group, &alice, &adding(vec![entry], vec![bundle.key_package.clone()]), &roots);
    let mut at_bob = join(&pending, &bundle, &bob, &roots);

    let proposals = at_bob.leave_proposals(&bob).unwrap();
    let proposals: Vec<&[u8]> = proposals.iter().map(Vec::as_slice).collect();
    at_alice.queue_proposals(&proposals).unwrap();
    let at_alice = stored(at_alice);
    assert!(at_alice.has_pending_proposals());

    let (mut at_alice, _) = commit(at_alice, &alice, &CommitPlan::default(), &roots);
    assert!(!at_alice.has_pending_proposals());
    let rows = &at_alice.snapshot().clients[&alice.client_uri];
    assert!(rows.keys().all(|key| !key.starts_with(b"QueuedProposal")));
    at_alice.seal(&alice, b"alone", [7; 32]).unwrap();
}

/// An epoch that nothing was ever stored of has nothing to be forgotten of.
#[test]
fn an_epoch_that_was_never_stored_is_not_forgotten() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let alice = a.client("alice", "one");
    let group_id = format!("mimi://{}/g/club", a.domain).into_bytes();
    let room_state = room(&a, &[(a.user("alice"), ADMIN)]);
    let mut group = Group::create(CreateGroup { group_id, room_state, hub: &a.hub }, &alice).unwrap();
    for _ in 0..4 {
        group.commit(&alice, &CommitPlan::default(), &roots, NOW).unwrap();
        group.merge_pending(&alice.client_uri, &roots, NOW).unwrap();
    }
    let changes = group.take_changes();
    assert_eq!(changes.forgotten, []);
    assert_eq!(changes.states.len(), 3, "the head, and two epochs for stragglers");
    assert!(changes.states.contains_key(&changes.head.id));
    assert_eq!(changes.epochs.len(), 5);
}

/// openmls gives whoever makes a group, or joins it from outside, a memory for those of 32 epochs, whatever is configured.
#[test]
fn no_resumption_psk_of_the_past_is_kept() {
    let provider = Provider::new("a.test");
    let roots = roots(&[&provider]);
    let alice = provider.client("alice", "one");
    let mut group = create(&provider, room(&provider, &[(provider.user("alice"), ADMIN)]), &alice);
    for _ in 0..4 {
        group = commit(group, &alice, &causeway_mls::CommitPlan::default(), &roots).0;
    }
    let rows = &group.snapshot().clients[&alice.client_uri];
    let kept: Vec<usize> = rows.iter().filter(|(key, _)| key.starts_with(b"ResumptionPsk")).map(|(_, value)| value.len()).collect();
    assert_eq!(kept.len(), 1);
    assert!(kept[0] < 16, "{kept:?}");
}
