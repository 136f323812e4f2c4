//! An MLS group of two in memory, with the engine and the ciphersuite of the gateway.

use anyhow::{Context, Result, bail};
use openmls::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, KeyPackage, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig,
    MlsMessageBodyIn, MlsMessageIn, ProcessedMessageContent, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use tls_codec::DeserializeBytes;

use super::CONTENT;

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

struct Member {
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    credential: CredentialWithKey,
}

/// Our member, and the other.
pub(super) struct Groups {
    own: (Member, MlsGroup),
    peer: (Member, MlsGroup),
}

impl Member {
    fn new(name: &str) -> Result<Self> {
        let signer = SignatureKeyPair::new(SUITE.signature_algorithm())?;
        let credential = BasicCredential::new(name.as_bytes().to_vec()).into();
        let credential = CredentialWithKey { credential, signature_key: signer.public().into() };
        Ok(Self { provider: OpenMlsRustCrypto::default(), signer, credential })
    }
}

impl Groups {
    pub(super) fn new() -> Result<Self> {
        let (own, peer) = (Member::new("own")?, Member::new("peer")?);
        let key_package = KeyPackage::builder().build(SUITE, &peer.provider, &peer.signer, peer.credential.clone())?;
        let config = MlsGroupCreateConfig::builder().ciphersuite(SUITE).use_ratchet_tree_extension(true).build();
        let mut group = MlsGroup::new(&own.provider, &own.signer, &config, own.credential.clone())?;
        let (_, welcome, _) = group.add_members(&own.provider, &own.signer, &[key_package.key_package().clone()])?;
        group.merge_pending_commit(&own.provider)?;
        let MlsMessageBodyIn::Welcome(welcome) = MlsMessageIn::tls_deserialize_exact_bytes(&welcome.to_bytes()?)?.extract() else {
            bail!("not a Welcome");
        };
        let joined = StagedWelcome::new_from_welcome(&peer.provider, &MlsGroupJoinConfig::default(), welcome, None)?;
        let joined = joined.into_group(&peer.provider)?;
        Ok(Self { own: (own, group), peer: (peer, joined) })
    }

    /// A message of ours.
    pub(super) fn seal(&mut self) -> Result<Vec<u8>> {
        sealed(&mut self.own)
    }

    /// A message of the other's.
    pub(super) fn sealed_by_peer(&mut self) -> Result<Vec<u8>> {
        sealed(&mut self.peer)
    }

    /// Opens a message of the other's.
    pub(super) fn open(&mut self, message: &[u8]) -> Result<Vec<u8>> {
        let (member, group) = &mut self.own;
        let message = MlsMessageIn::tls_deserialize_exact_bytes(message)?.try_into_protocol_message()?;
        match group.process_message(&member.provider, message).context("open")?.into_content() {
            ProcessedMessageContent::ApplicationMessage(data) => Ok(data.into_bytes()),
            _ => bail!("not an application message"),
        }
    }
}

fn sealed((member, group): &mut (Member, MlsGroup)) -> Result<Vec<u8>> {
    Ok(group.create_message(&member.provider, &member.signer, &[b'a'; CONTENT])?.to_bytes()?)
}
