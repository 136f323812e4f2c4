//! Gaps in the graph, and what is told of the past.

use http::{Method, StatusCode};
use interop_tests::faults::Fault;
use interop_tests::http_client::encode;
use interop_tests::https::Answer;
use interop_tests::light::Light;
use interop_tests::matrix::peer::{Event, Peer, Verdict};
use serde_json::{Value, json};

use crate::gateway::support::{Company, light, refused, result, text};

/// Messages that alice's homeserver has, and the gateway has not been sent.
fn unsent(company: &mut Company<'_>, count: usize) -> Vec<Event> {
    (0..count).map(|_| company.good()).collect()
}

fn asked(light: &Light, what: &str) -> usize {
    light.matrix.requests().iter().filter(|request| request.path.contains(what)).count()
}

#[tokio::test]
async fn a_gap_is_filled_by_get_missing_events() {
    let light = light("gap").await;
    let mut company = Company::of(&light, "11").await;
    let missed = unsent(&mut company, 20);
    // Those who came in while the room was made may have left gaps of their own.
    let before = (asked(&light, "get_missing_events"), asked(&light, "/state/"));
    let answer = light.matrix.send_raw(&light.gateway.server_name, &missed.last().unwrap().json()).await.unwrap();
    assert_eq!(result(&answer, missed.last().unwrap().id()), None);
    assert_eq!((asked(&light, "get_missing_events"), asked(&light, "/state/")), (before.0 + 1, before.1));
    // What was missed is heard, in order.
    company.all_is_well().await;
}

/// A Synapse that was away tells only the end of what it has to tell, and gives 20 events at once.
#[tokio::test]
async fn a_gap_wider_than_an_answer_is_filled_by_several() {
    let light = light("wide-gap").await;
    let mut company = Company::of(&light, "12").await;
    let missed = unsent(&mut company, 75);
    let before = asked(&light, "/state/");
    let answer = light.matrix.send_raw(&light.gateway.server_name, &missed.last().unwrap().json()).await.unwrap();
    assert_eq!(result(&answer, missed.last().unwrap().id()), None);
    assert_eq!(asked(&light, "/state/"), before);
    company.all_is_well().await;
}

#[tokio::test]
async fn a_gap_that_cannot_be_filled_is_jumped_over_by_state() {
    let light = light("jump").await;
    let company = Company::of(&light, "11").await;
    let (room, alice) = (company.bridge.room.clone(), company.bridge.alice.clone());
    light.matrix.faults().plan("get_missing_events", usize::MAX, Fault::Refuse(StatusCode::FORBIDDEN, None));
    for n in 0..60 {
        light.matrix.own(&room, &alice, ("m.room.message", None), text(&format!("missed {n}"))).unwrap();
    }
    light.matrix.own(&room, &alice, ("m.room.name", Some("")), json!({ "name": "behind the gap" })).unwrap();
    for n in 60..120 {
        light.matrix.own(&room, &alice, ("m.room.message", None), text(&format!("missed {n}"))).unwrap();
    }
    let last = light.matrix.own(&room, &alice, ("m.room.message", None), text("after the gap")).unwrap();
    let answer = light.matrix.send_raw(&light.gateway.server_name, &last.json()).await.unwrap();
    assert_eq!(result(&answer, last.id()), None, "{}", answer.text());
    assert!(asked(&light, "/state/") >= 1);
    let heard = interop_tests::patience::until("what was said after the gap", async || {
        let heard = company.bridge.heard_by_carol().await?;
        let is_there = heard.last().is_some_and(|text| text == "after the gap");
        Ok(interop_tests::patience::Look::from_option(is_there.then_some(heard.clone()), || format!("{heard:?}")))
    });
    heard.await.unwrap();
    company.bridge.carol_says("all is well").await.unwrap();
    company.bridge.alice_hears(&["all is well"]).await.unwrap();
}

#[tokio::test]
async fn m25_what_cannot_be_had_is_not_taken() {
    let light = light("m25").await;
    let mut company = Company::of(&light, "11").await;
    light.matrix.faults().plan("get_missing_events", 1, Fault::Refuse(StatusCode::NOT_FOUND, None));
    light.matrix.faults().plan("/event/", 3, Fault::Refuse(StatusCode::NOT_FOUND, None));
    let missed = light.matrix.own(&company.bridge.room, &company.bridge.alice, ("m.room.message", None), text("missed")).unwrap();
    let next = light.matrix.own(&company.bridge.room, &company.bridge.alice, ("m.room.message", None), text("next")).unwrap();
    let answer = light.matrix.send_raw(&light.gateway.server_name, &next.json()).await.unwrap();
    assert!(result(&answer, next.id()).unwrap().contains("cannot be had"));
    // Once they can be had, all is taken.
    light.matrix.faults().come_back();
    let answer = light.matrix.transaction(&light.gateway.server_name, "later", &[next.json()]).await.unwrap();
    assert_eq!(result(&answer, next.id()), None);
    company.expect("missed");
    company.expect("next");
    drop(missed);
    company.all_is_well().await;
}

