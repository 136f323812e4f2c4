//! Joining, speaking, committing, in groups of either stack.

use causeway_mls::{Group, GroupSnapshot, JoinableGroupInfo, MlsError};

use mls_rs::ProtocolVersion;
use mls_rs::extension::built_in::RequiredCapabilitiesExt;
use mls_rs::identity::CredentialType;

use super::*;
use crate::support::{ADMIN, NOW, commit, create, follow, key_package, room};

/// Alice of ours and zoe of mls-rs, invited by alice.
struct Pair {
    a: Provider,
    z: Provider,
    roots: TrustRoots,
    alice: ClientIdentity,
    at_alice: Group,
    zoe: Stranger,
    at_zoe: Guest,
}

impl Pair {
    fn new() -> Self {
        let (a, z) = (Provider::new("a.test"), Provider::new("z.test"));
        let roots = admitting(&[&a, &z]);
        let (alice, zoe) = (a.client("alice", "one"), Stranger::new(&z, "zoe", &[&a, &z]));
        let (at_alice, pending) = commit(plain(&alice), &alice, &adding(vec![zoe.key_package()]), &roots);
        let at_zoe = zoe.join(&pending);
        Self { a, z, roots, alice, at_alice, zoe, at_zoe }
    }

    fn assert_same(&self) {
        assert_same(&self.at_alice, &self.alice, &self.at_zoe);
    }

    fn follow(&mut self, commit: &[u8]) {
        self.at_alice = follow(self.at_alice.clone(), commit, &self.roots);
        self.assert_same();
    }

    fn stranger(&self, name: &str) -> Stranger {
        Stranger::new(&self.z, name, &[&self.a, &self.z])
    }
}

#[test]
fn mls_rs_joins_by_a_welcome_and_both_hear_each_other() {
    let mut pair = Pair::new();
    pair.assert_same();
    let hello = pair.at_alice.seal(&pair.alice, b"hello", [7; 32]).unwrap();
    assert_eq!(pair.at_zoe.open(&hello), b"hello");
    let answer = pair.at_zoe.seal(b"hello back");
    let opened = pair.at_alice.open(&answer).unwrap();
    assert_eq!((opened.application_data.as_slice(), &opened.client), (&b"hello back"[..], &pair.zoe.identity.client_uri));
    // Neither opens anything twice.
    assert!(pair.at_alice.open(&answer).is_err());
    assert!(pair.at_zoe.group.process_incoming_message(message(&hello)).is_err());
}

#[test]
fn our_engine_joins_a_group_of_mls_rs() {
    let (a, z) = (Provider::new("a.test"), Provider::new("z.test"));
    let roots = admitting(&[&a, &z]);
    let (bob, zoe) = (a.client("bob", "one"), Stranger::new(&z, "zoe", &[&a, &z]));
    let mut at_zoe = zoe.create(b"theirs");
    let bundle = key_package(&bob);
    let (_, welcome) = at_zoe.add(&bare(&bundle));
    let joined = Group::join_with_own_tree(&welcome, &bundle, &bob, None, (&roots, NOW)).unwrap();
    let mut at_bob = stored(joined);
    assert_same(&at_bob, &bob, &at_zoe);
    let sealed = at_zoe.seal(b"welcome");
    assert_eq!(at_bob.open(&sealed).unwrap().application_data, b"welcome");

    // And by an external commit, from a GroupInfo that mls-rs has made.
    let phone = a.client("bob", "phone");
    let (group_info, ratchet_tree) = at_zoe.joinable();
    let info = JoinableGroupInfo { group_info, ratchet_tree, pending_proposals: vec![], hub_key: vec![] };
    let join = Group::join_externally(&info, &phone, (&roots, NOW)).unwrap();
    at_zoe.hear(&join.commit);
    let at_bob = stored(Group::complete_external_join(&join, &phone, Some(at_bob), (&roots, NOW)).unwrap());
    assert_same(&at_bob, &phone, &at_zoe);
    assert_same(&at_bob, &bob, &at_zoe);
}

