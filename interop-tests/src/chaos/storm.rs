//! The gateway is killed at random moments while conversations of both topologies begin, go on and end.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Audit, Round, survive};
use crate::light::Light;
use crate::scenario::report::Topology;

/// From one life's beginning to its end, ms.
const LIFE: std::ops::Range<u64> = 30..1_200;

/// Kills the gateway so many times under load, at moments that follow from the seed, then lets everything come to its
/// end and looks into all records. Returns how many conversations there were.
///
/// # Errors
/// What was lost, doubled, reordered, or otherwise does not hold.
pub async fn storm(light: &Light, (kills, seed): (usize, u64), progress: &dyn Fn(usize)) -> Result<usize> {
    let (is_over, rounds) = (Cell::new(false), RefCell::new(Vec::new()));
    light.gateway.plan_deaths(&[])?;
    let killer = async {
        let mut moments = StdRng::seed_from_u64(seed);
        for number in 1..=kills {
            while light.gateway.is_dead()? {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(moments.random_range(LIFE))).await;
            light.gateway.crash()?;
            progress(number);
        }
        is_over.set(true);
        Ok(())
    };
    let talk = |topology: Topology| {
        let (is_over, rounds) = (&is_over, &rounds);
        async move {
            let mut number = 0;
            while !is_over.get() {
                number += 1;
                let mut round = Round::new(light, topology, &format!(".{topology:?}{number}").to_lowercase()).await?;
                round.go().await?;
                rounds.borrow_mut().push(round);
            }
            Ok(())
        }
    };
    let all = async { tokio::try_join!(killer, talk(Topology::OurHub), talk(Topology::ForeignHub)).map(|_| ()) };
    survive(&light.gateway, all).await?;
    let rounds = rounds.into_inner();
    Audit(light).run(&rounds).await?;
    Ok(rounds.len())
}
