//! The same with mls-rs alone, on its own storage in memory, with credentials that are names.

use anyhow::{Context, Result, bail};
use mls_rs::client_builder::MlsConfig;
use mls_rs::group::ReceivedMessage;
use mls_rs::identity::SigningIdentity;
use mls_rs::identity::basic::{BasicCredential, BasicIdentityProvider};
use mls_rs::mls_rules::{CommitOptions, DefaultMlsRules};
use mls_rs::{CipherSuite, CipherSuiteProvider, Client, CryptoProvider, Group, MlsMessage};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;

use crate::bare_openmls::Bare;
use crate::clock::{median, timed};
use crate::room::talkers;

const SUITE: CipherSuite = CipherSuite::CURVE25519_AES128;

fn client(name: String) -> Result<Client<impl MlsConfig>> {
    let crypto = RustCryptoProvider::default();
    let suite = crypto.cipher_suite_provider(SUITE).context("the suite is not there")?;
    let (secret, public) = suite.signature_key_generate()?;
    let identity = SigningIdentity::new(BasicCredential::new(name.into_bytes()).into_credential(), public);
    let options = CommitOptions::new().with_path_required(true).with_ratchet_tree_extension(false);
    Ok(Client::builder()
        .identity_provider(BasicIdentityProvider)
        .crypto_provider(crypto)
        .mls_rules(DefaultMlsRules::new().with_commit_options(options))
        .signing_identity(identity, secret, SUITE)
        .build())
}

fn commit<C: MlsConfig>(group: &mut Group<C>) -> Result<MlsMessage> {
    Ok(group.commit_builder().build()?.commit_message)
}

fn follow<C: MlsConfig>(group: &mut Group<C>, commit: MlsMessage) -> Result<()> {
    match group.process_incoming_message(commit)? {
        ReceivedMessage::Commit(_) => Ok(()),
        _ => bail!("not a commit"),
    }
}

/// The first member, and the one in the middle.
fn room_of(members: usize) -> Result<(Group<impl MlsConfig>, Group<impl MlsConfig>)> {
    let (half, talkers) = (members.next_power_of_two() / 2, talkers(members));
    let mut first = client("founder".to_owned())?.create_group(Default::default(), Default::default(), None)?;
    let others = (1..members).map(|leaf| client(format!("member-{leaf}"))).collect::<Result<Vec<_>>>()?;
    let mut adding = first.commit_builder();
    for other in &others {
        adding = adding.add_member(other.generate_key_package_message(Default::default(), Default::default(), None)?)?;
    }
    let added = adding.build()?;
    first.apply_pending_commit()?;
    let welcome = added.welcome_messages.first().context("no Welcome")?;
    let mut joined = Vec::new();
    for (leaf, other) in (1..).zip(&others).filter(|(leaf, _)| *leaf == half || talkers.contains(leaf)) {
        joined.push((leaf, other.join_group(added.ratchet_tree.clone(), welcome, None)?.0));
    }
    joined.sort_by_key(|(leaf, _)| (*leaf != half, *leaf));
    while let Some((leaf, mut member)) = joined.pop() {
        let made = commit(&mut member)?;
        member.apply_pending_commit()?;
        follow(&mut first, made.clone())?;
        joined.iter_mut().try_for_each(|(_, other)| follow(other, made.clone()))?;
        if leaf == half {
            let made = commit(&mut first)?;
            first.apply_pending_commit()?;
            follow(&mut member, made)?;
            return Ok((first, member));
        }
    }
    bail!("there is nobody in the middle")
}

/// `merge` is the writing to its storage.
pub(crate) fn measure(members: usize, rounds: usize) -> Result<Bare> {
    let (mut alice, mut bob) = room_of(members)?;
    let (mut seal, mut open, mut create, mut process, mut merge) = <(Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
    for _ in 0..rounds {
        let (made, took) = timed(|| commit(&mut alice))?;
        create.push(took);
        let ((), took) = timed(|| follow(&mut bob, made))?;
        process.push(took);
        let ((), took) = timed(|| Ok(bob.write_to_storage()?))?;
        merge.push(took);
        alice.apply_pending_commit()?;
        for number in 0..3 {
            let (sealed, took) = timed(|| Ok(alice.encrypt_application_message(&[42; 256], Vec::new())?))?;
            let (_, opened) = timed(|| Ok(bob.process_incoming_message(sealed)?))?;
            if number > 0 {
                seal.push(took);
                open.push(opened);
            }
        }
    }
    Ok(Bare {
        seal: median(seal),
        open: median(open),
        create: median(create),
        process: median(process),
        merge: median(merge),
        state_octets: 0,
    })
}
