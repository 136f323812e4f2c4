//! What happens, step by step; every step is a row of the report.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::json;

use super::{HUB, LEFT, RIGHT, Setting, bridge, epochs, ghost_of, head, way};
use crate::gateway::Gateway;
use crate::matrix::client::MatrixClient;
use crate::matrix::sync::Event;
use crate::patience::{self, Look};
use crate::scenario::report::{Direction, Report, Row};

/// Somebody on Matrix in this room, as it is behind their gateway.
pub(super) struct Member<'a> {
    name: &'static str,
    pub(super) client: MatrixClient,
    gateway: &'a Gateway,
    pub(super) room: String,
}

impl Member<'_> {
    pub(super) async fn says(&self, text: &str) -> Result<()> {
        self.client.say(&self.room, text).await.map(|_| ())
    }

    pub(super) async fn hears(&self, text: &str) -> Result<()> {
        let is_it = |event: &Event| event.0["content"]["body"] == text;
        self.client.wait_for(&self.room, &format!("`{text}`"), is_it).await.map(|_| ())
    }

    async fn sees(&self, user: &str, membership: &str) -> Result<()> {
        patience::until(format!("{user} to be `{membership}`"), async || {
            let state = self.client.state(&self.room, ("m.room.member", user)).await?;
            let now = state["membership"].as_str().unwrap_or_default().to_owned();
            Ok(Look::from_option((now == membership).then_some(()), || format!("it is `{now}`")))
        })
        .await
    }

    pub(super) async fn sees_name(&self, name: &str) -> Result<()> {
        patience::until(format!("the name `{name}`"), async || {
            let now = self.name_of_room().await?;
            Ok(Look::from_option((now == name).then_some(()), || now.clone()))
        })
        .await
    }

    pub(super) async fn name_of_room(&self) -> Result<String> {
        let state = self.client.state(&self.room, ("m.room.name", "")).await?;
        Ok(state["name"].as_str().unwrap_or_default().to_owned())
    }
}

/// The story, with its report.
pub struct Story<'a> {
    pub(super) setting: &'a Setting,
    report: &'a Report,
    progress: &'a dyn Fn(&str),
}

impl<'a> Story<'a> {
    /// A story in a setting; `progress` is told of every step.
    pub fn new(setting: &'a Setting, report: &'a Report, progress: &'a dyn Fn(&str)) -> Self {
        Self { setting, report, progress }
    }

    /// A step; what fails becomes a row, and ends the story.
    pub(super) async fn step<T>(&self, what: &str, run: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
        (self.progress)(what);
        let started = Instant::now();
        let result = run().await;
        self.report.record(Row {
            scenario: "fork",
            topology: None,
            check: what.to_owned(),
            direction: Direction::Both,
            failure: result.as_ref().err().map(|error| format!("{error:#}")),
            took: started.elapsed(),
        });
        result
    }

    /// Tells it.
    ///
    /// # Errors
    /// The step that fails.
    pub async fn tell(&self) -> Result<()> {
        let (alice, mimi_room) =
            self.step("alice makes a room for herself and erin, whose hub is hub.test", async || self.alice_s_room().await).await?;
        let bob =
            self.step("bob comes in, behind left.test", async || self.comes_in(&alice, "bob", &self.setting.left).await).await?;
        let carol = self
            .step("carol comes in, behind right.test", async || self.comes_in(&alice, "carol", &self.setting.right).await)
            .await?;
        self.everybody_talks(&alice, &bob, &carol).await?;
        self.the_hub_dies(&bob, &carol).await?;
        self.the_followers_have_a_room(&bob, &carol).await?;
        let dave = self.both_sides_go_on(&bob, &carol).await?;
        self.the_line_is_mended(&bob, &carol, &dave).await?;
        self.the_hub_returns(&alice, &bob, &mimi_room).await?;
        self.the_room_orders(&alice, &bob, &carol).await?;
        self.the_hub_orders_again(&alice, &bob, &carol).await
    }

