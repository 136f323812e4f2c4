//! The database fails: its connections are cut, it is away, its disk is full. What cannot be stored is refused for now, and
//! afterwards nothing is lost, doubled or reordered.

use std::time::Duration;

use interop_tests::chaos::{Audit, Homeserver, Round};
use interop_tests::environment::Database;
use interop_tests::light::{Bridge, Light};
use interop_tests::patience::{self, Look};
use interop_tests::postgres::Postgres;
use interop_tests::scenario::report::Topology;
use interop_tests::small_disk::SmallDisk;

use crate::support::{folder, light_in, start};

/// The database fails twice under conversations that go on: its connections are cut, and it is away for a while.
#[tokio::test]
async fn nothing_is_lost_while_postgres_fails() {
    let (light, postgres) = start("database-fails", Database::Postgres).await;
    let postgres = postgres.unwrap();
    let mut rounds = Vec::new();
    for (number, topology) in
        [Topology::OurHub, Topology::ForeignHub, Topology::OurHub, Topology::ForeignHub].into_iter().enumerate()
    {
        let mut round = Round::new(&light, topology, &format!(".{number}")).await.unwrap();
        let faults = async {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_millis(250)).await;
                postgres.cut_connections()?;
            }
            if number >= 2 {
                postgres.stop()?;
                is_refused_for_now(&light).await;
                light.gateway.says_ready(Some("database")).await?;
                postgres.start_again().await?;
                light.gateway.says_ready(None).await?;
            }
            Ok(())
        };
        if let Err(error) = tokio::try_join!(round.go(), faults) {
            panic!("round {number}, logs are in {}\n{error:#}", light.folder.display());
        }
        rounds.push(round);
    }
    assert!(!light.gateway.is_dead().unwrap(), "the gateway has ended with its database");
    Audit(&light).run(&rounds).await.unwrap();
}

/// A gateway without database takes nothing that it would have to remember.
async fn is_refused_for_now(light: &Light) {
    let answer = light.matrix.transaction(&light.gateway.server_name, "while the database is away", &[]).await.unwrap();
    assert!(answer.status.is_server_error(), "{}: {}", answer.status, answer.text());
}

/// So many words fill what a database keeps in reserve.
const ENOUGH: usize = 3_000;
/// Mebibytes that hold a gateway's data directory, and a PostgreSQL's tables without its journal.
const SMALL: usize = 16;
const SMALL_FOR_POSTGRES: usize = 128;

#[tokio::test]
async fn nothing_is_lost_while_the_disk_is_full_with_sqlite() {
    let folder = folder("disk-sqlite");
    let disk = SmallDisk::mount(&folder.join("gateway/data"), SMALL).unwrap();
    let light = light_in(&folder, None).await;
    talk_over_a_full_disk(&light, &disk, async || light.gateway.says_ready(Some("database")).await.unwrap()).await;
}

#[tokio::test]
async fn nothing_is_lost_while_the_disk_is_full_with_postgres() {
    let folder = folder("disk-postgres");
    let postgres = Postgres::start_on_small_disk(&folder.join("postgres.log"), SMALL_FOR_POSTGRES).await.unwrap();
    let light = light_in(&folder, Some(&postgres)).await;
    // PostgreSQL takes what fits into pages that it has, so that it may seem well to a probe.
    talk_over_a_full_disk(&light, postgres.disk().unwrap(), async || {}).await;
}

async fn talk_over_a_full_disk(light: &Light, disk: &SmallDisk, while_it_is: impl AsyncFnOnce()) {
    let hub = light.bridge("12", "hub").await.unwrap();
    let mirror = light.mirror("mirror").await.unwrap();
    let mut said = Said { hub: (&hub, Vec::new()), mirror: (&mirror, Vec::new()) };
    said.a_word_each(0).await;
    disk.fill().unwrap();
    let mut number = 0;
    // What is left in the database's own files is used up first.
    loop {
        number += 1;
        assert!(number < ENOUGH, "the gateway has taken {number} words, and its disk is not full");
        said.a_word_each(number).await;
        let probe = light.matrix.transaction(&light.gateway.server_name, &format!("probe {number}"), &[]).await.unwrap();
        if probe.status.is_server_error() {
            break;
        }
    }
    while_it_is().await;
    said.a_word_each(ENOUGH).await;
    assert!(!light.gateway.is_dead().unwrap(), "the gateway has ended because its disk is full");
    disk.make_room().unwrap();
    light.gateway.says_ready(None).await.unwrap();
    said.is_heard().await;
    light.matrix.audit().unwrap();
}

/// What was said on either side of two rooms: alice's, whose hub is the gateway, and carol's, which it follows.
struct Said<'a> {
    hub: (&'a Bridge<'a>, Vec<String>),
    mirror: (&'a Bridge<'a>, Vec<String>),
}

impl Said<'_> {
    /// By those whose own servers keep it until the gateway takes it.
    async fn a_word_each(&mut self, number: usize) {
        let (hub, said) = &mut self.hub;
        said.push(format!("alice's {number}"));
        hub.alice_says(&format!("alice's {number}")).unwrap();
        let (mirror, said) = &mut self.mirror;
        said.push(format!("carol's {number}"));
        mirror.carol_says(&format!("carol's {number}")).await.unwrap();
    }

    async fn is_heard(&self) {
        let (hub, by_alice) = &self.hub;
        let (mirror, by_carol) = &self.mirror;
        let heard = patience::until("everything that was said to be heard", async || {
            let (at_carols, at_alices) = (hub.heard_by_carol().await?, mirror.heard_by_alice());
            let counts = [(at_carols.len(), by_alice.len()), (at_alices.len(), by_carol.len())];
            let is_all = (&at_carols, &at_alices) == (by_alice, by_carol);
            Ok(Look::from_option(is_all.then_some(()), || format!("{counts:?}")))
        });
        heard.await.unwrap();
    }
}
