//! Bad input for groups: the cases L and O of docs/conformance/bad-input.md.
//!
//! Tests begin with the numbers of their cases. What a member could sign is made here by hand and signed with its key, so that
//! nothing but the engine is there to refuse it.

pub(crate) mod commits;
mod external;
mod graph;
mod joins;
mod obstacles;
mod proposals;
pub(crate) mod signatures;

use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair};
use causeway_mls::{ClientIdentity, CommitPlan, Group, GroupSnapshot, LibraryProvider, MlsError, TrustRoots};
use openmls::prelude::{MlsGroup, OpenMlsProvider};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::types::SignatureScheme;

use crate::support::*;
use crate::wire::Commit;

/// A room with alice, its admin, bob and carol, who may do nothing but speak and leave. One state of it for each.
pub(crate) struct Club {
    pub(crate) a: Provider,
    pub(crate) b: Provider,
    pub(crate) roots: TrustRoots,
    pub(crate) alice: ClientIdentity,
    pub(crate) bob: ClientIdentity,
    pub(crate) carol: ClientIdentity,
    pub(crate) at_alice: Group,
    pub(crate) at_bob: Group,
    pub(crate) at_carol: Group,
}

impl Club {
    pub(crate) fn new() -> Self {
        let (a, b) = (Provider::new("a.test"), Provider::new("b.test"));
        let roots = roots(&[&a, &b]);
        let (alice, bob, carol) = (a.client("alice", "one"), b.client("bob", "one"), b.client("carol", "one"));
        let (kp_bob, kp_carol) = (key_package(&bob), key_package(&carol));
        let entry = |name| UserRolePair { user: b.user(name), role_index: MEMBER };
        let added_participants = vec![entry("bob"), entry("carol")];
        let plan = CommitPlan {
            participants: Some(ParticipantListUpdate { added_participants, ..Default::default() }),
            add_key_packages: vec![kp_bob.key_package.clone(), kp_carol.key_package.clone()],
            ..Default::default()
        };
        let group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
        let (at_alice, pending) = commit(group, &alice, &plan, &roots);
        let (at_bob, at_carol) = (join(&pending, &kp_bob, &bob, &roots), join(&pending, &kp_carol, &carol, &roots));
        let mut club = Self { a, b, roots, alice, bob, carol, at_alice, at_bob, at_carol };
        // Everybody has committed once, so that the tree has all its nodes.
        for name in ["bob", "carol"] {
            let commit = club.renewal_of(name);
            club.everybody_follows(name, &commit);
        }
        club
    }

    fn renewal_of(&mut self, name: &str) -> Vec<u8> {
        let (group, identity) = match name {
            "bob" => (&mut self.at_bob, &self.bob),
            _ => (&mut self.at_carol, &self.carol),
        };
        group.commit(identity, &CommitPlan::default(), &self.roots, NOW).unwrap().commit
    }

    fn everybody_follows(&mut self, _by: &str, commit: &[u8]) {
        for group in [&mut self.at_alice, &mut self.at_bob, &mut self.at_carol] {
            let staged = group.stage(commit, &self.roots, NOW).unwrap();
            group.merge(staged).unwrap();
            *group = stored(group.clone());
        }
    }

    /// A commit of bob's that renews his keys, taken apart.
    pub(crate) fn by_bob(&self) -> Commit {
        let pending = self.at_bob.clone().commit(&self.bob, &CommitPlan::default(), &self.roots, NOW).unwrap();
        Commit::read(&pending.commit, |_| panic!("it has no proposals"))
    }

    /// Signed by bob for the present epoch.
    pub(crate) fn signed(&self, commit: &Commit) -> Vec<u8> {
        commit.signed(&key_of(&self.bob).private, &self.at_alice.group_context().unwrap())
    }

    /// What whoever has no secrets says to a commit of bob's making. Nothing has changed.
    pub(crate) fn refusal(&self, commit: &Commit) -> Option<MlsError> {
        let before = self.at_alice.snapshot().clone();
        let judged = self.at_alice.stage(&self.signed(commit), &self.roots, NOW).err();
        assert_eq!(*self.at_alice.snapshot(), before);
        judged
    }
}

/// A client's state, with the library on it, and the group again.
pub(crate) fn with_library<T>(
    group: &Group,
    identity: &ClientIdentity,
    act: impl FnOnce(&LibraryProvider, &mut MlsGroup, &SignatureKeyPair) -> T,
) -> (T, Group) {
    let key = key_of(identity);
    let signer = SignatureKeyPair::from_raw(SignatureScheme::ED25519, key.private, key.public);
    group.with_library(&identity.client_uri, |provider, library| act(provider, library, &signer)).unwrap()
}
