//! The same with openmls alone, on its own storage in memory, with credentials, capabilities and context as long as ours.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use causeway_mls::{Group, new_key_package};
use openmls::prelude::{
    CredentialWithKey, Extensions, GroupContext, KeyPackage, KeyPackageIn, LeafNodeParameters, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY,
    MlsGroup, MlsGroupCreateConfig, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProcessedMessageContent, ProtocolMessage,
    ProtocolVersion, StagedCommit, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use tls_codec::Deserialize;

use crate::clock::{median, timed};
use crate::room::{ADMIN, Issuer, MEMBER, NOW, entry, talkers};

/// CPU times.
#[derive(Default)]
pub(crate) struct Bare {
    pub(crate) seal: Duration,
    pub(crate) open: Duration,
    pub(crate) create: Duration,
    pub(crate) process: Duration,
    pub(crate) merge: Duration,
    /// What its storage holds afterwards.
    pub(crate) state_octets: usize,
}

struct Member {
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    group: MlsGroup,
}

/// A KeyPackage as long as ours.
struct Newcomer {
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    key_package: KeyPackage,
}

/// What our own groups are like.
struct Like {
    sample: KeyPackage,
    extensions: Extensions<GroupContext>,
}

impl Like {
    fn ours(members: usize) -> Result<Self> {
        let issuer = Issuer::new()?;
        let alice = issuer.client("alice")?;
        let others = (1..members).map(|leaf| issuer.client(&format!("member-{leaf}"))).collect::<Result<Vec<_>>>()?;
        let users = others.iter().map(|other| entry(&other.user_uri, MEMBER));
        let group: Group = issuer.found(&alice, [entry(&alice.user_uri, ADMIN)].into_iter().chain(users).collect())?;
        let context = GroupContext::tls_deserialize(&mut group.group_context()?.as_slice())?;
        let bundle = new_key_package(&alice, NOW)?;
        let sample = KeyPackageIn::tls_deserialize(&mut bundle.key_package.as_slice())?;
        let sample = sample.validate(OpenMlsRustCrypto::default().crypto(), ProtocolVersion::Mls10)?;
        Ok(Self { sample, extensions: context.extensions().clone() })
    }

    fn somebody(&self) -> Result<(SignatureKeyPair, CredentialWithKey)> {
        let signer = SignatureKeyPair::new(self.sample.ciphersuite().signature_algorithm())?;
        let credential = self.sample.leaf_node().credential().clone();
        let signature_key = signer.public().into();
        Ok((signer, CredentialWithKey { credential, signature_key }))
    }

    fn newcomer(&self) -> Result<Newcomer> {
        let (provider, (signer, credential)) = (OpenMlsRustCrypto::default(), self.somebody()?);
        let builder = KeyPackage::builder().leaf_node_capabilities(self.sample.leaf_node().capabilities().clone());
        let bundle = builder.build(self.sample.ciphersuite(), &provider, &signer, credential)?;
        let key_package = bundle.key_package().clone();
        Ok(Newcomer { provider, signer, key_package })
    }
}

fn received(message: MlsMessageOut) -> Result<ProtocolMessage> {
    Ok(MlsMessageIn::from(message).try_into_protocol_message()?)
}

impl Member {
    fn commit(&mut self) -> Result<MlsMessageOut> {
        let bundle = self.group.self_update(&self.provider, &self.signer, LeafNodeParameters::default())?;
        Ok(bundle.into_commit())
    }

    fn stage(&mut self, commit: ProtocolMessage) -> Result<StagedCommit> {
        match self.group.process_message(&self.provider, commit)?.into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => Ok(*staged),
            _ => bail!("not a commit"),
        }
    }

    fn follow(&mut self, commit: MlsMessageOut) -> Result<()> {
        let staged = self.stage(received(commit)?)?;
        Ok(self.group.merge_staged_commit(&self.provider, staged)?)
    }
}

