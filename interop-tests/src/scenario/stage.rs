//! Where one scenario runs: it finds its people here, and its checks become rows here.

use std::time::Instant;

use anyhow::Result;

use super::people::{MimiUser, Person};
use super::report::{Direction, Report, Row, Topology};
use crate::control::Control;
use crate::environment::Environment;
use crate::matrix::synapse::Synapse;

/// Where one scenario runs.
pub struct Stage<'a> {
    /// The running software.
    pub environment: &'a Environment,
    /// What was found out.
    pub report: &'a Report,
    /// The scenario's name.
    pub scenario: &'static str,
    /// Who is hub, if there is a room.
    pub topology: Option<Topology>,
    /// Keeps the people and rooms of one scenario apart from those of the others.
    pub number: usize,
    /// Told about every check.
    pub progress: &'a dyn Fn(&str),
}

/// The scenario cannot go on; the reason is a row already.
#[derive(Debug, thiserror::Error)]
#[error("the scenario cannot go on after this: {0}")]
pub struct Abandoned(String);

impl Stage<'_> {
    /// Runs a check; a failure becomes a row, and the scenario goes on.
    pub async fn check<T>(&self, check: &str, direction: Direction, run: impl AsyncFnOnce() -> Result<T>) -> Option<T> {
        (self.progress)(&format!("{}: {check} ({direction})", self.scenario));
        let started = Instant::now();
        let result = run().await;
        self.report.record(Row {
            scenario: self.scenario,
            topology: self.topology,
            check: check.to_owned(),
            direction,
            failure: result.as_ref().err().map(|error| format!("{error:#}")),
            took: started.elapsed(),
        });
        result.ok()
    }

    /// Runs a check that the rest of the scenario stands on.
    ///
    /// # Errors
    /// If it fails: then the scenario is abandoned.
    pub async fn must<T>(&self, check: &str, direction: Direction, run: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
        self.check(check, direction, run).await.ok_or_else(|| Abandoned(check.to_owned()).into())
    }

    /// A name that no other scenario has.
    pub fn unique(&self, name: &str) -> String {
        format!("{name}.{}", self.number)
    }

    async fn person(&self, homeserver: &Synapse, name: &'static str) -> Result<Person> {
        Ok(Person { name, client: homeserver.register(&self.unique(name)).await? })
    }

    /// Somebody at the first homeserver.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn at_hs1(&self, name: &'static str) -> Result<Person> {
        self.person(&self.environment.hs1, name).await
    }

    /// Somebody at the second homeserver.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn at_hs2(&self, name: &'static str) -> Result<Person> {
        self.person(&self.environment.hs2, name).await
    }

    async fn mimi_user(&self, (domain, control): (&str, &Control), name: &'static str) -> Result<MimiUser> {
        let user = self.unique(name);
        let uri = control.add_user(&user, &["phone", "laptop"]).await?;
        let ghost = self.environment.gateway.ghost(domain, &user);
        Ok(MimiUser { name, user, uri, ghost, control: control.clone() })
    }

    /// Somebody at the provider `a.test`, with a phone and a laptop.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn at_a(&self, name: &'static str) -> Result<MimiUser> {
        self.mimi_user((&self.environment.a.domain, &self.environment.a.control), name).await
    }

    /// Somebody at the provider `b.test`, with a phone and a laptop.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn at_b(&self, name: &'static str) -> Result<MimiUser> {
        self.mimi_user((&self.environment.b.domain, &self.environment.b.control), name).await
    }

    /// The MIMI URI of somebody on Matrix.
    pub fn puppet(&self, person: &Person) -> String {
        self.environment.gateway.puppet(person.id())
    }
}
