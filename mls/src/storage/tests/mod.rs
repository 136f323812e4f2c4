//! That what comes apart goes together again, and that openmls' values have the shape that this relies on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod shape;

use openmls::prelude::{
    BasicCredential, CredentialWithKey, KeyPackage, LeafNodeIndex, LeafNodeParameters, MlsGroup, MlsGroupCreateConfig,
    MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProcessedMessageContent, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use proptest::prelude::*;

use super::{Provider, Public};
use crate::key_package::SUITE;
use crate::rows::Rows;

/// Somebody with a key.
fn somebody(name: &str) -> (SignatureKeyPair, CredentialWithKey) {
    let signer = SignatureKeyPair::new(SUITE.signature_algorithm()).unwrap();
    let credential = BasicCredential::new(name.as_bytes().to_vec()).into();
    let credential = CredentialWithKey { credential, signature_key: signer.public().into() };
    (signer, credential)
}

/// A member with storage of its own.
struct Member {
    provider: Provider,
    signer: SignatureKeyPair,
    group: MlsGroup,
}

fn received(message: MlsMessageOut) -> openmls::prelude::ProtocolMessage {
    MlsMessageIn::from(message).try_into_protocol_message().unwrap()
}

impl Member {
    fn founder() -> Self {
        let (provider, (signer, credential)) = (Provider::default(), somebody("founder"));
        let config = MlsGroupCreateConfig::builder().ciphersuite(SUITE).max_past_epochs(1).build();
        let group = MlsGroup::new(&provider, &signer, &config, credential).unwrap();
        Self { provider, signer, group }
    }

    fn add(&mut self, count: usize) -> Vec<Self> {
        let newcomers = (0..count).map(|number| {
            let (provider, (signer, credential)) = (Provider::default(), somebody(&format!("member {number}")));
            let bundle = KeyPackage::builder().build(SUITE, &provider, &signer, credential).unwrap();
            (provider, signer, bundle.key_package().clone())
        });
        let newcomers: Vec<_> = newcomers.collect();
        let key_packages: Vec<_> = newcomers.iter().map(|(.., key_package)| key_package.clone()).collect();
        let (_, welcome, _) = self.group.add_members(&self.provider, &self.signer, &key_packages).unwrap();
        self.group.merge_pending_commit(&self.provider).unwrap();
        let MlsMessageBodyIn::Welcome(welcome) = MlsMessageIn::from(welcome).extract() else { panic!("no Welcome") };
        let tree: openmls::prelude::RatchetTreeIn = self.group.export_ratchet_tree().into();
        let join = |(provider, signer, _): (Provider, SignatureKeyPair, KeyPackage)| {
            let config = self.group.configuration();
            let staged = StagedWelcome::new_from_welcome(&provider, config, welcome.clone(), Some(tree.clone())).unwrap();
            let group = staged.into_group(&provider).unwrap();
            Self { provider, signer, group }
        };
        newcomers.into_iter().map(join).collect()
    }

    fn hear(&mut self, message: MlsMessageOut) {
        let processed = self.group.process_message(&self.provider, received(message)).unwrap();
        if let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() {
            self.group.merge_staged_commit(&self.provider, *staged).unwrap();
        }
    }

    fn say(&mut self) -> MlsMessageOut {
        self.group.create_message(&self.provider, &self.signer, b"hello").unwrap()
    }

    fn renew(&mut self) -> MlsMessageOut {
        let bundle = self.group.self_update(&self.provider, &self.signer, LeafNodeParameters::default()).unwrap();
        let commit = bundle.into_commit();
        self.group.merge_pending_commit(&self.provider).unwrap();
        commit
    }

    /// To rows and back; also from the rows of before, whose nodes are taken over.
    fn assert_whole(&self, before: Option<&Public>) -> Public {
        let (whole, private): (Rows, Rows) = (self.provider.whole(), self.provider.private().unwrap());
        let public = self.provider.public(before).unwrap();
        let again = Provider::over_epoch(&public, Some(&private)).unwrap();
        // All but resumption PSKs, which nobody shall have.
        let but_psks = |rows: Rows| rows.into_iter().filter(|(key, _)| !key.starts_with(b"ResumptionPsk")).collect::<Rows>();
        assert!(but_psks(again.whole()) == but_psks(whole), "what comes apart goes together again");
        let anew = self.provider.public(None).unwrap();
        assert_eq!(anew, public, "what is taken over is what would be made");
        assert!(anew.nodes.digests() == public.nodes.digests());
        public
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(usize),
    Remove(prop::sample::Index),
    Renew(prop::sample::Index),
    Say(prop::sample::Index),
    SayAndRenewMyself,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1usize..6).prop_map(Step::Add),
        any::<prop::sample::Index>().prop_map(Step::Remove),
        any::<prop::sample::Index>().prop_map(Step::Renew),
        any::<prop::sample::Index>().prop_map(Step::Say),
        Just(Step::SayAndRenewMyself),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_openmls_stores_comes_apart_and_goes_together_again(steps in proptest::collection::vec(step(), 1..14)) {
        let mut founder = Member::founder();
        let mut others: Vec<Member> = founder.add(3);
        let mut before = founder.assert_whole(None);
        for step in steps {
            match step {
                // Those that are in already miss a commit: they are not asked any more.
                Step::Add(count) => others = founder.add(count),
                Step::Remove(who) if !others.is_empty() => {
                    let leaf: LeafNodeIndex = who.get(&others).group.own_leaf_index();
                    founder.group.remove_members(&founder.provider, &founder.signer, &[leaf]).unwrap();
                    founder.assert_whole(Some(&before));
                    founder.group.merge_pending_commit(&founder.provider).unwrap();
                    others.clear();
                }
                Step::Renew(who) if !others.is_empty() => {
                    let mut who = others.swap_remove(who.index(others.len()));
                    founder.hear(who.renew());
                    others = vec![who];
                }
                Step::Say(who) if !others.is_empty() => {
                    let who = who.index(others.len());
                    let message = others[who].say();
                    founder.hear(message);
                    others[who].assert_whole(None);
                }
                Step::SayAndRenewMyself => {
                    founder.say();
                    founder.assert_whole(Some(&before));
                    founder.renew();
                    others.clear();
                }
                _ => {}
            }
            before = founder.assert_whole(Some(&before));
        }
    }
}

#[test]
fn a_row_of_another_form_is_refused() {
    let mut founder = Member::founder();
    founder.add(2);
    let (public, private) = (founder.provider.public(None).unwrap(), founder.provider.private().unwrap());
    assert!(Provider::over_epoch(&public, Some(&private)).is_ok());
    for key in public.rows.keys().chain(private.keys()) {
        let (mut public, mut private) = (public.clone(), private.clone());
        let row = public.rows.get_mut(key).or_else(|| private.get_mut(key)).unwrap();
        row[0] = 3;
        let opened = Provider::over_epoch(&public, Some(&private));
        assert!(opened.is_err(), "{}", key.escape_ascii());
    }
}
