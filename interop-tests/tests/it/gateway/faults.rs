//! Peers that misbehave in honest ways: order is kept, nothing is lost, nothing comes twice.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use http::StatusCode;
use interop_tests::faults::{Fault, Faults};
use interop_tests::light::{Bridge, Light};
use interop_tests::matrix::peer::Order;
use interop_tests::patience::{self, Look};

use super::support::light;

/// Everything that may happen to a request once, and be over.
fn troubles() -> Vec<Fault> {
    vec![
        Fault::Refuse(StatusCode::INTERNAL_SERVER_ERROR, None),
        Fault::Refuse(StatusCode::BAD_GATEWAY, None),
        Fault::Refuse(StatusCode::SERVICE_UNAVAILABLE, Some(1)),
        Fault::Refuse(StatusCode::TOO_MANY_REQUESTS, Some(1)),
        Fault::Refuse(StatusCode::FOUND, None),
        Fault::Bytes("text/html", b"<html>please log in</html>".to_vec()),
        Fault::Ignore,
        Fault::LoseAnswer,
        Fault::HalfAnswer,
        Fault::Slow(Duration::from_millis(700)),
    ]
}

/// No event has come twice, and a repeated transaction was repeated as it was.
fn came_once(light: &Light) {
    let ids: Vec<String> = light.matrix.sent_to_us().into_iter().map(|sent| sent.event).collect();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "{ids:?}");
    let mut bodies = std::collections::HashMap::new();
    for request in light.matrix.requests().into_iter().filter(|request| request.path.contains("/send/")) {
        let pdus = request.body["pdus"].clone();
        let first = bodies.entry(request.path.clone()).or_insert_with(|| pdus.clone());
        assert_eq!(*first, pdus, "{}", request.path);
    }
}

async fn carol_talks_through(light: &Light, bridge: &Bridge<'_>, (faults, path): (&Faults, &str), more: &[Fault]) {
    let mut said: Vec<String> = Vec::new();
    for fault in troubles().into_iter().chain(more.iter().cloned()) {
        faults.plan(path, 1, fault);
        for _ in 0..2 {
            let text = format!("carol's word {}", said.len());
            bridge.carol_says(&text).await.unwrap();
            said.push(text);
        }
        let expected: Vec<&str> = said.iter().map(String::as_str).collect();
        bridge.alice_hears(&expected).await.unwrap();
    }
    came_once(light);
}

async fn alice_talks_through(bridge: &Bridge<'_>, (faults, path): (&Faults, &str)) {
    let mut said: Vec<String> = Vec::new();
    for fault in troubles() {
        faults.plan(path, 1, fault);
        for _ in 0..2 {
            let text = format!("alice's word {}", said.len());
            bridge.alice_says(&text).unwrap();
            said.push(text);
        }
        let expected: Vec<&str> = said.iter().map(String::as_str).collect();
        bridge.carol_hears(&expected).await.unwrap();
    }
}

#[tokio::test]
async fn a_homeserver_in_trouble_hears_everything_once_and_in_order() {
    let light = light("f-homeserver").await;
    let bridge = light.bridge("12", "").await.unwrap();
    // Where our keys could not be had, or a proxy is in between, it is not the events' fault.
    let gone = [StatusCode::REQUEST_TIMEOUT, StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND];
    let gone = gone.map(|status| Fault::Refuse(status, None));
    carol_talks_through(&light, &bridge, (light.matrix.faults(), "/send/"), &gone).await;
}

#[tokio::test]
async fn a_follower_in_trouble_hears_everything_once_and_in_order() {
    let light = light("f-follower").await;
    let bridge = light.bridge("12", "").await.unwrap();
    alice_talks_through(&bridge, (light.to_provider.faults(), "/notify/")).await;
}

#[tokio::test]
async fn a_hub_in_trouble_gets_everything_once_and_in_order() {
    let light = light("f-hub").await;
    let bridge = light.mirror("").await.unwrap();
    alice_talks_through(&bridge, (light.to_provider.faults(), "/submitMessage/")).await;
}

