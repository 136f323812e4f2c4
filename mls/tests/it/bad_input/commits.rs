//! Commits that a member could sign, and may not make.

use causeway_mls::EpochId;

use super::*;
use crate::wire::{Tree, group_info, member, path_with_key, proposal, vector};

/// Proposal types [RFC 9420 §17.4, mls-extensions-09].
pub(crate) const ADD: u16 = 1;
const REMOVE: u16 = 3;
pub(crate) const PRE_SHARED_KEY: u16 = 4;
const RE_INIT: u16 = 5;
pub(crate) const EXTERNAL_INIT: u16 = 6;
const GROUP_CONTEXT_EXTENSIONS: u16 = 7;
pub(crate) const SELF_REMOVE: u16 = 10;

pub(crate) fn assert_invalid(error: Option<MlsError>, what: &str) {
    assert!(matches!(error, Some(MlsError::Invalid(_))), "{what}: {error:?}");
}

pub(crate) fn assert_rule(error: Option<MlsError>, rule: &str) {
    assert!(matches!(&error, Some(MlsError::NotAllowed(refusal)) if refusal.rule == rule), "{rule}: {error:?}");
}

pub(crate) fn remove(leaf: u32) -> Vec<u8> {
    proposal(REMOVE, &leaf.to_be_bytes())
}

impl Club {
    fn refuses(&self, commit: &Commit, what: &str) {
        assert_invalid(self.refusal(commit), what);
    }
}

/// What RFC 9420 §12.2 and §12.4 forbid in a commit, by value, each with a signature that holds.
#[test]
fn l01_commits_that_rfc_9420_forbids_are_refused() {
    let club = Club::new();
    let base = club.by_bob();
    assert!(club.refusal(&base).is_none(), "as it was made, it is valid");
    let with = |proposals: Vec<Vec<u8>>| Commit { proposals, ..base.clone() };
    let own_package = key_package(&club.b.client("bob", "two")).key_package;
    club.refuses(&with(vec![remove(1)]), "the committer removes itself");
    club.refuses(&with(vec![remove(9)]), "a leaf that is none");
    club.refuses(&with(vec![remove(2), remove(2)]), "one leaf removed twice");
    club.refuses(&with(vec![proposal(SELF_REMOVE, &[])]), "the committer leaves by its own commit");
    club.refuses(&with(vec![proposal(EXTERNAL_INIT, &vector(&[1; 32]))]), "ExternalInit by a member");
    club.refuses(&with(vec![proposal(ADD, &own_package), proposal(ADD, &own_package)]), "one client added twice");
    club.refuses(&with(vec![[&[2][..], &vector(&[9; 32])].concat()]), "a proposal that nobody knows");
    club.refuses(&with(vec![proposal(0xF001, &vector(b"?"))]), "a proposal that members do not know");
    club.refuses(&Commit { path: vec![0], ..base.clone() }, "neither proposals nor path");
    club.refuses(&Commit { path: vec![0], ..with(vec![remove(2)]) }, "a removal without path");
}

#[test]
fn l02_a_commit_with_a_wrong_signature_or_tag_changes_nothing() {
    let club = Club::new();
    let pending = club.at_bob.clone().commit(&club.bob, &CommitPlan::default(), &club.roots, NOW).unwrap();
    let right = pending.commit;
    let signature = right.len() - 2 * 33 - 64;
    for at in (4..right.len() - 66).step_by(5).chain(signature..signature + 64) {
        let mut altered = right.clone();
        altered[at] ^= 4;
        let refused = club.at_alice.stage(&altered, &club.roots, NOW);
        assert!(
            matches!(
                refused.err(),
                Some(
                    MlsError::Invalid(_)
                        | MlsError::Malformed(_)
                        | MlsError::FutureEpoch { .. }
                        | MlsError::WrongEpoch { .. }
                        | MlsError::CredentialRefused(_)
                )
            ),
            "octet {at}"
        );
    }
    // Tags: whoever has no secrets cannot tell; a member does, and has lost nothing.
    for at in [right.len() - 1, right.len() - 34] {
        let mut altered = right.clone();
        altered[at] ^= 4;
        let mut group = club.at_alice.clone();
        let staged = group.stage(&altered, &club.roots, NOW).unwrap();
        assert_invalid(group.merge(staged).err(), "a tag");
        assert_eq!(group.snapshot(), club.at_alice.snapshot());
        let staged = group.stage(&right, &club.roots, NOW).unwrap();
        group.merge(staged).unwrap();
    }
}

