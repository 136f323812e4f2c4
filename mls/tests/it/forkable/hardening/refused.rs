//! What a hardened group refuses, and who refuses to become one.

use causeway_mls::ForkableGroup;
use openmls::prelude::tls_codec::Serialize;
use openmls::prelude::{
    Capabilities, Ciphersuite, Credential, CredentialType, CredentialWithKey, ExtensionType, KeyPackage, KeyPackageIn, ProposalType,
};
use openmls::schedule::PreSharedKeyId;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::types::SignatureScheme;

use super::*;
use crate::bad_input::commits::{ADD, PRE_SHARED_KEY, assert_rule};
use crate::wire::{Commit, Reader, proposal, vector};

/// Of a PSK proposal by value.
fn read_psk(reader: &mut Reader<'_>) {
    reader.take(4);
    reader.vectors(2);
}

/// As SPEC §14.12 says.
fn name(label: &[u8], committer: u32, nonce: u8) -> Vec<u8> {
    [label, &committer.to_be_bytes(), &[nonce; 4]].concat()
}

const LABEL: &[u8] = b"causeway dmls/1 psk";

fn external(name: &[u8]) -> Vec<u8> {
    proposal(PRE_SHARED_KEY, &[&[1][..], &vector(name), &vector(&[3; 32])].concat())
}

fn resumption(group_id: &[u8]) -> Vec<u8> {
    let psk = [&[2, 1][..], &vector(group_id), &0u64.to_be_bytes(), &vector(&[3; 32])].concat();
    proposal(PRE_SHARED_KEY, &psk)
}

/// Signed by bob for the present epoch.
fn signed(trio: &Trio, commit: &Commit) -> Vec<u8> {
    let context = trio.alice.group.head_state().unwrap().group_context().unwrap();
    commit.signed(&key_of(&trio.bob.identity).private, &context)
}

#[test]
fn dmls_35_a_commit_without_one_psk_of_the_right_name_is_refused() {
    let trio = hardened();
    let roots = trio.roots.clone();
    let head = trio.bob.group.head_state().unwrap().clone();
    let leaf = head.members().iter().find(|member| member.client == trio.bob.identity.client_uri).unwrap().leaf;
    let by_bob = head.clone().commit(&trio.bob.identity, &CommitPlan::default(), &roots, NOW).unwrap().commit;
    let right = Commit::read(&by_bob, read_psk);
    let own = key_package(&trio.b.client("bob", "two")).key_package;
    let psk = external(&name(LABEL, leaf, 1));
    let wrong = [
        vec![],
        vec![psk.clone(), external(&name(LABEL, leaf, 2))],
        vec![resumption(head.group_id())],
        vec![psk.clone(), resumption(head.group_id())],
        vec![external(&name(b"causeway dmls/2 psk", leaf, 1))],
        vec![external(&name(LABEL, leaf + 1, 1))],
        vec![external(&name(LABEL, leaf, 1)[..26])],
        vec![external(&[&name(LABEL, leaf, 1)[..], &[0]].concat())],
    ];
    // With a path its parent hash would have to be another one; without, it is a commit that RFC 9420 allows.
    let letting_in = Commit { proposals: vec![proposal(ADD, &own), psk.clone()], path: vec![0], ..right.clone() };
    let tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
    let server = ForkableGroup::observe(&tail, judge(&roots)).unwrap();
    for judging in [trio.alice.group.head_state().unwrap(), server.head_state().unwrap()] {
        let refusal = |commit: &Commit| judging.stage(&signed(&trio, commit), &roots, NOW).err();
        for proposals in [right.proposals.clone(), vec![psk.clone()]] {
            let valid = refusal(&Commit { proposals, ..right.clone() });
            assert!(valid.is_none(), "{valid:?}");
        }
        assert_rule(refusal(&letting_in), "DMLS-35");
        let without = refusal(&Commit { proposals: vec![proposal(ADD, &own)], ..letting_in.clone() });
        assert!(without.is_none(), "{without:?}");
        for (index, proposals) in wrong.iter().enumerate() {
            let refused = refusal(&Commit { proposals: proposals.clone(), ..right.clone() });
            assert!(refused.is_some(), "commit {index}");
            assert_rule(refused, "DMLS-35");
        }
    }
}

/// By reference, it would be anybody's; and a group that is not hardened takes none at all.
#[test]
fn dmls_35_a_psk_is_not_proposed_for_others_to_commit() {
    for trio in [hardened(), sovereign()] {
        let mut head = trio.bob.group.head_state().unwrap().clone();
        let (proposal, _) = with_library(&head, &trio.bob.identity, |provider, group, signer| {
            let id = PreSharedKeyId::external(name(LABEL, group.own_leaf_index().u32(), 1), vec![3; 32]);
            id.store(provider, &[9; 32]).unwrap();
            group.propose_pre_shared_key(provider, signer, id).unwrap().0.to_bytes().unwrap()
        });
        let mut at_alice = trio.alice.group.head_state().unwrap().clone();
        assert_rule(at_alice.queue_proposals(&[&proposal]).err(), "R-075");
        assert_rule(head.queue_proposals(&[&proposal]).err(), "R-075");
    }
    let trio = sovereign();
    let head = trio.bob.group.head_state().unwrap();
    let by_bob = head.clone().commit(&trio.bob.identity, &CommitPlan::default(), &trio.roots, NOW).unwrap().commit;
    let commit = Commit { proposals: vec![external(&name(LABEL, 1, 1))], ..Commit::read(&by_bob, |_| panic!("none")) };
    assert_rule(trio.alice.group.head_state().unwrap().stage(&signed(&trio, &commit), &trio.roots, NOW).err(), "R-075");
}

