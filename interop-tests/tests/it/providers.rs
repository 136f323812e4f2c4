//! The ground that the scenarios stand on: two reference providers talk to each other.

use std::path::Path;

use interop_tests::certificates::Authority;
use interop_tests::control::Draft;
use interop_tests::environment::Programs;
use interop_tests::patience::{self, Look};
use interop_tests::ports;
use interop_tests::reference::{Peer, Provider};

#[tokio::test]
async fn two_providers_talk() {
    let folder = tempfile::tempdir().unwrap();
    // No other program is run.
    let program = Path::new(env!("CARGO_BIN_EXE_reference-provider")).to_owned();
    let programs =
        Programs { causeway: program.clone(), causewayctl: program.clone(), reference_provider: program, environment: Vec::new() };
    let authority = Authority::generate();
    let [port_a, port_b, control_a, control_b] = ports::free().unwrap();
    let peer = |domain: &str, port| Peer { domain: domain.to_owned(), port };
    let peers = [peer("a.test", port_a), peer("b.test", port_b)];
    let (folder_a, folder_b) = (folder.path().join("a.test"), folder.path().join("b.test"));
    let a = Provider::start(&programs, &folder_a, &authority, (&peers[0], control_a), &peers).await.unwrap();
    let b = Provider::start(&programs, &folder_b, &authority, (&peers[1], control_b), &peers).await.unwrap();

    let carol = a.control.add_user("carol", &["phone", "laptop"]).await.unwrap();
    let frank = b.control.add_user("frank", &["phone", "laptop"]).await.unwrap();
    a.control.consent("request", &carol, &frank).await.unwrap();
    b.control.consent("grant", &carol, &frank).await.unwrap();
    let room = a.control.create_room("carol/phone", "club", "Club").await.unwrap();
    a.control.add("carol/phone", &room, &frank, "member").await.unwrap();
    let sent = a.control.send("carol/phone", &room, Draft { kind: "text", text: "hello", ..Draft::default() }).await.unwrap();

    let heard = patience::until("hello at frank's laptop", async || {
        let messages = b.control.messages("frank/laptop", &room).await?;
        Ok(Look::from_option(messages.iter().find(|message| message.text == "hello").cloned(), || format!("{messages:?}")))
    });
    let heard = heard.await.unwrap();
    assert_eq!((heard.message_id, heard.epoch, heard.frank.as_str()), (sent.message_id, sent.epoch, "verified"));
}