#[test]
fn l03_nobody_commits_from_a_leaf_that_is_not_its_own() {
    let mut club = Club::new();
    let base = club.by_bob();
    for leaf in [0, 2, 3, 4, 7, 1 << 31, u32::MAX] {
        club.refuses(&Commit { sender: member(leaf), ..base.clone() }, "another leaf");
    }
    // An external sender proposes, and so does who is not in yet; neither commits.
    for sender in [vec![2, 0, 0, 0, 0], vec![3], vec![4]] {
        club.refuses(&Commit { sender, ..base.clone() }, "no member");
    }
    // Who was removed and knows what everybody can know of the new epoch.
    let user = club.b.user("bob");
    let head = club.at_alice.room_state();
    let participants = head.participants_update(&head.with_role(&user, 0));
    let plan = CommitPlan { participants, remove_clients: vec![club.bob.client_uri.clone()], ..Default::default() };
    let (at_alice, _) = commit(club.at_alice.clone(), &club.alice, &plan, &club.roots);
    club.at_alice = at_alice;
    club.refuses(&Commit { epoch: base.epoch + 1, ..base }, "a leaf that is blank now");
}

#[test]
fn l07_keys_are_used_once() {
    let club = Club::new();
    let base = club.by_bob();
    let (key, at) = (key_of(&club.bob).private, (base.group_id.as_slice(), 1));
    let encoded = club.at_alice.ratchet_tree().unwrap();
    let tree = Tree::read(&encoded);
    for (leaf, what) in [(1, "its own old key"), (2, "another leaf's key")] {
        let path = path_with_key(&base.path, tree.leaf_key(leaf), at, &key);
        club.refuses(&Commit { path, ..base.clone() }, what);
    }
    // A KeyPackage of a client that is in the group, hence with its signature key.
    let twin = key_package(&club.bob).key_package;
    club.refuses(&Commit { proposals: vec![proposal(ADD, &twin)], ..base }, "a signature key that is in the tree");
}

/// A proposal may be signed well and be nothing that a member may want: by value, and by reference, where it would be in
/// everybody's next commit.
#[test]
fn l13_l14_l22_what_goes_round_the_policy_is_refused() {
    let club = Club::new();
    let base = club.by_bob();
    let with = |proposals: Vec<Vec<u8>>| Commit { proposals, ..base.clone() };
    let psk = [&[1][..], &vector(b"unknown"), &vector(&[3; 32])].concat();
    let resumption = [&[2, 1][..], &vector(b"another group"), &[0; 8], &vector(&[3; 32])].concat();
    let psk = proposal(PRE_SHARED_KEY, &psk);
    assert_rule(club.refusal(&with(vec![psk.clone()])), "R-075");
    assert!(club.refusal(&with(vec![psk.clone(), psk])).is_some(), "twice");
    assert!(club.refusal(&with(vec![proposal(PRE_SHARED_KEY, &resumption)])).is_some(), "of another group");
    for (group_id, suite) in [(&b"new"[..], [0, 1]), (&base.group_id, [0, 3])] {
        let re_init = [&vector(group_id)[..], &[0, 1], &suite, &[0]].concat();
        let re_init = proposal(RE_INIT, &re_init);
        assert_rule(club.refusal(&Commit { path: vec![0], ..with(vec![re_init]) }), "P-051");
    }
    // The same extensions as before, and others in the hub's place: bob would be whom the next joiner asks (P-078).
    let extensions = club.extensions();
    let same: Vec<u8> = extensions.iter().flat_map(|(kind, data)| [&kind[..], &vector(data)].concat()).collect();
    assert_rule(club.refusal(&with(vec![proposal(GROUP_CONTEXT_EXTENSIONS, &vector(&same))])), "P-126");
    let key = key_of(&club.bob);
    let credential = [&[0, 2][..], &vector(&vector(&key.chain[0]))].concat();
    let sender = vector(&[vector(&key.public), credential].concat());
    let usurped = extensions.iter().flat_map(|(kind, data)| {
        let data = if *kind == [0, 5] { &sender } else { data };
        [&kind[..], &vector(data)].concat()
    });
    let usurped: Vec<u8> = usurped.collect();
    assert_rule(club.refusal(&with(vec![proposal(GROUP_CONTEXT_EXTENSIONS, &vector(&usurped))])), "P-126");
    assert!(club.refusal(&with(vec![proposal(GROUP_CONTEXT_EXTENSIONS, &[0])])).is_some(), "the dictionary lost");
}

