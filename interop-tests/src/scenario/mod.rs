//! Scenarios: people on both sides talk, come and go, and every step is checked through what their own clients see:
//! Synapse's client API on one side, the messages that a MIMI device has decrypted on the other. The gateway's own
//! records are never asked, but for the last scenario: there the operator looks at it.

pub mod chat;
pub mod consent;
pub mod doctor;
pub mod foreign_hub;
pub mod group;
pub mod guards;
pub mod our_hub;
pub mod people;
pub mod report;
pub mod restart;
pub mod stage;
pub mod talk;
pub mod utterance;

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use self::report::{Direction, Report, Row, Topology};
use self::stage::Stage;
use crate::environment::Environment;

/// How long one scenario may take.
const LIMIT: Duration = Duration::from_secs(600);

/// The scenarios, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A Matrix room goes out, one on each side.
    OurHubDirect,
    /// A MIMI room comes in, one on each side.
    ForeignHubDirect,
    /// A Matrix room goes out, three on each side.
    OurHubGroup,
    /// A MIMI room comes in, three on each side.
    ForeignHubGroup,
    /// The gateway crashes while it is hub.
    OurHubCrash,
    /// The gateway crashes while it follows.
    ForeignHubCrash,
    /// The homeserver starts again with its queue full, and finds the gateway's full, too.
    HomeserverRestart,
    /// Room version 10.
    RoomVersion10,
    /// Room version 11.
    RoomVersion11,
    /// A room that nobody opted in.
    NotOptedIn,
    /// A room that becomes encrypted.
    BecomesEncrypted,
    /// A question for consent that is declined.
    ConsentDeclined,
    /// The operator examines the gateway after all this.
    Doctor,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::OurHubDirect,
        Self::ForeignHubDirect,
        Self::OurHubGroup,
        Self::ForeignHubGroup,
        Self::OurHubCrash,
        Self::ForeignHubCrash,
        Self::HomeserverRestart,
        Self::RoomVersion10,
        Self::RoomVersion11,
        Self::NotOptedIn,
        Self::BecomesEncrypted,
        Self::ConsentDeclined,
        Self::Doctor,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::OurHubDirect => "our-hub-direct",
            Self::ForeignHubDirect => "foreign-hub-direct",
            Self::OurHubGroup => "our-hub-group",
            Self::ForeignHubGroup => "foreign-hub-group",
            Self::OurHubCrash => "our-hub-crash",
            Self::ForeignHubCrash => "foreign-hub-crash",
            Self::HomeserverRestart => "homeserver-restart",
            Self::RoomVersion10 => "room-version-10",
            Self::RoomVersion11 => "room-version-11",
            Self::NotOptedIn => "not-opted-in",
            Self::BecomesEncrypted => "becomes-encrypted",
            Self::ConsentDeclined => "consent-declined",
            Self::Doctor => "doctor",
        }
    }

    /// Who is hub in it; nobody if it is about no room.
    pub fn topology(self) -> Option<Topology> {
        match self {
            Self::ForeignHubDirect
            | Self::ForeignHubGroup
            | Self::ForeignHubCrash
            | Self::HomeserverRestart
            | Self::ConsentDeclined => Some(Topology::ForeignHub),
            Self::Doctor => None,
            _ => Some(Topology::OurHub),
        }
    }

    async fn play(self, stage: &Stage<'_>) -> Result<()> {
        match self {
            Self::OurHubDirect => our_hub::direct(stage).await,
            Self::ForeignHubDirect => foreign_hub::direct(stage).await,
            Self::OurHubGroup => our_hub::group(stage).await,
            Self::ForeignHubGroup => foreign_hub::group(stage).await,
            Self::OurHubCrash => restart::our_hub(stage).await,
            Self::ForeignHubCrash => restart::foreign_hub(stage).await,
            Self::HomeserverRestart => restart::homeserver(stage).await,
            Self::RoomVersion10 => our_hub::of_version(stage, "10").await,
            Self::RoomVersion11 => our_hub::of_version(stage, "11").await,
            Self::NotOptedIn => guards::not_opted_in(stage).await,
            Self::BecomesEncrypted => guards::becomes_encrypted(stage).await,
            Self::ConsentDeclined => guards::consent_declined(stage).await,
            Self::Doctor => doctor::all_is_well(stage).await,
        }
    }

    /// Runs it. Whatever goes wrong becomes a row of the report.
    pub async fn run(self, environment: &Environment, report: &Report, progress: &dyn Fn(&str)) {
        let number = Self::ALL.iter().position(|scenario| *scenario == self).unwrap_or_default() + 1;
        let stage = Stage { environment, report, scenario: self.name(), topology: self.topology(), number, progress };
        let started = Instant::now();
        let result = match tokio::time::timeout(LIMIT, self.play(&stage)).await {
            Ok(result) => result,
            Err(_) => Err(anyhow!("the scenario took more than {} s", LIMIT.as_secs())),
        };
        if let Err(error) = result {
            report.record(Row {
                scenario: self.name(),
                topology: self.topology(),
                check: "the scenario runs to its end".to_owned(),
                direction: Direction::Both,
                failure: Some(format!("{error:#}")),
                took: started.elapsed(),
            });
        }
    }
}