    async fn alice_s_room(&self) -> Result<(Member<'a>, String)> {
        let hub = &self.setting.hub;
        let client = self.setting.hs1.register("alice").await?;
        let room = client.create_room(&json!({ "preset": "private_chat", "name": "Book club" })).await?;
        client.set_state(&room, ("dev.causeway.bridge", &hub.server_name), &json!({ "trust_mode": "endpoint" })).await?;
        client.invite(&room, &hub.own_user()).await?;
        let alice = Member { name: "alice", client, gateway: hub, room };
        alice.sees(&hub.own_user(), "join").await?;
        let erin = self.setting.hs1.register("erin").await?;
        alice.client.invite(&alice.room, &erin.user_id).await?;
        erin.join(&alice.room).await?;
        let mimi_room = patience::until("the MIMI room", async || Ok(Look::Found(bridge(hub).await?.1))).await?;
        Ok((alice, mimi_room))
    }

    /// Somebody is invited by alice, agrees, and follows into the mirror. Alice lets them do all that she may.
    async fn comes_in(&self, alice: &Member<'a>, name: &'static str, gateway: &'a Gateway) -> Result<Member<'a>> {
        let client = self.setting.hs2.register(name).await?;
        let here = ghost_of(&client.user_id, gateway, alice.gateway);
        let mut levels = alice.client.state(&alice.room, ("m.room.power_levels", "")).await?;
        levels["users"][&here] = json!(100);
        alice.client.set_state(&alice.room, ("m.room.power_levels", ""), &levels).await?;
        alice.client.invite(&alice.room, &here).await?;
        let asker = ghost_of(&alice.client.user_id, alice.gateway, gateway);
        let question = client.wait_for_invite("the question for consent", |invite| invite.sender == asker).await?;
        client.join(&question.room_id).await?;
        alice.sees(&here, "join").await?;
        let mirror = client.wait_for_invite("the mirror", |invite| invite.room_id != question.room_id).await?;
        client.join(&mirror.room_id).await?;
        Ok(Member { name, client, gateway, room: mirror.room_id })
    }

    async fn everybody_talks(&self, alice: &Member<'_>, bob: &Member<'_>, carol: &Member<'_>) -> Result<()> {
        for (speaker, listeners) in [(alice, [bob, carol]), (bob, [alice, carol]), (carol, [alice, bob])] {
            let words = format!("hello from {}", speaker.name);
            let check = format!("{} speaks, and both others hear it", speaker.name);
            let heard = async || {
                speaker.says(&words).await?;
                listeners[0].hears(&words).await?;
                listeners[1].hears(&words).await
            };
            self.step(&check, heard).await?;
        }
        Ok(())
    }

    async fn the_hub_dies(&self, bob: &Member<'_>, carol: &Member<'_>) -> Result<()> {
        let Setting { hub, left, .. } = self.setting;
        self.step("the hub is killed", async || hub.crash()).await?;
        bob.says("is anybody there?").await?;
        let declares = async || command(left, &["group", "hub-lost"], "it does not answer").await;
        self.step("left.test's operator gives the hub up: a term is signed in bob's name", declares).await?;
        self.step("what bob said to the hub that was gone reaches carol", async || carol.hears("is anybody there?").await).await?;
        let answers = async || {
            carol.says("I am").await?;
            bob.hears("I am").await
        };
        self.step("carol answers, and bob hears it", answers).await
    }

    /// From now on nothing goes by their endpoints, until the hub is back.
    async fn the_followers_have_a_room(&self, bob: &Member<'_>, carol: &Member<'_>) -> Result<()> {
        let Setting { left, right, .. } = self.setting;
        let comes = async || {
            self.is_on_the_way(left, RIGHT, "peers' room").await?;
            self.is_on_the_way(right, LEFT, "peers' room").await
        };
        self.step("left.test and right.test meet in a Matrix room of their own users", comes).await?;
        let before = (events_in(&way(left, RIGHT).await?), self.peer_requests());
        let talk = async || {
            bob.says("can you hear me in our room?").await?;
            carol.hears("can you hear me in our room?").await?;
            carol.says("loud and clear").await?;
            bob.hears("loud and clear").await
        };
        self.step("bob and carol speak", talk).await?;
        let is_back = async || {
            right.crash()?;
            bob.says("are you still there?").await?;
            right.start_again().await?;
            carol.hears("are you still there?").await
        };
        self.step("right.test is killed while bob speaks; when it is back, carol hears it", is_back).await?;
        let by_events = async || {
            let after = (events_in(&way(left, RIGHT).await?), self.peer_requests());
            ensure!(after.0 >= before.0 + 3, "{} events, {} before", after.0, before.0);
            ensure!(after.1 == before.1, "{} requests to causewayPeer, {} before", after.1, before.1);
            Ok(())
        };
        self.step("what they said has travelled as events, and nothing by causewayPeer", by_events).await
    }

    /// How many requests have gone to a follower's `causewayPeer` by the other's line.
    fn peer_requests(&self) -> usize {
        let passed = self.setting.lines.iter().flat_map(|line| line.passed());
        passed.filter(|passed| passed.path.contains("causewayPeer")).count()
    }

    async fn is_on_the_way(&self, from: &Gateway, to: &str, path: &str) -> Result<()> {
        patience::until(format!("{to} to be told by way of {path}"), async || {
            let now = way(from, to).await?;
            Ok(Look::from_option((now["path"] == path).then_some(()), || now.to_string()))
        })
        .await
    }

    /// While the line is cut: bob removes erin and renames the room, carol lets dave in.
    async fn both_sides_go_on(&self, bob: &Member<'_>, carol: &Member<'_>) -> Result<MatrixClient> {
        let Setting { left, right, hub, hs1, .. } = self.setting;
        let before = (epochs(left).await?.len(), epochs(right).await?.len());
        self.setting.cut();
        let erin_at_left = ghost_of(&self.setting.hs1_user("erin"), hub, left);
        let removes = async || {
            bob.client.kick(&bob.room, &erin_at_left).await?;
            bob.client.set_state(&bob.room, ("m.room.name", ""), &json!({ "name": "Without a hub" })).await?;
            bob.says("left alone").await
        };
        self.step("the line is cut; bob removes erin, renames the room, and speaks", removes).await?;
        let dave = hs1.register("dave").await?;
        let adds = async || {
            carol.client.invite(&carol.room, &dave.user_id).await?;
            dave.join(&carol.room).await?;
            carol.says("right alone").await
        };
        self.step("on the other side, carol lets dave in, and speaks", adds).await?;
        let apart = async || {
            patience::until("two heads", async || {
                let (one, other) = (head(left).await?, head(right).await?);
                let now = (epochs(left).await?.len(), epochs(right).await?.len());
                let apart = one != other && now.0 > before.0 + 1 && now.1 > before.1;
                Ok(Look::from_option(apart.then_some(()), || format!("{one}, {other}, {before:?} to {now:?} epochs")))
            })
            .await
        };
        self.step("both have gone on: two branches of one group", apart).await?;
        Ok(dave)
    }

    async fn the_line_is_mended(&self, bob: &Member<'_>, carol: &Member<'_>, dave: &MatrixClient) -> Result<()> {
        let Setting { left, right, hub, .. } = self.setting;
        self.setting.mend();
        for (listener, words) in [(carol, "left alone"), (bob, "right alone")] {
            let check = format!("the line is mended: {} hears `{words}`", listener.name);
            self.step(&check, async || listener.hears(words).await).await?;
        }
        let one_head = async || self.agree(&[left, right]).await;
        self.step("left.test and right.test have one head", one_head).await?;
        let dave_at_left = ghost_of(&dave.user_id, right, left);
        self.step("dave, who was added on one side, is in bob's room", async || bob.sees(&dave_at_left, "join").await).await?;
        self.step("the new name, given on one side, is in carol's room", async || carol.sees_name("Without a hub").await).await?;
        let erin_at_right = ghost_of(&self.setting.hs1_user("erin"), hub, right);
        self.step("erin, removed on one side, is gone from carol's room", async || carol.sees(&erin_at_right, "leave").await)
            .await?;
        let talks = async || {
            bob.says("together again").await?;
            carol.hears("together again").await?;
            dave.wait_for(&carol.room, "`together again`", |event| event.0["content"]["body"] == "together again").await.map(|_| ())
        };
        self.step("bob speaks; carol and dave hear it", talks).await?;
        let by_events = async || {
            self.is_on_the_way(left, RIGHT, "peers' room").await?;
            self.is_on_the_way(right, LEFT, "peers' room").await?;
            self.is_on_the_way(left, HUB, "causewayPeer").await
        };
        self.step("`causewayctl group show` names the way to each peer", by_events).await
    }

    /// Waits until gateways name the same head.
    pub(super) async fn agree(&self, gateways: &[&Gateway]) -> Result<()> {
        patience::until("one head", async || {
            let mut heads = Vec::new();
            for gateway in gateways {
                heads.push(head(gateway).await?);
            }
            Ok(Look::from_option(heads.windows(2).all(|pair| pair[0] == pair[1]).then_some(()), || format!("{heads:?}")))
        })
        .await
    }

    async fn the_hub_returns(&self, alice: &Member<'_>, bob: &Member<'_>, mimi_room: &str) -> Result<()> {
        let Setting { hub, left, right, .. } = self.setting;
        self.step("the hub comes back", async || hub.start_again().await).await?;
        for gateway in [left, right] {
            // Whoever waits for a peer tries again when it shows itself, or when an operator says so.
            let lane = format!("peer:{HUB}:{mimi_room}");
            gateway.causewayctl(&["queue", "retry", &lane]).await?;
        }
        self.step("hub.test, left.test and right.test have one head", async || self.agree(&[hub, left, right]).await).await?;
        let removed = async || {
            alice.sees(&self.setting.hs1_user("erin"), "leave").await?;
            alice.sees_name("Without a hub").await?;
            alice.hears("left alone").await?;
            alice.hears("right alone").await
        };
        self.step(
            "a returning hub undoes nothing: erin is out of alice's room, which has its new name and hears everything",
            removed,
        )
        .await?;
        let speaks = async || {
            bob.says("to all of you").await?;
            alice.hears("to all of you").await?;
            patience::until("nothing left to send", async || {
                let left_over = super::ask(left, &["queue", "list"]).await?;
                Ok(Look::from_option(left_over.as_array().is_none_or(Vec::is_empty).then_some(()), || left_over.to_string()))
            })
            .await
        };
        self.step("what bob says is taken by all peers", speaks).await?;
        self.three_are_in_one_room(alice, bob).await?;
        self.all_verify().await
    }

    /// What is said to several there is one event.
    async fn three_are_in_one_room(&self, alice: &Member<'_>, bob: &Member<'_>) -> Result<()> {
        let Setting { hub, left, right, .. } = self.setting;
        let comes = async || {
            self.is_on_the_way(left, HUB, "peers' room").await?;
            self.is_on_the_way(right, HUB, "peers' room").await?;
            self.is_on_the_way(hub, LEFT, "peers' room").await
        };
        self.step("hub.test comes into the peers' room, too", comes).await?;
        let before = events_in(&way(left, HUB).await?);
        let by_one_event = async || {
            bob.says("to the three of us").await?;
            alice.hears("to the three of us").await?;
            let sent = events_in(&way(left, HUB).await?) - before;
            ensure!(sent == 1, "{sent} events");
            Ok(())
        };
        self.step("bob speaks, in one event for both", by_one_event).await
    }

    pub(super) async fn all_verify(&self) -> Result<()> {
        let Setting { hub, left, right, .. } = self.setting;
        for (name, gateway) in [(HUB, hub), (LEFT, left), (RIGHT, right)] {
            let verified = async || {
                let number = bridge(gateway).await?.0;
                let output = gateway.causewayctl(&["group", "verify", &number]).await?;
                ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
                Ok(())
            };
            self.step(&format!("`causewayctl group verify` agrees at {name}"), verified).await?;
        }
        Ok(())
    }
}

/// Has a gateway's operator decide something about the room.
pub(super) async fn command(gateway: &Gateway, command: &[&str], reason: &str) -> Result<()> {
    let number = bridge(gateway).await?.0;
    let output = gateway.causewayctl(&[command, &[&number, "--reason", reason]].concat()).await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// How many events have been sent in a peers' room.
fn events_in(way: &serde_json::Value) -> i64 {
    way["events"].as_object().into_iter().flatten().filter_map(|(_, count)| count.as_i64()).sum()
}

impl Setting {
    fn hs1_user(&self, name: &str) -> String {
        format!("@{name}:{}", self.hs1.server_name)
    }
}