impl Club {
    /// The GroupContext's extensions: types and data.
    fn extensions(&self) -> Vec<([u8; 2], Vec<u8>)> {
        let context = self.at_alice.group_context().unwrap();
        let mut reader = crate::wire::Reader(&context[4..]);
        let _ = (reader.vector(), reader.take(8), reader.vector(), reader.vector());
        let mut list = crate::wire::Reader(reader.vector());
        let mut extensions = Vec::new();
        while !list.0.is_empty() {
            extensions.push((list.take(2).try_into().unwrap(), list.vector().to_vec()));
        }
        extensions
    }
}

/// RFC 7748 §6.1: a key of small order agrees with everybody on zero. It comes in by no way.
#[test]
fn l15_encryption_keys_of_small_order_are_refused() {
    let club = Club::new();
    let base = club.by_bob();
    let key = key_of(&club.bob).private;
    let renewed = |encryption_key: &[u8]| {
        let path = path_with_key(&base.path, encryption_key, (&base.group_id, 1), &key);
        club.refusal(&Commit { path, ..base.clone() })
    };
    let (mut one, mut prime) = ([0; 32], [0xff; 32]);
    (one[0], prime[0], prime[31]) = (1, 0xed, 0x7f);
    let mut with_high_bit = one;
    with_high_bit[31] = 0x80;
    for weak in [[0; 32], one, prime, with_high_bit] {
        let refused = renewed(&weak);
        assert!(matches!(&refused, Some(MlsError::Invalid(why)) if why.contains("small order")), "{refused:?}");
    }
    assert!(renewed(&[9; 32]).is_none(), "any other key is one");
}

/// A credential's chain holds for its key; whose leaf it is put into is another question.
#[test]
fn l19_nobody_becomes_somebody_else() {
    let club = Club::new();
    let base = club.by_bob();
    let leaf = crate::wire::Reader(&base.path[1..]).over(crate::wire::Reader::leaf_node).to_vec();
    let refused = |path_of: &ClientIdentity| {
        // Bob signs; the leaf has the other's certificate and signature key.
        let forged = leaf_of(&leaf, path_of, (&base.group_id, 1));
        let path = [&[1][..], &forged, &base.path[1 + leaf.len()..]].concat();
        club.refusal(&Commit { path, ..base.clone() })
    };
    assert!(refused(&club.bob).is_none(), "his own");
    for other in [&club.carol, &club.b.client("bob", "two"), &club.a.client("alice", "two")] {
        assert!(matches!(refused(other), Some(MlsError::CredentialRefused(_))), "{other:?}");
    }
    // A provider of the same name, whose roots are not pinned.
    let impostor = Provider::new("b.test");
    assert!(matches!(refused(&impostor.client("bob", "one")), Some(MlsError::CredentialRefused(_))));
    // And a name that nobody has certified.
    let key = key_of(&club.bob);
    let basic = [&vector(&key.public)[..], &[0, 1], &vector(club.bob.client_uri.as_str().as_bytes())].concat();
    let forged = leaf_with(&leaf, &basic, &key.private, (&base.group_id, 1));
    let path = [&[1][..], &forged, &base.path[1 + leaf.len()..]].concat();
    let refused = club.refusal(&Commit { path, ..base.clone() });
    assert!(matches!(refused, Some(MlsError::CredentialRefused(_) | MlsError::Invalid(_))), "{refused:?}");
}

/// A leaf node with another client's signature key and credential, signed by that.
pub(crate) fn leaf_of(leaf: &[u8], client: &ClientIdentity, at: (&[u8], u32)) -> Vec<u8> {
    let key = key_of(client);
    let chain: Vec<u8> = key.chain.iter().flat_map(|certificate| vector(certificate)).collect();
    let named = [&vector(&key.public)[..], &[0, 2], &vector(&chain)].concat();
    leaf_with(leaf, &named, &key.private, at)
}

