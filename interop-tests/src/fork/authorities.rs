//! Who orders the commits, once everybody is back: the room of the gateways, and then the hub again.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::json;

use super::story::{Member, Story, command};
use super::{HUB, LEFT, RIGHT, Setting, bridge, head};
use crate::gateway::Gateway;
use crate::patience::{self, Look};

impl Story<'_> {
    /// Their room's state says which of several commits counts.
    pub(super) async fn the_room_orders(&self, alice: &Member<'_>, bob: &Member<'_>, carol: &Member<'_>) -> Result<()> {
        let Setting { hub, left, right, .. } = self.setting;
        let all = [(HUB, hub), (LEFT, left), (RIGHT, right)];
        let is_decided = async || {
            command(right, &["group", "order-by-room"], "nobody else should decide").await?;
            for (name, gateway) in all {
                self.shows(gateway, "ordered_by", |by| by.starts_with("Matrix room !")).await.with_context(|| name.to_owned())?;
            }
            Ok(())
        };
        self.step("right.test's operator lets the peers' room order: a term is signed in carol's name", is_decided).await?;
        self.setting.cut();
        let apart = async || {
            let before = [head(left).await?, head(right).await?];
            bob.client.set_state(&bob.room, ("m.room.name", ""), &json!({ "name": "Named by bob" })).await?;
            self.moves_on(left, &before[0]).await?;
            carol.client.set_state(&carol.room, ("m.room.name", ""), &json!({ "name": "Named by carol" })).await?;
            self.moves_on(right, &before[1]).await
        };
        self.step("the line is cut; bob renames the room, then carol does, each on their side", apart).await?;
        self.setting.mend();
        let agree = async || {
            self.agree(&[hub, left, right]).await?;
            // Which one it is depends on who has written last, and whether hub.test had heard of it by then.
            patience::until("one name for all", async || {
                let mut names = BTreeSet::new();
                for member in [alice, bob, carol] {
                    names.insert(member.name_of_room().await?);
                }
                let is_one = names.len() == 1 && names.iter().all(|name| name.starts_with("Named by "));
                Ok(Look::from_option(is_one.then_some(()), || format!("{names:?}")))
            })
            .await
        };
        self.step("the line is mended: what the room's state says counts for all three", agree).await
    }

    async fn moves_on(&self, gateway: &Gateway, before: &str) -> Result<()> {
        patience::until("another head", async || {
            let now = head(gateway).await?;
            Ok(Look::from_option((now != before).then_some(()), || now.clone()))
        })
        .await
    }

    /// Waits until `group show` has this.
    async fn shows(&self, gateway: &Gateway, field: &str, is_it: impl Fn(&str) -> bool) -> Result<()> {
        patience::until(format!("`group show` to say what is {field}"), async || {
            let shown = super::ask(gateway, &["group", "show", &bridge(gateway).await?.0]).await?;
            let now = shown[field].as_str().unwrap_or_default().to_owned();
            Ok(Look::from_option(is_it(&now).then_some(()), || format!("it is `{now}`")))
        })
        .await
    }

    /// The graphs end, and the room is as it was before.
    pub(super) async fn the_hub_orders_again(&self, alice: &Member<'_>, bob: &Member<'_>, carol: &Member<'_>) -> Result<()> {
        let Setting { hub, left, right, .. } = self.setting;
        let calls_back = async || command(hub, &["group", "hub-back"], "it answers again").await;
        self.step("hub.test's operator calls the hub back: a term is signed in alice's name", calls_back).await?;
        for (name, gateway) in [(LEFT, left), (RIGHT, right), (HUB, hub)] {
            let check = format!("the graph ends at {name}");
            self.step(&check, async || self.shows(gateway, "mode", |mode| mode == "linear").await).await?;
        }
        let is_left = async || {
            for gateway in [left, right] {
                patience::until("the peers' room to be left", async || {
                    let rooms = super::ask(gateway, &["room", "list"]).await?;
                    let mut states = rooms.as_array().into_iter().flatten().filter(|room| room["kind"] == "peers");
                    let state = states.next().map(|room| room["status"].clone()).unwrap_or_default();
                    Ok(Look::from_option((state == "closed").then_some(()), || rooms.to_string()))
                })
                .await?;
            }
            Ok(())
        };
        self.step("both followers leave their room", is_left).await?;
        let in_order = async || {
            bob.client.set_state(&bob.room, ("m.room.name", ""), &json!({ "name": "In order again" })).await?;
            alice.sees_name("In order again").await?;
            carol.sees_name("In order again").await?;
            carol.says("by the hub").await?;
            alice.hears("by the hub").await?;
            bob.hears("by the hub").await
        };
        self.step("bob renames the room and carol speaks, both by way of the hub", in_order).await?;
        self.all_verify().await
    }
}