#[test]
fn dmls_34_only_whose_role_allows_it_switches_it_and_in_a_commit_of_its_own() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    assert_rule(trio.carol.try_commit(&ON, &roots).err(), "DMLS-34");
    let mut head = trio.alice.group.head_state().unwrap().clone();
    let at_bob = trio.bob.group.head_state().unwrap();
    let (proposal, _) = with_library(at_bob, &trio.bob.identity, |provider, group, signer| {
        let on = openmls::prelude::AppDataUpdateOperation::Update(vec![1].into());
        group.propose_app_data_update(provider, signer, COMPONENT_HARDENING, on).unwrap().0.to_bytes().unwrap()
    });
    assert_rule(head.queue_proposals(&[&proposal]).err(), "DMLS-34");
    // What the component can say is known.
    let (unknown, _) = with_library(at_bob, &trio.bob.identity, |provider, group, signer| {
        let other = openmls::prelude::AppDataUpdateOperation::Update(vec![2].into());
        group.propose_app_data_update(provider, signer, COMPONENT_HARDENING, other).unwrap().0.to_bytes().unwrap()
    });
    assert!(head.queue_proposals(&[&unknown]).is_err());
}

#[test]
fn dmls_34_a_plain_group_is_not_hardened() {
    let (a, alice) = {
        let a = Provider::new("a.test");
        let alice = a.client("alice", "one");
        (a, alice)
    };
    let roots = roots(&[&a]);
    let mut group = Group::create_plain(b"plain".to_vec(), &alice).unwrap();
    let refused = group.commit(&alice, &ON, &roots, NOW).err();
    assert!(matches!(&refused, Some(MlsError::Invalid(why)) if why.contains("DMLS-33")), "{refused:?}");
}

/// A KeyPackage as a client makes it that knows a room's components, and says nothing of them.
fn silent_key_package(identity: &ClientIdentity) -> Vec<u8> {
    let key = key_of(identity);
    let chain: Vec<u8> = key.chain.iter().flat_map(|certificate| vector(certificate)).collect();
    let credential = Credential::new(CredentialType::X509, chain);
    let credential = CredentialWithKey { credential, signature_key: key.public.clone().into() };
    let signer = SignatureKeyPair::from_raw(SignatureScheme::ED25519, key.private, key.public);
    let capabilities = Capabilities::new(
        None,
        None,
        Some(&[ExtensionType::AppDataDictionary]),
        Some(&[ProposalType::AppDataUpdate, ProposalType::SelfRemove]),
        Some(&[CredentialType::X509]),
    );
    let bundle = KeyPackage::builder()
        .leaf_node_capabilities(capabilities)
        .build(Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, &OpenMlsRustCrypto::default(), &signer, credential)
        .unwrap();
    bundle.key_package().tls_serialize_detached().unwrap()
}

/// Lets a user in whose client cannot take part in a hardened group.
fn inviting_silent(provider: &Provider, name: &str) -> CommitPlan {
    let entry = UserRolePair { user: provider.user(name), role_index: MEMBER };
    adding(vec![entry], vec![silent_key_package(&provider.client(name, "one"))])
}

#[test]
fn dmls_34_a_client_that_cannot_is_not_let_in() {
    let mut trio = hardened();
    let roots = trio.roots.clone();
    let invite = inviting_silent(&trio.a, "eve");
    assert_rule(trio.alice.try_commit(&invite, &roots).err(), "DMLS-34");
    // Nor proposed, since everybody's next commit would have to do it.
    let mut head = trio.alice.group.head_state().unwrap().clone();
    let (proposal, _) = with_library(trio.bob.group.head_state().unwrap(), &trio.bob.identity, |provider, group, signer| {
        let silent = KeyPackageIn::tls_deserialize_exact(&invite.add_key_packages[0]).unwrap();
        let silent = silent.validate(provider.crypto(), openmls::prelude::ProtocolVersion::Mls10).unwrap();
        group.propose_add_member(provider, signer, &silent).unwrap().0.to_bytes().unwrap()
    });
    assert_rule(head.queue_proposals(&[&proposal]).err(), "DMLS-34");
    // Where nothing is hardened it comes in, and then nothing can be until it is out again.
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    trio.alice.commit(&inviting_silent(&trio.a, "eve"), &roots);
    assert_rule(trio.alice.try_commit(&ON, &roots).err(), "DMLS-34");
    let out = CommitPlan { hardening: ON.hardening, ..removing(&trio.alice, &trio.a.user("eve")) };
    trio.alice.commit(&out, &roots);
}

/// One branch switches it on, the other lets somebody in who cannot: what the head has counts.
#[test]
fn dmls_34_of_the_switch_and_a_client_that_cannot_the_one_on_the_head_stays() {
    for switch_wins in [false, true] {
        let mut trio = sovereign();
        let roots = trio.roots.clone();
        let invite = inviting_silent(&trio.a, "eve");
        let (winning, losing) = if switch_wins { (&ON, &invite) } else { (&invite, &ON) };
        trio.alice.commit(losing, &roots);
        trio.bob.commit(&removing(&trio.bob, &trio.c.user("carol")), &roots);
        trio.bob.commit(winning, &roots);
        trio.gossip();
        let settlement = trio.alice.group.settlement().unwrap();
        let given_up: Vec<_> = settlement.abandoned.iter().map(|abandoned| abandoned.rule).collect();
        assert_eq!(given_up, ["DMLS-34"], "{settlement:?}");
        trio.alice.settle(&BTreeMap::new(), &roots);
        assert!(trio.alice.group.settlement().unwrap().intents.is_empty());
        assert_eq!(trio.alice.group.head_state().unwrap().room_state().hardening.is_on(), switch_wins);
    }
}