/// A leaf node with other octets where signature key and credential stand.
pub(crate) fn leaf_with(leaf: &[u8], named: &[u8], key: &[u8], (group_id, index): (&[u8], u32)) -> Vec<u8> {
    let mut reader = crate::wire::Reader(leaf);
    let encryption_key = vector(reader.vector());
    let _ = (reader.vector(), reader.take(2), reader.vector());
    let rest = &reader.0[..reader.0.len() - vector(&[0; 64]).len()];
    let unsigned = [&encryption_key, named, rest].concat();
    let tbs = [unsigned.as_slice(), &vector(group_id), &index.to_be_bytes()].concat();
    [unsigned, vector(&crate::wire::sign(key, "LeafNodeTBS", &tbs))].concat()
}

/// An own commit comes back, and there is no pending state of it, or another commit is pending.
#[test]
fn l23_an_own_commit_that_comes_back_opens_only_where_it_is_pending() {
    let club = Club::new();
    let mut at_bob = club.at_bob.clone();
    let first = at_bob.commit(&club.bob, &CommitPlan::default(), &club.roots, NOW).unwrap().commit;
    at_bob = stored(at_bob);
    // The store was restored from before the commit.
    let mut restored = club.at_bob.clone();
    let staged = restored.stage(&first, &club.roots, NOW).unwrap();
    assert_invalid(restored.merge(staged).err(), "no pending commit");
    assert_eq!(restored.snapshot(), club.at_bob.snapshot());
    // It made another one since: that one counts here.
    let second = at_bob.commit(&club.bob, &CommitPlan::default(), &club.roots, NOW).unwrap().commit;
    let staged = at_bob.stage(&first, &club.roots, NOW).unwrap();
    assert_invalid(at_bob.merge(staged).err(), "another commit is pending");
    assert_eq!(at_bob.pending_commit(&club.bob.client_uri), Some(second.as_slice()));
    // Somebody else's commit wins: what was pending is void, and the group goes on.
    let by_carol = club.at_carol.clone().commit(&club.carol, &CommitPlan::default(), &club.roots, NOW).unwrap().commit;
    let staged = at_bob.stage(&by_carol, &club.roots, NOW).unwrap();
    at_bob.merge(staged).unwrap();
    assert_eq!(stored(at_bob.clone()).pending_commit(&club.bob.client_uri), None);
    assert!(at_bob.commit(&club.bob, &CommitPlan::default(), &club.roots, NOW).is_ok());
}

/// RFC 9420 §8.1: epochs are numbered in 64 bits, and a group may be told to be in the last.
#[test]
fn l29_nothing_follows_the_last_epoch() {
    let a = Provider::new("a.test");
    let (alice, phone) = (a.client("alice", "one"), a.client("alice", "phone"));
    let mut roots = roots(&[&a]);
    roots.admit_plain_groups();
    let mut group = Group::create_plain(b"plain".to_vec(), &alice).unwrap();
    let (ratchet_tree, mut context) = (group.ratchet_tree().unwrap(), group.group_context().unwrap());
    let pending = group.commit(&alice, &CommitPlan::default(), &roots, NOW).unwrap();
    let base = Commit::read(&pending.commit, |_| panic!("it has no proposals"));
    let (key, number_at) = (key_of(&alice).private, 4 + vector(b"plain").len());
    context[number_at..number_at + 8].copy_from_slice(&u64::MAX.to_be_bytes());
    let info = group_info(&context, &[0; 32], (0, &key));
    let last = Group::observe((&info, &ratchet_tree), EpochId::from_bytes([0; 32]), (&roots, NOW)).unwrap();
    assert_eq!(last.epoch().number, u64::MAX);
    let commit = Commit { epoch: u64::MAX, ..base }.signed(&key, &context);
    assert_invalid(last.stage(&commit, &roots, NOW).err(), "a commit in it");
    let joinable = causeway_mls::JoinableGroupInfo { group_info: info, ratchet_tree, pending_proposals: vec![], hub_key: vec![] };
    assert_invalid(Group::join_externally(&joinable, &phone, (&roots, NOW)).err(), "an external commit to it");
}