/// The first member, and the one in the middle.
fn room_of(members: usize) -> Result<(Member, Member)> {
    let like = Like::ours(members)?;
    let (provider, (signer, credential)) = (OpenMlsRustCrypto::default(), like.somebody()?);
    let config = MlsGroupCreateConfig::builder()
        .ciphersuite(like.sample.ciphersuite())
        .capabilities(like.sample.leaf_node().capabilities().clone())
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(2)
        .number_of_resumption_psks(0)
        .with_group_context_extensions(like.extensions.clone())
        .build();
    let group = MlsGroup::new(&provider, &signer, &config, credential)?;
    let mut first = Member { provider, signer, group };
    let newcomers = (1..members).map(|_| like.newcomer()).collect::<Result<Vec<_>>>()?;
    let key_packages: Vec<_> = newcomers.iter().map(|newcomer| newcomer.key_package.clone()).collect();
    let (_, welcome, _) = first.group.add_members(&first.provider, &first.signer, &key_packages)?;
    first.group.merge_pending_commit(&first.provider)?;
    let MlsMessageBodyIn::Welcome(welcome) = MlsMessageIn::from(welcome).extract() else { bail!("no Welcome") };
    let tree: openmls::prelude::RatchetTreeIn = first.group.export_ratchet_tree().into();
    let (half, talkers) = (members.next_power_of_two() / 2, talkers(members));
    let mut joined = Vec::new();
    for (leaf, newcomer) in (1..).zip(newcomers).filter(|(leaf, _)| *leaf == half || talkers.contains(leaf)) {
        let Newcomer { provider, signer, .. } = newcomer;
        let config = first.group.configuration();
        let staged = StagedWelcome::new_from_welcome(&provider, config, welcome.clone(), Some(tree.clone()))?;
        let group = staged.into_group(&provider)?;
        joined.push((leaf, Member { provider, signer, group }));
    }
    // The one in the middle last.
    joined.sort_by_key(|(leaf, _)| (*leaf != half, *leaf));
    while let Some((leaf, mut member)) = joined.pop() {
        let commit = member.commit()?;
        member.group.merge_pending_commit(&member.provider)?;
        first.follow(commit.clone())?;
        joined.iter_mut().try_for_each(|(_, other)| other.follow(commit.clone()))?;
        if leaf == half {
            let commit = first.commit()?;
            first.group.merge_pending_commit(&first.provider)?;
            member.follow(commit)?;
            return Ok((first, member));
        }
    }
    bail!("there is nobody in the middle")
}

pub(crate) fn measure(members: usize, rounds: usize) -> Result<Bare> {
    let (mut alice, mut bob) = room_of(members)?;
    let (mut seal, mut open, mut create, mut process, mut merge) = <(Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
    for _ in 0..rounds {
        let (commit, took) = timed(|| alice.commit())?;
        create.push(took);
        let commit = received(commit)?;
        let (staged, took) = timed(|| bob.stage(commit))?;
        process.push(took);
        let ((), took) = timed(|| Ok(bob.group.merge_staged_commit(&bob.provider, staged)?))?;
        merge.push(took);
        alice.group.merge_pending_commit(&alice.provider)?;
        for number in 0..3 {
            let (sealed, took) = timed(|| Ok(alice.group.create_message(&alice.provider, &alice.signer, &[42; 256])?))?;
            let sealed = received(sealed)?;
            let (_, opened) = timed(|| Ok(bob.group.process_message(&bob.provider, sealed)?))?;
            if number > 0 {
                seal.push(took);
                open.push(opened);
            }
        }
    }
    let values = bob.provider.storage().values.read().ok().context("a storage is poisoned")?;
    Ok(Bare {
        seal: median(seal),
        open: median(open),
        create: median(create),
        process: median(process),
        merge: median(merge),
        state_octets: values.iter().map(|(key, value)| key.len() + value.len()).sum(),
    })
}
