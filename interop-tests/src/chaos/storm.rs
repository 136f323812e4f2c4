//! The gateway is killed again and again while conversations of both topologies begin, go on and end.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::{Audit, Homeserver, Point, Round, points, survive};
use crate::scenario::report::Topology::{self, ForeignHub, OurHub};
use crate::trio::Trio;

/// How often somebody looks whether the gateway has come by the place where it is to die.
const PULSE: Duration = Duration::from_millis(5);

/// Kills under load. For half of them a place is named; if the gateway does not come by in a long life, it dies where it
/// is, as it does for the other half.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// How many.
    pub kills: usize,
    /// Moments and places follow from it.
    pub seed: u64,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Kills at any moment.
    pub at_any_moment: usize,
    /// Kills at a named place.
    pub at_places: usize,
    /// Conversations that are over, by who was hub: the gateway, the provider.
    pub conversations: (usize, usize),
    /// Messages that were said in them, on Matrix and on MIMI.
    pub messages: (usize, usize),
}

impl Outcome {
    /// All of them.
    pub fn kills(&self) -> usize {
        self.at_any_moment + self.at_places
    }

    fn add<H: Homeserver>(&mut self, round: &Round<'_, H>) {
        let (on_matrix, on_mimi) = round.messages();
        self.messages = (self.messages.0 + on_matrix, self.messages.1 + on_mimi);
        match round.topology {
            OurHub => self.conversations.0 += 1,
            ForeignHub => self.conversations.1 += 1,
        }
    }
}

/// A storm that rages.
struct Raging<'a, H> {
    trio: &'a Trio<H>,
    so_far: Cell<Outcome>,
    is_over: Cell<bool>,
    rounds: RefCell<Vec<Round<'a, H>>>,
    progress: &'a dyn Fn(&Outcome),
}

impl Storm {
    /// Kills, then lets everything come to its end and looks into all records. `progress` is told of each kill and of each
    /// conversation that is over.
    ///
    /// # Errors
    /// What was lost, doubled, reordered, or otherwise does not hold.
    pub async fn rage<H: Homeserver>(self, trio: &Trio<H>, progress: &dyn Fn(&Outcome)) -> Result<Outcome> {
        trio.gateway.plan_deaths(&[])?;
        let (so_far, is_over, rounds) = (Cell::default(), Cell::new(false), RefCell::default());
        let raging = Raging { trio, so_far, is_over, rounds, progress };
        let all = async { tokio::try_join!(raging.kill(self), raging.talk(OurHub), raging.talk(ForeignHub)).map(|_| ()) };
        let deaths = survive(&trio.gateway, all).await?;
        let outcome = raging.so_far.get();
        ensure!(deaths == outcome.kills(), "the gateway was killed {} times, but died {deaths} times", outcome.kills());
        Audit(trio).run(&raging.rounds.into_inner()).await?;
        Ok(outcome)
    }
}

impl<'a, H: Homeserver> Raging<'a, H> {
    fn note(&self, change: impl FnOnce(&mut Outcome)) {
        let mut outcome = self.so_far.get();
        change(&mut outcome);
        self.so_far.set(outcome);
        (self.progress)(&outcome);
    }

    /// Conversations, one after the other, as long as there are kills.
    async fn talk(&self, topology: Topology) -> Result<()> {
        let mut number = 0;
        while !self.is_over.get() {
            number += 1;
            let mut round = Round::new(self.trio, topology, &format!(".{topology:?}{number}").to_lowercase()).await?;
            round.go().await?;
            self.note(|outcome| outcome.add(&round));
            self.rounds.borrow_mut().push(round);
        }
        Ok(())
    }

    async fn kill(&self, storm: Storm) -> Result<()> {
        let (mut moments, places) = (StdRng::seed_from_u64(storm.seed), points::all());
        for _ in 0..storm.kills {
            while self.trio.gateway.is_dead()? {
                tokio::time::sleep(PULSE).await;
            }
            let moment = moments.random_range(H::LIFE);
            let place = places.choose(&mut moments).filter(|_| moments.random());
            let limit = if place.is_some() { H::LIFE.end } else { moment };
            match self.dies_at(place, Duration::from_millis(limit)).await? {
                true => self.note(|outcome| outcome.at_places += 1),
                false => self.note(|outcome| outcome.at_any_moment += 1),
            }
        }
        self.is_over.set(true);
        Ok(())
    }

    /// Whether it has come by the place before its time was over.
    async fn dies_at(&self, place: Option<&Point>, limit: Duration) -> Result<bool> {
        let gateway = &self.trio.gateway;
        let planned: Vec<_> = place.iter().map(|point| (point.place, point.passes)).collect();
        gateway.plan_deaths(&planned)?;
        let until = Instant::now() + limit;
        while !gateway.is_dead()? && Instant::now() < until {
            tokio::time::sleep(PULSE).await;
        }
        let (was_dead, is_as_planned) = (gateway.is_dead()?, gateway.planned_deaths().is_empty() && !planned.is_empty());
        ensure!(!was_dead || is_as_planned, "the gateway has ended by itself");
        gateway.plan_deaths(&[])?;
        if !was_dead {
            gateway.crash()?;
        }
        Ok(was_dead)
    }
}