/// What mls-rs commits is judged with and without secrets, and followed.
#[test]
fn commits_of_mls_rs_are_judged_and_followed() {
    let mut pair = Pair::new();
    let mut server = Group::load(GroupSnapshot { clients: Default::default(), ..pair.at_alice.snapshot().clone() }).unwrap();
    let renewal = pair.at_zoe.renew();
    let yan = pair.stranger("yan");
    pair.follow(&renewal);
    let (addition, _) = pair.at_zoe.add(&yan.key_package());
    let summary = pair.at_alice.stage(&addition, &pair.roots, NOW).unwrap().summary().clone();
    assert_eq!(summary.committer, pair.zoe.identity.client_uri);
    assert_eq!(summary.participants_added(), std::slice::from_ref(&yan.identity.user_uri));
    pair.follow(&addition);
    let removal = pair.at_zoe.remove(2);
    let summary = pair.at_alice.stage(&removal, &pair.roots, NOW).unwrap().summary().clone();
    assert_eq!(summary.participants_removed(), std::slice::from_ref(&yan.identity.user_uri));
    pair.follow(&removal);
    for commit in [renewal, addition, removal] {
        server = follow(server, &commit, &pair.roots);
    }
    assert_eq!(server.epoch(), pair.at_alice.epoch());
    assert_eq!(server.group_context().unwrap(), pair.at_alice.group_context().unwrap());
}

#[test]
fn mls_rs_follows_our_commits_and_is_removed_by_one() {
    let mut pair = Pair::new();
    let yan = pair.stranger("yan");
    let renewal = commit(pair.at_alice.clone(), &pair.alice, &CommitPlan::default(), &pair.roots);
    pair.at_zoe.hear(&renewal.1.commit);
    let addition = commit(renewal.0, &pair.alice, &adding(vec![yan.key_package()]), &pair.roots);
    pair.at_zoe.hear(&addition.1.commit);
    let mut at_yan = yan.join(&addition.1);
    pair.at_alice = addition.0;
    pair.assert_same();
    assert_same(&pair.at_alice, &pair.alice, &at_yan);
    let plan = CommitPlan { remove_clients: vec![yan.identity.client_uri.clone()], ..Default::default() };
    let (at_alice, removal) = commit(pair.at_alice, &pair.alice, &plan, &pair.roots);
    pair.at_alice = at_alice;
    pair.at_zoe.hear(&removal.commit);
    pair.assert_same();
    at_yan.hear(&removal.commit);
    let sealed = pair.at_alice.seal(&pair.alice, b"without yan", [0; 32]).unwrap();
    assert_eq!(pair.at_zoe.open(&sealed), b"without yan");
    assert!(at_yan.group.process_incoming_message(message(&sealed)).is_err());
}

