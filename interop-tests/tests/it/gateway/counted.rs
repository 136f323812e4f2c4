//! What comes in is counted, and so is what becomes of it: nothing gets lost in between.

use std::collections::BTreeMap;

use interop_tests::light::{Bridge, Light};
use interop_tests::matrix::peer::SigningKey;
use interop_tests::patience::{self, Look};
use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use super::mimi::Raw;
use super::support::{light, result, text};

/// What the admin listener says.
async fn metrics(light: &Light) -> String {
    light.gateway.admin().text("/metrics").await.unwrap()
}

/// The sum of a metric over all labels with this text.
pub(crate) fn sum(metrics: &str, name: &str, label: &str) -> u64 {
    let of = metrics.lines().filter(|line| line.starts_with(&format!("{name}{{")) && line.contains(label));
    of.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64).sum()
}

const DIRECTIONS: [&str; 2] = ["matrix_to_mimi", "mimi_to_matrix"];

/// What came in is what was translated, refused, known, parked or failed.
#[track_caller]
pub(crate) fn conserved(metrics: &str) {
    for direction in DIRECTIONS {
        let came = sum(metrics, "causeway_events_in_total", direction);
        assert!(came > 0, "{direction}\n{metrics}");
        assert_eq!(came, sum(metrics, "causeway_events_total", direction), "{direction}\n{metrics}");
    }
}

/// What became of events of a direction.
type Fates = BTreeMap<String, u64>;

fn fates(metrics: &str, direction: &str) -> Fates {
    let outcomes = ["translated", "refused", "duplicate", "parked", "failed"];
    let of = |outcome: &str| sum(metrics, "causeway_events_total", &format!("{direction}\",outcome=\"{outcome}\""));
    outcomes.map(|outcome| (outcome.to_owned(), of(outcome))).into()
}

/// What has happened since `before`, once it is this.
async fn counted(light: &Light, (direction, before): (&str, &Fates), expected: [u64; 4]) {
    let expected: Vec<u64> = expected.into_iter().chain([0]).collect();
    patience::until(format!("{direction}: {expected:?}"), async || {
        let metrics = metrics(light).await;
        let now = fates(&metrics, direction);
        let names = ["translated", "refused", "duplicate", "parked", "failed"];
        let since: Vec<u64> = names.iter().map(|name| now[*name] - before[*name]).collect();
        Ok(Look::from_option((since == expected).then_some(()), || format!("{since:?}")))
    })
    .await
    .unwrap();
    conserved(&metrics(light).await);
}

/// Makes what is stored of rooms unreadable: what comes for them can only be parked.
async fn spoil(light: &Light, rooms: &[&Bridge<'_>]) {
    let database = light.folder.join("gateway/data/causeway.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    for room in rooms {
        let spoilt = sqlx::query("UPDATE conversations SET bookkeeping = X'00' WHERE matrix_room_id = $1");
        let done = spoilt.bind(&room.room).execute(&mut connection).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn every_event_in_is_translated_refused_parked_or_a_duplicate() {
    let light = light("counted").await;
    let gateway = light.gateway.server_name.clone();
    let (hub, mirror) = (light.bridge("11", "hub").await.unwrap(), light.mirror("mirror").await.unwrap());
    let (spoilt_hub, spoilt_mirror) = (light.bridge("11", "x").await.unwrap(), light.mirror("y").await.unwrap());
    for bridge in [&hub, &mirror, &spoilt_hub, &spoilt_mirror] {
        bridge.alice_says("before").unwrap();
        bridge.carol_hears(&["before"]).await.unwrap();
        bridge.carol_says("before").await.unwrap();
        bridge.alice_hears(&["before"]).await.unwrap();
    }
    light.matrix.flush(&gateway).await.unwrap();
    light.gateway.crash().unwrap();
    spoil(&light, &[&spoilt_hub, &spoilt_mirror]).await;
    light.gateway.start_again().await.unwrap();
    // Something of each direction, so that there is something to conserve.
    hub.alice_says("here").unwrap();
    hub.carol_hears(&["before", "here"]).await.unwrap();
    hub.carol_says("here").await.unwrap();
    hub.alice_hears(&["before", "here"]).await.unwrap();
    light.matrix.flush(&gateway).await.unwrap();

    let say = |bridge: &Bridge<'_>, words: &str| {
        light.matrix.own(&bridge.room, &bridge.alice, ("m.room.message", None), text(words)).unwrap()
    };
    let before = fates(&metrics(&light).await, DIRECTIONS[0]);
    let forged = {
        let key = SigningKey::generate(light.matrix.name(), "peer").unwrap();
        let draft = light.matrix.draft(&hub.room, &hub.alice, ("m.room.message", None), &text("forged")).unwrap();
        key.sign_event(&draft, &"11".try_into().unwrap()).unwrap()
    };
    let elsewhere = light.matrix.create_room("11", &hub.alice).unwrap();
    let unknown = light.matrix.own(&elsewhere, &hub.alice, ("m.room.topic", Some("")), json!({ "topic": "?" })).unwrap();
    let (good, parked) = (say(&hub, "good"), say(&spoilt_hub, "parked"));
    let mix = [good.json(), forged, unknown.json(), json!("no event"), parked.json()];
    let answer = light.matrix.transaction(&gateway, "mix", &mix).await.unwrap();
    assert_eq!((result(&answer, good.id()), result(&answer, parked.id())), (None, None), "{}", answer.text());
    counted(&light, (DIRECTIONS[0], &before), [1, 3, 0, 1]).await;
    // All of it again under the same id, then one of them in another transaction.
    light.matrix.transaction(&gateway, "mix", &mix).await.unwrap();
    light.matrix.transaction(&gateway, "good", &[good.json()]).await.unwrap();
    counted(&light, (DIRECTIONS[0], &before), [1, 3, 6, 1]).await;

    let before = fates(&metrics(&light).await, DIRECTIONS[1]);
    hub.carol_says("good").await.unwrap();
    mirror.carol_says("good").await.unwrap();
    spoilt_mirror.carol_says("parked").await.unwrap();
    counted(&light, (DIRECTIONS[1], &before), [2, 0, 0, 1]).await;
    let last = |path: &str, room: &Bridge<'_>| {
        let mut passed = light.to_gateway.passed().into_iter();
        let room = room.mimi_room.rsplit('/').next().unwrap().to_owned();
        passed.rfind(|it| it.path.contains(path) && it.path.contains(&room)).unwrap()
    };
    let (submitted, notified) = (last("submitMessage", &hub), last("notify", &mirror));
    for again in [&submitted, &notified] {
        assert!(light.to_gateway.replay(again).await.unwrap().status.is_success());
    }
    for (endpoint, room, body) in
        [("submitMessage", "mimi://gw.test/r/nowhere", &submitted.body), ("notify", "mimi://a.test/r/nowhere", &notified.body)]
    {
        assert_eq!(Raw::honest(&light, endpoint, room, body.clone()).send(&light).await.status, 404, "{endpoint}");
    }
    counted(&light, (DIRECTIONS[1], &before), [2, 2, 2, 1]).await;
}
