//! mls-rs, a stack that shares no code with ours and knows nothing of rooms, in plain groups that the engine runs (SPEC §14.10).

mod forks;
mod members;

use causeway_mls::{ClientIdentity, CommitPlan, Group, KeyPackageBundle, PendingCommit, TrustRoots};
use mls_rs::client_builder::{BaseConfig, WithCryptoProvider, WithIdentityProvider};
use mls_rs::crypto::{SignaturePublicKey, SignatureSecretKey};
use mls_rs::group::{ExportedTree, ReceivedMessage};
use mls_rs::identity::x509::{
    CertificateChain, DerCertificate, SubjectIdentityExtractor, X509IdentityError, X509IdentityExtractor, X509IdentityProvider,
};
use mls_rs::identity::{Credential, SigningIdentity};
use mls_rs::{CipherSuite, Client, ExtensionList, MlsMessage};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;
use mls_rs_crypto_rustcrypto::x509::{X509Reader, X509Validator};

use crate::support::{KeyOf, Provider, key_of, roots, stored};

type Identities = X509IdentityProvider<Names, X509Validator>;
type Config = WithIdentityProvider<Identities, WithCryptoProvider<RustCryptoProvider, BaseConfig>>;

/// MLSMessage's version and wire format [RFC 9420 §6], which our bare Welcomes, GroupInfos and KeyPackages do without.
const WELCOME: [u8; 4] = [0, 1, 0, 3];
const GROUP_INFO: [u8; 4] = [0, 1, 0, 4];

/// Who somebody is: the name in its certificate's subject.
#[derive(Clone)]
pub(crate) struct Names {
    reader: SubjectIdentityExtractor<X509Reader>,
    /// Takes anybody for anybody's successor, so that mls-rs makes external commits that it should not.
    careless: bool,
}

impl Names {
    fn new(careless: bool) -> Self {
        Self { reader: SubjectIdentityExtractor::new(0, X509Reader::new()), careless }
    }
}

impl X509IdentityExtractor for Names {
    type Error = X509IdentityError;

    fn identity(&self, chain: &CertificateChain) -> Result<Vec<u8>, X509IdentityError> {
        self.reader.identity(chain)
    }

    fn valid_successor(&self, before: &CertificateChain, after: &CertificateChain) -> Result<bool, X509IdentityError> {
        if self.careless { Ok(true) } else { self.reader.valid_successor(before, after) }
    }
}

/// A client of mls-rs, with a certificate of a provider's authority.
pub(crate) struct Stranger {
    pub(crate) identity: ClientIdentity,
    client: Client<Config>,
}

/// It, in a group.
pub(crate) struct Guest {
    pub(crate) group: mls_rs::Group<Config>,
}

impl Stranger {
    pub(crate) fn new(provider: &Provider, name: &str, trusted: &[&Provider]) -> Self {
        Self::with(provider, name, trusted, Names::new(false))
    }

    /// One that lets itself be talked into replacing anybody.
    pub(crate) fn careless(provider: &Provider, name: &str, trusted: &[&Provider]) -> Self {
        Self::with(provider, name, trusted, Names::new(true))
    }

    fn with(provider: &Provider, name: &str, trusted: &[&Provider], names: Names) -> Self {
        let identity = provider.client(name, "mls-rs");
        let KeyOf { private, public, chain } = key_of(&identity);
        let chain: CertificateChain = chain.into_iter().map(DerCertificate::from).collect::<Vec<_>>().into();
        let signing = SigningIdentity::new(Credential::X509(chain), SignaturePublicKey::from(public.clone()));
        let secret = SignatureSecretKey::from([private, public].concat());
        let anchors = trusted.iter().map(|provider| DerCertificate::from(provider.authority.root_der()));
        let validator = X509Validator::new(anchors.collect()).unwrap();
        let client = Client::builder()
            .crypto_provider(RustCryptoProvider::default())
            .identity_provider(X509IdentityProvider::new(names, validator))
            .signing_identity(signing, secret, CipherSuite::CURVE25519_AES128)
            .build();
        Self { identity, client }
    }

    /// A KeyPackage, bare.
    pub(crate) fn key_package(&self) -> Vec<u8> {
        let message = self.client.generate_key_package_message(ExtensionList::new(), ExtensionList::new(), None).unwrap();
        message.to_bytes().unwrap().split_off(4)
    }

    pub(crate) fn create(&self, group_id: &[u8]) -> Guest {
        let group = self.client.create_group_with_id(group_id.to_vec(), ExtensionList::new(), ExtensionList::new(), None);
        Guest { group: group.unwrap() }
    }

    /// Joins by a Welcome of ours.
    pub(crate) fn join(&self, pending: &PendingCommit) -> Guest {
        let welcome = message(&[&WELCOME[..], pending.welcome.as_deref().unwrap()].concat());
        let tree = ExportedTree::from_bytes(&pending.ratchet_tree).unwrap();
        Guest { group: self.client.join_group(Some(tree), &welcome, None).unwrap().0 }
    }