#[tokio::test]
async fn a_missing_auth_event_is_fetched_or_its_event_refused() {
    let light = light("auth").await;
    let mut company = Company::of(&light, "11").await;
    let (room, alice) = (company.bridge.room.clone(), company.bridge.alice.clone());
    // An older power level event on a branch of its own, that nobody has told the gateway of.
    let levels = company.state_draft(&alice, ("m.room.power_levels", ""), json!({ "users": { alice.as_str(): 100 }, "ban": 60 }));
    let levels = company.sign(&levels);
    let branch = company.draft("by other levels");
    let planted = light.matrix.plant(&room, &levels).unwrap();
    let with_levels = |mut draft: Value, levels: &str| {
        let named = draft["auth_events"].as_array().unwrap().clone();
        let known: Vec<Value> =
            named.into_iter().filter(|id| light.matrix.kind_of(&room, id.as_str().unwrap()) != "m.room.power_levels").collect();
        draft["auth_events"] = json!([known, vec![json!(levels)]].concat());
        draft
    };
    let event = company.sign(&with_levels(branch, &planted));
    let answer = company.send(&event).await;
    assert_eq!(result(&answer, &company.id(&event)), None, "{}", answer.text());
    company.expect("by other levels");
    light.matrix.take(&room, &event).unwrap();
    // One whose own auth event is missing, too.
    let mut topic = json!({ "users": { alice.as_str(): 100 }, "ban": 70 });
    let lower = company.sign(&company.state_draft(&alice, ("m.room.power_levels", ""), topic.clone()));
    let lower = light.matrix.plant(&room, &lower).unwrap();
    topic["ban"] = json!(80);
    let upper = company.sign(&with_levels(company.state_draft(&alice, ("m.room.power_levels", ""), topic), &lower));
    let upper = light.matrix.plant(&room, &upper).unwrap();
    let event = company.sign(&with_levels(company.draft("by levels of levels"), &upper));
    light.matrix.take(&room, &event).unwrap();
    let answer = company.send(&event).await;
    assert_eq!(result(&answer, &company.id(&event)), None, "{}", answer.text());
    company.expect("by levels of levels");
    // One that does not exist, and one that the rules forbid.
    let unknown = company.sign(&with_levels(company.draft("by unknown levels"), &format!("${:043}", 1)));
    company.refused(&unknown, "cannot be had").await;
    let mallory = light.matrix.user("mallory");
    let mut forged = company.state_draft(&alice, ("m.room.power_levels", ""), json!({ "users": { mallory.as_str(): 100 } }));
    forged["sender"] = json!(mallory);
    let forged = light.matrix.plant(&room, &company.sign(&forged)).unwrap();
    let by_forged = company.sign(&with_levels(company.draft("by forged levels"), &forged));
    company.refused(&by_forged, "").await;
    company.all_is_well_in_any_order().await;
}

#[tokio::test]
async fn m31_events_that_fill_a_gap_are_checked() {
    let light = light("m31").await;
    let mut company = Company::of(&light, "11").await;
    let mallory = light.matrix.user("mallory");
    let mut foreign = company.draft("in another's name");
    foreign["sender"] = json!(company.bridge.carol_ghost);
    let foreign = company.sign(&foreign);
    let mut unsigned = company.sign(&company.draft("unsigned"));
    unsigned["signatures"] = json!({});
    let mut outsider = company.draft("by an outsider");
    outsider["sender"] = json!(mallory);
    let outsider = company.sign(&outsider);
    let missed = company.good();
    let next = company.good();
    let lies = json!({ "events": [foreign, unsigned, outsider, missed.json(), 7, "nonsense"] });
    light.matrix.faults().plan("get_missing_events", 1, Fault::Answer(StatusCode::OK, lies));
    let answer = light.matrix.send_raw(&light.gateway.server_name, &next.json()).await.unwrap();
    assert_eq!(result(&answer, next.id()), None, "{}", answer.text());
    company.all_is_well().await;
}

