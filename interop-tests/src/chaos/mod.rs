//! The gateway dies, at a named place or at any moment, while people talk, come and rename; it comes back, and both
//! sides' own records have to say that nothing was lost, said twice or put in another order.
//!
//! A [`Round`] is one conversation: `our_hub` and `foreign_hub` are how it goes, `cast` is who takes part and what they
//! say, `records` is what they have to have heard. `points` names where the gateway can die, `life` brings it back, and a
//! [`Storm`] kills it again and again. On Matrix they are users of any [`Homeserver`]: the light one, or a Synapse.

mod cast;
mod foreign_hub;
mod homeserver;
mod life;
mod our_hub;
pub mod points;
mod records;
mod storm;
mod synapse;

use anyhow::{Context, Result, ensure};

pub use cast::Round;
pub use homeserver::Homeserver;
pub use life::survive;
pub use points::Point;
pub use records::Audit;
pub use storm::{Outcome, Storm};
pub use synapse::Clients;

use crate::scenario::report::Topology;
use crate::trio::Trio;

/// Plays one conversation in which the gateway dies at these places; what has to hold of it is in the round.
///
/// # Errors
/// If something does not hold, or the gateway has not come by one of the places.
pub async fn play<'a, H: Homeserver>(
    trio: &'a Trio<H>,
    topology: Topology,
    tag: &str,
    deaths: &[(&str, u64)],
) -> Result<Round<'a, H>> {
    let mut round = Round::new(trio, topology, tag).await?;
    trio.gateway.plan_deaths(deaths)?;
    let played = survive(&trio.gateway, round.go());
    let where_and_who = || format!("{topology:?} with deaths at {deaths:?}, users *{tag}");
    let lives = played.await.with_context(where_and_who)?;
    let left = trio.gateway.planned_deaths();
    ensure!(left.is_empty(), "the gateway never came by {left:?}: {}", where_and_who());
    ensure!(lives == deaths.len(), "the gateway died {lives} times, not {}: {}", deaths.len(), where_and_who());
    Ok(round)
}