#[tokio::test]
async fn a_hub_whose_answers_to_the_first_steps_are_lost_is_entered_once() {
    for (number, path) in ["/groupInfo/", "/update/", "/submitMessage/"].into_iter().enumerate() {
        for (at, fault) in
            [Fault::LoseAnswer, Fault::HalfAnswer, Fault::Refuse(StatusCode::INTERNAL_SERVER_ERROR, None)].into_iter().enumerate()
        {
            let light = light(&format!("f-steps-{number}-{at}")).await;
            let bridge = light.mirror("").await.unwrap();
            light.to_provider.faults().plan(path, 1, fault);
            bridge.alice_says("the first").unwrap();
            bridge.alice_says("the second").unwrap();
            bridge.carol_hears(&["the first", "the second"]).await.unwrap();
            let rooms = light.provider.control.rooms(&bridge.phone).await.unwrap();
            let alices = rooms[0].clients.iter().filter(|client| client.contains("alice")).count();
            assert!(alices <= 1, "{path}: {:?}", rooms[0].clients);
        }
    }
}

#[tokio::test]
async fn a_gateway_whose_answers_are_lost_is_told_again_and_acts_once() {
    let light = light("f-answers").await;
    let hub = light.bridge("12", "hub").await.unwrap();
    carol_talks_through(&light, &hub, (light.to_gateway.faults(), "/nothing/"), &[]).await;
    let mirror = light.mirror("mirror").await.unwrap();
    let mut said = Vec::new();
    for fault in [Fault::LoseAnswer, Fault::HalfAnswer, Fault::Ignore, Fault::Refuse(StatusCode::SERVICE_UNAVAILABLE, None)] {
        light.to_gateway.faults().plan("/notify/", 1, fault);
        let text = format!("word {}", said.len());
        mirror.carol_says(&text).await.unwrap();
        said.push(text);
        let expected: Vec<&str> = said.iter().map(String::as_str).collect();
        mirror.alice_hears(&expected).await.unwrap();
    }
    came_once(&light);
}

#[tokio::test]
async fn joining_goes_on_whatever_is_lost_on_the_way() {
    let cases = ["keyMaterial", "requestConsent", "make_join", "send_join", "/notify/"];
    for (number, path) in cases.into_iter().enumerate() {
        for (at, fault) in [Fault::LoseAnswer, Fault::Refuse(StatusCode::INTERNAL_SERVER_ERROR, None)].into_iter().enumerate() {
            let light = light(&format!("f-join-{number}-{at}")).await;
            let faults = if path.contains("_join") { light.matrix.faults() } else { light.to_provider.faults() };
            faults.plan(path, 1, fault);
            let bridge = light.bridge("11", "").await.unwrap();
            bridge.alice_says("hello").unwrap();
            bridge.carol_hears(&["hello"]).await.unwrap();
            bridge.carol_says("hello too").await.unwrap();
            bridge.alice_hears(&["hello too"]).await.unwrap();
            came_once(&light);
        }
    }
}

#[tokio::test]
async fn retry_after_is_waited_for_and_contact_ends_the_wait() {
    let light = light("f-contact").await;
    let bridge = light.bridge("12", "").await.unwrap();
    // Two seconds are waited for.
    light.matrix.faults().plan("/send/", 1, Fault::Refuse(StatusCode::TOO_MANY_REQUESTS, Some(2)));
    let began = Instant::now();
    bridge.carol_says("later").await.unwrap();
    bridge.alice_hears(&["later"]).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    // An hour is not, if the homeserver shows itself before.
    light.matrix.faults().plan("/send/", 1, Fault::Refuse(StatusCode::TOO_MANY_REQUESTS, Some(3600)));
    bridge.carol_says("much later").await.unwrap();
    light
        .matrix
        .wait_for_request("the refusal", |request| {
            request.status == Some(StatusCode::TOO_MANY_REQUESTS) && request.body.to_string().contains("much later")
        })
        .await
        .unwrap();
    bridge.alice_says("here I am").unwrap();
    bridge.carol_hears(&["here I am"]).await.unwrap();
    contact(&bridge).await;
    bridge.alice_hears(&["later", "much later"]).await.unwrap();
    // The same for a provider.
    light.to_provider.faults().plan("/notify/", 1, Fault::Refuse(StatusCode::TOO_MANY_REQUESTS, Some(3600)));
    bridge.alice_says("for carol").unwrap();
    light.to_provider.wait_for("/notify/", |passed| passed.status == Some(StatusCode::TOO_MANY_REQUESTS)).await.unwrap();
    bridge.carol_says("and here am I").await.unwrap();
    patience::until("what waited for carol", async || {
        let heard = bridge.heard_by_carol().await?;
        if heard.last().is_some_and(|text| text == "for carol") {
            return Ok(Look::Found(()));
        }
        bridge.carol_says("still here").await?;
        Ok(Look::NotYet(format!("{heard:?}")))
    })
    .await
    .unwrap();
    came_once(&light);
}