#[tokio::test]
async fn m25_state_of_another_room_is_not_believed() {
    let light = light("m25-state").await;
    let mut company = Company::of(&light, "11").await;
    let (room, alice) = (company.bridge.room.clone(), company.bridge.alice.clone());
    let other = light.matrix.create_room("11", &alice).unwrap();
    light.matrix.set_state(&other, &alice, ("m.room.name", ""), json!({ "name": "another room" })).unwrap();
    let before = light.matrix.timeline(&room).len();
    light.matrix.own(&room, &alice, ("m.room.message", None), text("missed")).unwrap();
    let next = light.matrix.own(&room, &alice, ("m.room.message", None), text("next")).unwrap();
    let events: Vec<Value> = light.matrix.timeline(&other).iter().map(|event| event.json()).collect();
    let state = json!({ "pdus": events, "auth_chain": events });
    let cannot_be_filled =
        || light.matrix.faults().plan("get_missing_events", usize::MAX, Fault::Refuse(StatusCode::FORBIDDEN, None));
    cannot_be_filled();
    light.matrix.faults().plan("/state/", 4, Fault::Answer(StatusCode::OK, state));
    let answer = light.matrix.send_raw(&light.gateway.server_name, &next.json()).await.unwrap();
    assert!(result(&answer, next.id()).is_some(), "{}", answer.text());
    assert_eq!(light.matrix.state(&room, "m.room.name", ""), Value::Null);
    assert!(before < light.matrix.timeline(&room).len());
    // The truth is believed.
    light.matrix.faults().come_back();
    cannot_be_filled();
    let answer = light.matrix.transaction(&light.gateway.server_name, "truth", &[next.json()]).await.unwrap();
    assert_eq!(result(&answer, next.id()), None, "{}", answer.text());
    company.bridge.carol_says("all is well").await.unwrap();
    company.bridge.alice_hears(&["all is well"]).await.unwrap();
    company.expect("next");
}

async fn get(from: &Peer, light: &Light, path: &str) -> Answer {
    from.request(&light.gateway.server_name, Method::GET, path, &Value::Null).await.unwrap()
}

#[tokio::test]
async fn the_past_is_told_to_servers_in_the_room_as_far_as_they_may_see_it() {
    let light = light("past").await;
    let company = Company::of(&light, "11").await;
    let bridge = &company.bridge;
    let set = |value: &str| ("m.room.history_visibility", "", json!({ "history_visibility": value }));
    let (kind, key, content) = set("joined");
    light.matrix.set_state(&bridge.room, &bridge.alice, (kind, key), content).unwrap();
    let secret = bridge.alice_says("before bob came").unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    let late = Peer::start(&light.authority).await.unwrap();
    let bob = late.user("bob");
    // Who is not in the room is told nothing.
    let path = format!("/_matrix/federation/v1/event/{}", encode(&secret));
    refused(&get(&late, &light, &path).await, 403, "M_FORBIDDEN");
    light.matrix.invite(&bridge.room, &bridge.alice, &bob).await.unwrap();
    late.join(&bridge.room, &bob, light.matrix.name()).await.unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    let open = bridge.alice_says("after bob came").unwrap();
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    let event = get(&late, &light, &path).await.json();
    assert_eq!(event["pdus"][0]["content"], json!({}), "{event}");
    let path = format!("/_matrix/federation/v1/backfill/{}?v={}&limit=20", encode(&bridge.room), encode(&open));
    let told = get(&late, &light, &path).await.json();
    let bodies: Vec<&str> = told["pdus"].as_array().unwrap().iter().filter_map(|event| event["content"]["body"].as_str()).collect();
    assert!(bodies.contains(&"after bob came") && !bodies.contains(&"before bob came"), "{bodies:?}");
    // alice's homeserver was there.
    let told = get(&light.matrix, &light, &path).await.json();
    let bodies: Vec<&str> = told["pdus"].as_array().unwrap().iter().filter_map(|event| event["content"]["body"].as_str()).collect();
    assert!(bodies.contains(&"before bob came"), "{bodies:?}");
    // State is told to both, events of other rooms and unknown ones to nobody.
    for path in [
        format!("/_matrix/federation/v1/state_ids/{}?event_id={}", encode(&bridge.room), encode(&open)),
        format!("/_matrix/federation/v1/state/{}?event_id={}", encode(&bridge.room), encode(&open)),
        format!("/_matrix/federation/v1/event_auth/{}/{}", encode(&bridge.room), encode(&open)),
    ] {
        assert_eq!(get(&late, &light, &path).await.status, 200, "{path}");
    }
    let unknown = encode(&format!("${:043}", 1));
    for path in [
        format!("/_matrix/federation/v1/event/{unknown}"),
        format!("/_matrix/federation/v1/state/{}?event_id={unknown}", encode(&bridge.room)),
        format!("/_matrix/federation/v1/state/{}?event_id={}", encode("!nowhere:test"), encode(&open)),
        format!("/_matrix/federation/v1/event_auth/{}/{unknown}", encode(&bridge.room)),
    ] {
        refused(&get(&late, &light, &path).await, 404, "M_NOT_FOUND");
    }
    assert_eq!(late.take(&bridge.room, &late.timeline(&bridge.room)[0].json()).unwrap(), Verdict::Known);
}
