//! Proposals that wait for a commit: what nobody could commit would keep everybody from committing.

use openmls::prelude::{Extensions, LeafNodeIndex, LeafNodeParameters};
use openmls::schedule::PreSharedKeyId;

use super::commits::{assert_rule, leaf_of};
use super::*;
use crate::wire::{Reader, vector};

impl Club {
    /// What comes of bob's proposals where they are queued.
    fn queued(&self, proposals: &[&[u8]]) -> (Option<MlsError>, Group) {
        let mut group = self.at_alice.clone();
        let refused = group.queue_proposals(proposals).err();
        (refused, group)
    }

    fn assert_not_queued(&self, proposals: &[&[u8]], rule: &str) {
        let (refused, group) = self.queued(proposals);
        assert_rule(refused, rule);
        assert_eq!(group.snapshot(), self.at_alice.snapshot());
    }
}

/// P-036, P-042: each by itself, and beside one that is fine.
#[test]
fn l14_proposals_that_nobody_could_commit_are_not_queued() {
    let club = Club::new();
    let by_bob = |act: &dyn Fn(&LibraryProvider, &mut MlsGroup, &SignatureKeyPair) -> Vec<u8>| {
        with_library(&club.at_bob, &club.bob, |provider, group, signer| act(provider, group, signer)).0
    };
    let removal = by_bob(&|provider, group, signer| {
        group.propose_remove_member(provider, signer, LeafNodeIndex::new(0)).unwrap().0.to_bytes().unwrap()
    });
    let psk = by_bob(&|provider, group, signer| {
        let id = PreSharedKeyId::external(b"unknown".to_vec(), vec![3; 32]);
        id.store(provider, b"secret").unwrap();
        group.propose_pre_shared_key(provider, signer, id).unwrap().0.to_bytes().unwrap()
    });
    let extensions = by_bob(&|provider, group, signer| {
        let same: Extensions<_> = group.extensions().clone();
        group.propose_group_context_extensions(provider, same, signer).unwrap().0.to_bytes().unwrap()
    });
    let update = by_bob(&|provider, group, signer| {
        group.propose_self_update(provider, signer, LeafNodeParameters::default()).unwrap().0.to_bytes().unwrap()
    });
    // bob may not kick.
    for (proposal, rule) in [(&removal, "R-066"), (&psk, "R-075"), (&extensions, "P-126")] {
        club.assert_not_queued(&[proposal], rule);
        club.assert_not_queued(&[&update, proposal], rule);
        club.assert_not_queued(&[proposal, &update], rule);
    }
    // What he may propose is queued, and committed by whoever comes next.
    let (refused, group) = club.queued(&[&update]);
    assert!(refused.is_none(), "{refused:?}");
    let (group, _) = commit(group, &club.alice, &CommitPlan::default(), &club.roots);
    assert!(!group.has_pending_proposals());
}

/// A client renews its leaf; it does not turn into another one, of its own user or anybody's.
#[test]
fn l19_an_update_that_names_another_client_is_not_queued() {
    let club = Club::new();
    let (update, _) = with_library(&club.at_bob, &club.bob, |provider, group, signer| {
        group.propose_self_update(provider, signer, LeafNodeParameters::default()).unwrap().0.to_bytes().unwrap()
    });
    let mut reader = Reader(&update);
    reader.take(4);
    let group_id = reader.vector().to_vec();
    let _ = (reader.take(8), reader.take(5), reader.vector(), reader.octet());
    assert_eq!(reader.take(2), [0, 2], "an Update");
    let front = &update[..update.len() - reader.0.len()];
    let leaf = reader.over(Reader::leaf_node);
    let again = |client: &ClientIdentity| {
        let forged = leaf_of(leaf, client, (&group_id, 1));
        let framed = [front, &forged].concat();
        let tbs = [framed.as_slice(), &club.at_alice.group_context().unwrap()].concat();
        let signature = crate::wire::sign(&key_of(&club.bob).private, "FramedContentTBS", &tbs);
        [framed, vector(&signature), vector(&[0; 32])].concat()
    };
    for other in [&club.b.client("bob", "two"), &club.carol, &club.a.client("mallory", "one")] {
        let (refused, group) = club.queued(&[&again(other)]);
        assert!(matches!(&refused, Some(MlsError::CredentialRefused(why)) if why.contains("another client")), "{refused:?}");
        assert_eq!(group.snapshot(), club.at_alice.snapshot());
    }
}