#[tokio::test]
async fn what_a_peer_refuses_for_good_does_not_hold_up_what_comes_after() {
    let light = light("f-refused").await;
    let bridge = light.bridge("12", "").await.unwrap();
    // With it alice's puppet comes into the group.
    bridge.alice_says("hello").unwrap();
    bridge.carol_hears(&["hello"]).await.unwrap();
    light.to_provider.faults().plan("/notify/", 1, Fault::Refuse(StatusCode::BAD_REQUEST, None));
    bridge.alice_says("not for this follower").unwrap();
    light.to_provider.wait_for("/notify/", |passed| passed.status == Some(StatusCode::BAD_REQUEST)).await.unwrap();
    bridge.alice_says("for carol").unwrap();
    bridge.carol_hears(&["hello", "for carol"]).await.unwrap();
    light.matrix.faults().plan("/send/", 1, Fault::Refuse(StatusCode::BAD_REQUEST, None));
    bridge.carol_says("not for this homeserver").await.unwrap();
    let is_refusal = |request: &interop_tests::matrix::peer::Request| request.status == Some(StatusCode::BAD_REQUEST);
    light.matrix.wait_for_request("the refusal", is_refusal).await.unwrap();
    bridge.carol_says("for alice").await.unwrap();
    light.matrix.wait_for("what came after", |event| event.body() == "for alice").await.unwrap();
}

#[tokio::test]
async fn a_batch_that_is_refused_is_sent_one_by_one() {
    let light = light("f-batch").await;
    let bridge = light.bridge("12", "").await.unwrap();
    bridge.alice_says("hello").unwrap();
    bridge.carol_hears(&["hello"]).await.unwrap();
    // While the first is under way, the others become a batch.
    for (faults, path) in [(light.matrix.faults(), "/send/"), (light.to_provider.faults(), "/notify/")] {
        faults.plan(path, 1, Fault::Slow(Duration::from_secs(3)));
        faults.plan(path, 1, Fault::Refuse(StatusCode::BAD_REQUEST, None));
    }
    let words: Vec<String> = (0..5).map(|n| format!("word {n}")).collect();
    let expected: Vec<&str> = words.iter().map(String::as_str).collect();
    for text in &words {
        bridge.carol_says(text).await.unwrap();
        bridge.alice_says(text).unwrap();
    }
    bridge.alice_hears(&expected).await.unwrap();
    let expected: Vec<&str> = std::iter::once("hello").chain(expected).collect();
    bridge.carol_hears(&expected).await.unwrap();
    came_once(&light);
    let requests = light.matrix.requests();
    let refused = requests.iter().find(|request| request.status == Some(StatusCode::BAD_REQUEST)).unwrap();
    assert!(refused.body["pdus"].as_array().unwrap().len() > 1, "{}", refused.body);
}

/// A request whose answer the gateway's delivery may just have missed is followed by another.
async fn contact(bridge: &Bridge<'_>) {
    bridge.alice_says("still here").unwrap();
    bridge.carol_hears(&["here I am", "still here"]).await.unwrap();
}

/// Connections whose other end sends nothing any more, but does not close them either.
#[tokio::test]
async fn half_closed_connections_are_given_up_and_others_opened() {
    let light = light("f-half-closed").await;
    let bridge = light.bridge("12", "").await.unwrap();
    for (faults, path) in [(light.matrix.faults(), "/send/"), (light.to_provider.faults(), "/notify/")] {
        // The connection that is open now goes with its answer.
        faults.plan(path, 1, Fault::LoseAnswer);
        faults.half_close(3);
    }
    bridge.carol_says("to a homeserver").await.unwrap();
    bridge.alice_says("to a provider").unwrap();
    bridge.alice_hears(&["to a homeserver"]).await.unwrap();
    bridge.carol_hears(&["to a provider"]).await.unwrap();
    // They are heard before the answer is lost: only the second try meets the half-closed connections.
    for faults in [light.matrix.faults(), light.to_provider.faults()] {
        let tried = patience::until("the half-closed connections", async || {
            let left = faults.half_closed_left();
            Ok(Look::from_option((left == 0).then_some(()), || format!("{left} left")))
        });
        tried.await.unwrap();
    }
    bridge.carol_says("and on").await.unwrap();
    bridge.alice_says("and on").unwrap();
    bridge.alice_hears(&["to a homeserver", "and on"]).await.unwrap();
    bridge.carol_hears(&["to a provider", "and on"]).await.unwrap();
    came_once(&light);
}

