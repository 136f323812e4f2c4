//! What every test starts from.

use std::path::Path;

use http::StatusCode;
use interop_tests::environment::Programs;
use interop_tests::https::Answer;
use interop_tests::light::{Bridge, Light};
use interop_tests::matrix::peer::Event;
use serde_json::{Value, json};

/// The light environment of one test; its folder stays if the test fails.
pub(crate) async fn light(test: &str) -> Light {
    light_with(test, None).await
}

/// The same with a database of its own.
pub(crate) async fn light_with(test: &str, database_url: Option<&str>) -> Light {
    let executable = std::env::current_exe().unwrap();
    // Where Cargo puts the programs of the profile that this test was built with.
    let profile = executable.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("light-{test}"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    match Light::start(&folder, &Programs::in_folder(profile).unwrap(), database_url).await {
        Ok(light) => light,
        Err(error) => panic!("{error:#}"),
    }
}

/// The answer is this Matrix error.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    let seen = (answer.status, answer.json()["errcode"].as_str().unwrap_or_default().to_owned());
    assert_eq!(seen, (StatusCode::from_u16(status).unwrap(), code.to_owned()), "{}", answer.text());
}

/// What the answer to a transaction says of an event: nothing wrong, or why it is refused.
#[track_caller]
pub(crate) fn result(answer: &Answer, event_id: &str) -> Option<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let results: Value = answer.json();
    let result = results["pdus"].get(event_id).unwrap_or_else(|| panic!("no result for {event_id} in {results}"));
    result["error"].as_str().map(str::to_owned)
}

/// A text message's content.
pub(crate) fn text(body: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body })
}

/// A value without one of its keys.
pub(crate) fn without(mut value: Value, key: &str) -> Value {
    value.as_object_mut().unwrap().remove(key);
    value
}

/// Bad events among good ones: what the good ones say has to arrive, and nothing else.
pub(crate) struct Company<'a> {
    pub(crate) light: &'a Light,
    pub(crate) bridge: Bridge<'a>,
    heard: Vec<String>,
}

impl<'a> Company<'a> {
    /// In a bridged room of this version.
    pub(crate) async fn of(light: &'a Light, version: &str) -> Self {
        let bridge = light.bridge(version, version).await.unwrap();
        Self { light, bridge, heard: Vec::new() }
    }

    /// alice's next message, not signed yet.
    pub(crate) fn draft(&self, body: &str) -> Value {
        self.light.matrix.draft(&self.bridge.room, &self.bridge.alice, ("m.room.message", None), &text(body)).unwrap()
    }

    /// A state event of a user's, not signed yet.
    pub(crate) fn state_draft(&self, sender: &str, (kind, state_key): (&str, &str), content: Value) -> Value {
        self.light.matrix.draft(&self.bridge.room, sender, (kind, Some(state_key)), &content).unwrap()
    }

    /// Signs a draft.
    pub(crate) fn sign(&self, draft: &Value) -> Value {
        self.light.matrix.sign(&self.bridge.room, draft).unwrap()
    }

    /// The id of an event.
    pub(crate) fn id(&self, event: &Value) -> String {
        self.light.matrix.id_of(&self.bridge.room, event).unwrap()
    }

    /// A good message, taken into alice's room.
    pub(crate) fn good(&mut self) -> Event {
        let body = format!("neighbour {}", self.heard.len() + 1);
        let event = self.light.matrix.own(&self.bridge.room, &self.bridge.alice, ("m.room.message", None), text(&body)).unwrap();
        self.heard.push(body);
        event
    }

    /// Expects carol to hear this, too.
    pub(crate) fn expect(&mut self, body: &str) {
        self.heard.push(body.to_owned());
    }

    /// Sends a bad event together with a good one, which has to be taken.
    pub(crate) async fn send(&mut self, bad: &Value) -> Answer {
        let good = self.good();
        let id = format!("company-{}", self.heard.len());
        let answer =
            self.light.matrix.transaction(&self.light.gateway.server_name, &id, &[bad.clone(), good.json()]).await.unwrap();
        assert_eq!(result(&answer, good.id()), None, "the neighbour");
        answer
    }

    /// Sends a bad event together with a good one. The bad one has to be refused for this reason.
    #[track_caller]
    pub(crate) fn refused(&mut self, bad: &Value, why: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.send(bad).await;
            let said = result(&answer, &self.id(bad)).unwrap_or_else(|| panic!("{caller}: it was taken"));
            assert!(said.contains(why), "{caller}: {said}");
        }
    }

    /// Sends something that is no event together with a good one. The answer has nothing on it.
    pub(crate) async fn ignored(&mut self, bad: &Value) {
        let answer = self.send(bad).await;
        assert_eq!(answer.json()["pdus"].as_object().unwrap().len(), 1, "{}", answer.text());
    }

    /// The same, after other things that carol has heard from alice.
    pub(crate) async fn all_is_well_after(mut self, before: &[&str]) {
        self.heard.splice(0..0, before.iter().map(|text| (*text).to_owned()));
        self.all_is_well().await;
    }

    /// The same, where the order is nobody's to say: events on branches.
    pub(crate) async fn all_is_well_in_any_order(mut self) {
        let last = self.good();
        let answer = self.light.matrix.send_raw(&self.light.gateway.server_name, &last.json()).await.unwrap();
        assert_eq!(result(&answer, last.id()), None, "the last good message");
        self.heard.sort();
        let seen = interop_tests::patience::until(format!("carol to hear {:?}", self.heard), async || {
            let mut heard = self.bridge.heard_by_carol().await?;
            heard.sort();
            Ok(interop_tests::patience::Look::from_option((heard == self.heard).then_some(()), || format!("{heard:?}")))
        });
        seen.await.unwrap();
    }

    /// carol has heard the good ones and nothing else, and the line is open both ways.
    pub(crate) async fn all_is_well(mut self) {
        let last = self.good();
        let answer = self.light.matrix.send_raw(&self.light.gateway.server_name, &last.json()).await.unwrap();
        assert_eq!(result(&answer, last.id()), None, "the last good message");
        let heard: Vec<&str> = self.heard.iter().map(String::as_str).collect();
        self.bridge.carol_hears(&heard).await.unwrap();
        self.bridge.carol_says("all is well").await.unwrap();
        self.bridge.alice_hears(&["all is well"]).await.unwrap();
    }
}
