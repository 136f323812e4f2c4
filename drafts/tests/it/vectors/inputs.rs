//! The MLS objects that stand inside of the vectors' structures: made once by the MLS library, since the encoder of the
//! vectors speaks no MLS. To make new ones: `CAUSEWAY_WRITE_MLS_OBJECTS=1 cargo test -p causeway-drafts mls_objects`,
//! then `cargo xtask vectors`.

use std::path::PathBuf;
use std::sync::OnceLock;

use causeway_drafts::mimi_protocol_06::message::{Message, MessageKind};
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, RatchetTreeOption};
use causeway_drafts::{Verbatim, encode};
use openmls::prelude::{Extension, ExternalPubExtension, KeyPackageIn, Welcome};
use serde_json::{Value, json};

use crate::support::mls;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tools/vectors/inputs/mls.json")
}

/// The objects.
pub(super) fn objects() -> &'static [Vec<u8>] {
    static OBJECTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    OBJECTS.get_or_init(|| {
        let file: Value = serde_json::from_str(&std::fs::read_to_string(path()).unwrap()).unwrap();
        let objects = file["objects"].as_object().unwrap();
        objects.values().map(|object| hex::decode(object.as_str().unwrap()).unwrap()).collect()
    })
}

fn written() -> Value {
    let mls = mls();
    json!({
        "provenance": "Made by openmls: alice made the group with suite 1, committed an Add of bob, proposed to remove him, \
                       and sent `hello`. Keys are lost. See drafts/tests/it/vectors/inputs.rs.",
        "objects": {
            "key_package": hex::encode(&mls.key_package),
            "commit": hex::encode(&mls.commit),
            "welcome": hex::encode(&mls.welcome),
            "group_info": hex::encode(&mls.group_info),
            "ratchet_tree": hex::encode(&mls.tree),
            "proposal": hex::encode(&mls.proposal),
            "application": hex::encode(&mls.application),
            "credential": hex::encode(encode(&mls.credential)),
            "external_pub": hex::encode(encode(&Extension::ExternalPub(ExternalPubExtension::new(vec![0x42; 32].into())))),
        }
    })
}

#[test]
fn the_mls_objects_are_what_they_are_called() {
    if std::env::var_os("CAUSEWAY_WRITE_MLS_OBJECTS").is_some() {
        std::fs::create_dir_all(path().parent().unwrap()).unwrap();
        std::fs::write(path(), format!("{:#}\n", written())).unwrap();
    }
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path()).unwrap()).unwrap();
    let object = |name: &str| hex::decode(file["objects"][name].as_str().unwrap()).unwrap();
    let kind = |name: &str| Message::from_bytes(&object(name)).unwrap().value().kind();
    assert_eq!(kind("commit"), MessageKind::Commit);
    assert_eq!(kind("proposal"), MessageKind::Proposal);
    assert_eq!(kind("application"), MessageKind::Application);
    Verbatim::<KeyPackageIn>::from_bytes(&object("key_package")).unwrap();
    Verbatim::<Welcome>::from_bytes(&object("welcome")).unwrap();
    GroupInfoOption::full(&object("group_info")).unwrap();
    RatchetTreeOption::full(&object("ratchet_tree")).unwrap();
    Verbatim::<Extension>::from_bytes(&object("external_pub")).unwrap();
}