#[tokio::test]
async fn peers_that_were_down_hear_everything_once_they_are_back() {
    let light = light("f-down").await;
    let bridge = light.bridge("12", "").await.unwrap();
    let words: Vec<String> = (0..20).map(|n| format!("while you were away {n}")).collect();
    let expected: Vec<&str> = words.iter().map(String::as_str).collect();
    light.matrix.faults().go_down();
    for text in &words {
        bridge.carol_says(text).await.unwrap();
    }
    light.matrix.faults().come_back();
    bridge.alice_hears(&expected).await.unwrap();
    light.to_provider.faults().go_down();
    for text in &words {
        bridge.alice_says(text).unwrap();
    }
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    light.to_provider.faults().come_back();
    bridge.carol_hears(&expected).await.unwrap();
    came_once(&light);
}

#[tokio::test]
async fn what_waits_is_sent_after_a_crash_and_a_start() {
    let light = light("f-crash").await;
    let bridge = light.bridge("12", "").await.unwrap();
    light.matrix.faults().go_down();
    light.to_provider.faults().go_down();
    bridge.carol_says("before the crash").await.unwrap();
    light.matrix.faults().come_back();
    // Who was told to wait for an hour tries at once when it starts.
    light.matrix.faults().plan("/send/", 1, Fault::Refuse(StatusCode::TOO_MANY_REQUESTS, Some(3600)));
    let is_refusal = |request: &interop_tests::matrix::peer::Request| request.status == Some(StatusCode::TOO_MANY_REQUESTS);
    light.matrix.wait_for_request("the refusal", is_refusal).await.unwrap();
    bridge.carol_says("in the hour").await.unwrap();
    light.gateway.crash().unwrap();
    light.gateway.start_again().await.unwrap();
    bridge.alice_hears(&["before the crash", "in the hour"]).await.unwrap();
    bridge.alice_says("to a provider that is away").unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    light.gateway.crash().unwrap();
    // Meanwhile alice's homeserver keeps what it has to say.
    bridge.alice_says("to a gateway that is away").unwrap();
    light.gateway.start_again().await.unwrap();
    light.to_provider.faults().come_back();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    bridge.carol_hears(&["to a provider that is away", "to a gateway that is away"]).await.unwrap();
    came_once(&light);
}

#[tokio::test]
async fn duplicated_and_reordered_transactions_are_heard_once_and_in_order() {
    let light = light("f-order").await;
    let bridge = light.bridge("12", "").await.unwrap();
    let gateway = &light.gateway.server_name;
    light.matrix.send_twice(gateway);
    let mut said: Vec<String> = Vec::new();
    for round in 0..3 {
        light.matrix.hold_back(gateway);
        for n in 0..5 {
            let text = format!("round {round}, word {n}");
            bridge.alice_says(&text).unwrap();
            said.push(text);
        }
        let order = if round == 0 { Order::AsSaid } else { Order::Reversed };
        light.matrix.let_go(gateway, order).await.unwrap();
    }
    let expected: Vec<&str> = said.iter().map(String::as_str).collect();
    bridge.carol_hears(&expected).await.unwrap();
    bridge.carol_says("all is well").await.unwrap();
    bridge.alice_hears(&["all is well"]).await.unwrap();
}

#[tokio::test]
async fn one_peer_in_trouble_does_not_hold_up_another() {
    let light = light("f-neighbours").await;
    let bridge = light.bridge("12", "").await.unwrap();
    let slow = interop_tests::matrix::peer::Peer::start(&light.authority).await.unwrap();
    let bob = slow.user("bob");
    light.matrix.invite(&bridge.room, &bridge.alice, &bob).await.unwrap();
    slow.join(&bridge.room, &bob, light.matrix.name()).await.unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    slow.faults().plan("/send/", 1, Fault::Slow(Duration::from_secs(5)));
    let began = Instant::now();
    for n in 0..3 {
        bridge.carol_says(&format!("word {n}")).await.unwrap();
    }
    bridge.alice_hears(&["word 0", "word 1", "word 2"]).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for n in 0..3 {
        slow.wait_for("the words", |event| event.body() == format!("word {n}")).await.unwrap();
    }
    let at_bobs: Vec<String> = slow
        .timeline(&bridge.room)
        .iter()
        .filter(|event| event.sender() == bridge.carol_ghost)
        .map(|event| event.body())
        .filter(|body| !body.is_empty())
        .collect();
    assert_eq!(at_bobs, ["word 0", "word 1", "word 2"]);
}