    /// Joins by a GroupInfo of ours, with its tree; in place of an own former leaf, if there is one. The external commit.
    pub(crate) fn join_externally(&self, (group_info, tree): (&[u8], &[u8]), former: Option<u32>) -> (Guest, Vec<u8>) {
        let mut builder = self.client.external_commit_builder().unwrap();
        builder = builder.with_tree_data(ExportedTree::from_bytes(tree).unwrap().into_owned());
        if let Some(former) = former {
            builder = builder.with_removal(former);
        }
        let (group, commit) = builder.build(message(&[&GROUP_INFO[..], group_info].concat())).unwrap();
        (Guest { group }, commit.to_bytes().unwrap())
    }
}

fn message(bytes: &[u8]) -> MlsMessage {
    MlsMessage::from_bytes(bytes).unwrap()
}

impl Guest {
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> ReceivedMessage {
        self.group.process_incoming_message(message(bytes)).unwrap()
    }

    pub(crate) fn seal(&mut self, text: &[u8]) -> Vec<u8> {
        self.group.encrypt_application_message(text, Vec::new()).unwrap().to_bytes().unwrap()
    }

    pub(crate) fn open(&mut self, sealed: &[u8]) -> Vec<u8> {
        match self.hear(sealed) {
            ReceivedMessage::ApplicationMessage(message) => message.data().to_vec(),
            other => panic!("{other:?}"),
        }
    }

    /// Renews its keys.
    pub(crate) fn renew(&mut self) -> Vec<u8> {
        let commit = self.group.commit(Vec::new()).unwrap().commit_message.to_bytes().unwrap();
        self.group.apply_pending_commit().unwrap();
        commit
    }

    /// Removes a leaf.
    pub(crate) fn remove(&mut self, leaf: u32) -> Vec<u8> {
        let output = self.group.commit_builder().remove_member(leaf).unwrap().build().unwrap();
        self.group.apply_pending_commit().unwrap();
        output.commit_message.to_bytes().unwrap()
    }

    /// Adds somebody by a KeyPackage (bare): the commit, and the bare Welcome, which has the tree in it.
    pub(crate) fn add(&mut self, key_package: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let key_package = message(&[&[0, 1, 0, 5][..], key_package].concat());
        let output = self.group.commit_builder().add_member(key_package).unwrap().build().unwrap();
        self.group.apply_pending_commit().unwrap();
        let welcome = output.welcome_messages[0].to_bytes().unwrap().split_off(4);
        (output.commit_message.to_bytes().unwrap(), welcome)
    }

    /// A GroupInfo for joiners (bare), and the tree.
    pub(crate) fn joinable(&self) -> (Vec<u8>, Vec<u8>) {
        let info = self.group.group_info_message_allowing_ext_commit(false).unwrap();
        (info.to_bytes().unwrap().split_off(4), self.group.export_tree().to_bytes().unwrap())
    }

    /// The leaves, each with the name in its certificate's subject.
    pub(crate) fn roster(&self) -> Vec<(u32, String)> {
        let reader = Names::new(false);
        let name = |identity: &SigningIdentity| match &identity.credential {
            Credential::X509(chain) => String::from_utf8(reader.identity(chain).unwrap()).unwrap(),
            other => panic!("{other:?}"),
        };
        self.group.roster().members_iter().map(|member| (member.index, name(&member.signing_identity))).collect()
    }

    pub(crate) fn authenticator(&self) -> Vec<u8> {
        self.group.epoch_authenticator().unwrap().as_bytes().to_vec()
    }
}

/// Two stacks are in one epoch: same number, context, tree hash, roster and authenticator.
pub(crate) fn assert_same(ours: &Group, own: &ClientIdentity, guest: &Guest) {
    assert_eq!(ours.epoch().number, guest.group.current_epoch());
    assert_eq!(ours.epoch_authenticator(&own.client_uri).unwrap(), guest.authenticator());
    assert_eq!(ours.ratchet_tree().unwrap(), guest.group.export_tree().to_bytes().unwrap());
    let context = mls_rs::mls_rs_codec::MlsEncode::mls_encode_to_vec(guest.group.context()).unwrap();
    assert_eq!(ours.group_context().unwrap(), context, "the tree hash is in it");
    let roster: Vec<_> = ours.members().iter().map(|member| (member.leaf, member.client.to_string())).collect();
    assert_eq!(roster, guest.roster());
}

pub(crate) fn admitting(providers: &[&Provider]) -> TrustRoots {
    let mut roots = roots(providers);
    roots.admit_plain_groups();
    roots
}

pub(crate) fn plain(creator: &ClientIdentity) -> Group {
    stored(Group::create_plain(b"plain".to_vec(), creator).unwrap())
}

pub(crate) fn adding(key_packages: Vec<Vec<u8>>) -> CommitPlan {
    CommitPlan { add_key_packages: key_packages, ..Default::default() }
}

pub(crate) fn bare(bundle: &KeyPackageBundle) -> Vec<u8> {
    bundle.key_package.clone()
}
