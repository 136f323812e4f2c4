//! Whatever both sides do, in whatever order it is delivered: they end up with the same room.

use std::collections::BTreeMap;

use causeway_core::matrix::EventDraft;
use proptest::prelude::*;
use ruma::{OwnedUserId, RoomVersionId};
use serde_json::{Value, json};

use crate::support::simulation::*;

#[derive(Clone, Debug)]
enum Step {
    Say(usize),
    /// The side's second user, who gets a client with the first word.
    OtherSays(usize),
    EditLast(usize),
    ReactToLast(usize),
    RedactLast(usize),
    Rename(usize),
    /// Everything arrives; the side sends first.
    Deliver(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let side = || prop_oneof![Just(A), Just(B)];
    prop_oneof![
        4 => side().prop_map(Step::Say),
        1 => side().prop_map(Step::OtherSays),
        1 => side().prop_map(Step::EditLast),
        1 => side().prop_map(Step::ReactToLast),
        1 => side().prop_map(Step::RedactLast),
        1 => side().prop_map(Step::Rename),
        2 => side().prop_map(Step::Deliver),
    ]
}

fn other(side: usize) -> OwnedUserId {
    user(if side == A { "@erin:hs-a.test" } else { "@dave:hs-b.test" })
}

struct Story {
    world: World,
    /// Event and text of each side's own words that stand.
    own: [Vec<(String, String)>; 2],
    /// What the second users said.
    others: Vec<String>,
    count: usize,
    /// Commits since everything was delivered. A group opens messages of its last two epochs, so that a third commit
    /// would overtake them.
    commits: usize,
    /// Whose second user has spoken.
    spoken: [bool; 2],
}

const PAST_EPOCHS: usize = 2;

impl Story {
    fn act(&mut self, side: usize, event_type: &str, state_key: Option<&str>, content: Value) -> String {
        let draft = self.draft(side, event_type, state_key, content);
        self.world.act(side, side, draft).event_id().to_string()
    }

    fn draft(&self, side: usize, event_type: &str, state_key: Option<&str>, content: Value) -> EventDraft {
        let sender: OwnedUserId = user(if side == A { "@alice:hs-a.test" } else { "@bob:hs-b.test" });
        EventDraft { sender, event_type: event_type.to_owned(), state_key: state_key.map(str::to_owned), content, redacts: None }
    }

    fn run(&mut self, step: &Step) {
        self.count += 1;
        let words = format!("words {}", self.count);
        match *step {
            Step::Say(side) => {
                let event = self.act(side, "m.room.message", None, json!({ "msgtype": "m.text", "body": words }));
                self.own[side].push((event, words));
            }
            Step::OtherSays(side) => {
                if !self.spoken[side] {
                    self.commit(side);
                    self.spoken[side] = true;
                }
                let mut draft = self.draft(side, "m.room.message", None, json!({ "msgtype": "m.text", "body": words }));
                draft.sender = other(side);
                self.world.act(side, side, draft);
                self.others.push(words);
            }
            Step::EditLast(side) => {
                let Some((event, text)) = self.own[side].last_mut() else { return };
                *text = words.clone();
                let content = json!({
                    "msgtype": "m.text",
                    "body": format!("* {words}"),
                    "m.new_content": { "msgtype": "m.text", "body": words },
                    "m.relates_to": { "rel_type": "m.replace", "event_id": event },
                });
                self.act(side, "m.room.message", None, content);
            }
            Step::ReactToLast(side) => {
                let Some((event, _)) = self.own[side].last() else { return };
                let content = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": event, "key": words } });
                self.act(side, "m.reaction", None, content);
            }
            Step::RedactLast(side) => {
                let Some((event, _)) = self.own[side].pop() else { return };
                let mut draft = self.draft(side, "m.room.redaction", None, json!({}));
                draft.redacts = Some(event.try_into().unwrap());
                self.world.act(side, side, draft);
            }
            Step::Rename(side) => {
                self.commit(side);
                self.act(side, "m.room.name", Some(""), json!({ "name": words }));
            }
            Step::Deliver(first) => {
                self.commits = 0;
                self.world.pump_from(first);
            }
        }
    }

    fn commit(&mut self, side: usize) {
        if self.commits == PAST_EPOCHS {
            self.run(&Step::Deliver(side));
        }
        self.commits += 1;
    }

    /// What a client of this side shows as said, after edits and redactions.
    fn shown(&self, side: usize) -> Vec<String> {
        let mut shown: BTreeMap<String, String> = BTreeMap::new();
        for (event_id, content) in self.world.sides[side].events(side) {
            let body = |content: &Value| content["body"].as_str().unwrap_or_default().to_owned();
            if let Some(redacted) = content["redacts"].as_str() {
                shown.remove(redacted);
            } else if content["m.relates_to"]["rel_type"] == "m.replace" {
                let original = content["m.relates_to"]["event_id"].as_str().unwrap();
                if let Some(text) = shown.get_mut(original) {
                    *text = body(&content["m.new_content"]);
                }
            } else if body(&content).starts_with("words ") {
                shown.insert(event_id, body(&content));
            }
        }
        let mut texts: Vec<_> = shown.into_values().collect();
        texts.sort();
        texts
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn both_sides_end_up_with_the_same_room(
        steps in proptest::collection::vec(step(), 1..25), answers_come_late in any::<bool>(), send_twice in any::<bool>(),
    ) {
        let mut world = World::together(RoomVersionId::V11);
        let ghost = world.ghost_of_peer(A);
        let users = json!({ "@alice:hs-a.test": 100, ghost.as_str(): 50 });
        world.set(A, 0, ("m.room.power_levels", "", json!({ "users": users, "events": { "m.room.power_levels": 100 } })));
        for (side, host) in [(A, user("@alice:hs-a.test")), (B, user("@bob:hs-b.test"))] {
            for (sender, membership) in [(host, "invite"), (other(side), "join")] {
                let state_key = Some(other(side).to_string());
                let content = json!({ "membership": membership });
                let event_type = "m.room.member".to_owned();
                world.act(side, side, EventDraft { sender, event_type, state_key, content, redacts: None });
            }
            world.pump();
        }
        (world.answers_come_late, world.send_twice) = (answers_come_late, send_twice);
        let mut story = Story { world, own: [Vec::new(), Vec::new()], others: Vec::new(), count: 0, commits: 0, spoken: [false; 2] };
        for step in &steps {
            story.run(step);
        }
        story.world.pump();
        let mut expected: Vec<_> = story.own.iter().flatten().map(|(_, text)| text.clone()).chain(story.others.clone()).collect();
        expected.sort();
        prop_assert_eq!(story.shown(A), expected.clone());
        prop_assert_eq!(story.shown(B), expected);
        let (hub, follower) = (story.world.sides[A].conversation(0), story.world.sides[B].conversation(1));
        let (at_hub, at_follower) = (hub.group.unwrap(), follower.group.unwrap());
        prop_assert_eq!(at_hub.epoch().number, at_follower.epoch().number);
        prop_assert_eq!(at_hub.room_state(), at_follower.room_state());
        prop_assert_eq!(at_hub.ratchet_tree().unwrap(), at_follower.ratchet_tree().unwrap());
        prop_assert_eq!(hub.room.unwrap().name(), follower.room.unwrap().name());
        // What comes a second time does not open; the inbox keeps it from coming so far.
        for side in story.world.sides.iter().filter(|_| !send_twice) {
            prop_assert!(side.losses.is_empty(), "{:?}", side.losses);
        }
    }
}