/// Proposals by reference, each committed by the other stack.
#[test]
fn each_commits_what_the_other_proposes() {
    let mut pair = Pair::new();
    let update = pair.at_zoe.group.propose_update(Vec::new()).unwrap().to_bytes().unwrap();
    pair.at_alice.queue_proposals(&[&update]).unwrap();
    let (at_alice, pending) = commit(stored(pair.at_alice), &pair.alice, &CommitPlan::default(), &pair.roots);
    pair.at_alice = at_alice;
    pair.at_zoe.hear(&pending.commit);
    pair.assert_same();

    let bob = pair.a.client("bob", "one");
    let bundle = key_package(&bob);
    let (addition, welcome) = pair.at_zoe.add(&bare(&bundle));
    pair.follow(&addition);
    let mut at_bob = stored(Group::join_with_own_tree(&welcome, &bundle, &bob, None, (&pair.roots, NOW)).unwrap());
    let leaving = at_bob.leave_proposals(&bob).unwrap();
    for proposal in &leaving {
        pair.at_zoe.hear(proposal);
    }
    pair.at_alice.queue_proposals(&leaving.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    let gone = pair.at_zoe.renew();
    pair.follow(&gone);
    assert_eq!(pair.at_alice.members().len(), 2);
}

#[test]
fn mls_rs_joins_externally_and_comes_back_externally() {
    let mut pair = Pair::new();
    let yan = pair.stranger("yan");
    let info = (pair.at_alice.group_info(&pair.alice).unwrap(), pair.at_alice.ratchet_tree().unwrap());
    let (mut at_yan, external) = yan.join_externally((&info.0, &info.1), None);
    let summary = pair.at_alice.stage(&external, &pair.roots, NOW).unwrap().summary().clone();
    assert!(summary.external);
    assert_eq!(summary.committer, yan.identity.client_uri);
    pair.at_zoe.hear(&external);
    pair.follow(&external);
    assert_same(&pair.at_alice, &pair.alice, &at_yan);
    let sealed = at_yan.seal(b"here I am");
    assert_eq!(pair.at_alice.open(&sealed).unwrap().application_data, b"here I am");

    // Zoe has lost its state, and takes its former leaf's place.
    let former = pair.at_zoe.group.current_member_index();
    let info = (pair.at_alice.group_info(&pair.alice).unwrap(), pair.at_alice.ratchet_tree().unwrap());
    let (back, external) = pair.zoe.join_externally((&info.0, &info.1), Some(former));
    at_yan.hear(&external);
    pair.at_zoe = back;
    pair.follow(&external);
    assert_same(&pair.at_alice, &pair.alice, &at_yan);
}

/// RFC 9420 §12.2: whom an external commit may replace is the application's to say, and mls-rs leaves it to it. Here, nobody but
/// the joiner itself.
#[test]
fn l35_an_external_commit_that_removes_another_client_is_refused() {
    let pair = Pair::new();
    let info = (pair.at_alice.group_info(&pair.alice).unwrap(), pair.at_alice.ratchet_tree().unwrap());
    let mallory = Stranger::careless(&pair.z, "mallory", &[&pair.a, &pair.z]);
    for victim in [0, 1] {
        let (_, external) = mallory.join_externally((&info.0, &info.1), Some(victim));
        let refused = pair.at_alice.stage(&external, &pair.roots, NOW);
        assert!(matches!(&refused, Err(MlsError::Invalid(why)) if why.starts_with("RFC 9420 §12.2")), "{:?}", refused.err());
    }
    // The same client with a new key may take its own place.
    let zoe_again = pair.stranger("zoe");
    let (_, external) = zoe_again.join_externally((&info.0, &info.1), Some(1));
    assert!(pair.at_alice.stage(&external, &pair.roots, NOW).is_ok());
}

/// What mls-rs cannot decode it is not brought into: a room requires AppDataUpdate (G-66).
#[test]
fn g_66_a_client_that_knows_no_components_is_not_added_to_a_room() {
    let (a, z) = (Provider::new("a.test"), Provider::new("z.test"));
    let roots = admitting(&[&a, &z]);
    let (alice, zoe) = (a.client("alice", "one"), Stranger::new(&z, "zoe", &[&a, &z]));
    let participants = [(a.user("alice"), ADMIN), (z.user("zoe"), ADMIN)];
    let mut group = create(&a, room(&a, &participants), &alice);
    let refused = group.commit(&alice, &adding(vec![zoe.key_package()]), &roots, NOW);
    assert!(matches!(refused, Err(MlsError::Invalid(_))), "{:?}", refused.err());
}

/// What else a member of a plain group may commit is between the members: extensions of the GroupContext may, a ReInit, after
/// which there is no group any more, may not.
#[test]
fn dmls_33_what_else_mls_rs_may_commit_in_a_plain_group() {
    let mut pair = Pair::new();
    let before = pair.at_zoe.group.clone();
    let end = pair.at_zoe.group.commit_builder();
    let end = end.reinit(None, ProtocolVersion::MLS_10, CipherSuite::CURVE25519_AES128, ExtensionList::new()).unwrap();
    let end = end.build().unwrap().commit_message.to_bytes().unwrap();
    let refused = pair.at_alice.stage(&end, &pair.roots, NOW).err();
    assert!(matches!(&refused, Some(MlsError::NotAllowed(rule)) if rule.rule == "P-051"), "{refused:?}");

    // The group requires X.509 credentials from now on, which all of its members have.
    pair.at_zoe.group = before;
    let mut required = ExtensionList::new();
    required.set_from(RequiredCapabilitiesExt { credentials: vec![CredentialType::X509], ..Default::default() }).unwrap();
    let change = pair.at_zoe.group.commit_builder().set_group_context_ext(required).unwrap().build().unwrap();
    pair.at_zoe.group.apply_pending_commit().unwrap();
    pair.follow(&change.commit_message.to_bytes().unwrap());
    assert_eq!(pair.at_alice.required_capabilities().credential_types(), [openmls::prelude::CredentialType::X509]);
}
