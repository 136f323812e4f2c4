//! The gateway dies, at a named place or at any moment, while people talk, come and rename; it comes back, and both
//! sides' own records have to say that nothing was lost, said twice or put in another order.
//!
//! A [`Round`] is one conversation: `our_hub` and `foreign_hub` are how it goes, `cast` is who takes part and what they
//! say, `records` is what they have to have heard. `points` names where the gateway can die, `life` brings it back.

mod cast;
mod foreign_hub;
mod life;
mod our_hub;
pub mod points;
mod records;
mod storm;

use anyhow::{Context, Result, ensure};

pub use cast::Round;
pub use life::survive;
pub use points::Point;
pub use records::Audit;
pub use storm::storm;

use crate::light::Light;
use crate::scenario::report::Topology;

/// Plays one conversation in which the gateway dies at these places; what has to hold of it is in the round.
///
/// # Errors
/// If something does not hold, or the gateway has not come by one of the places.
pub async fn play<'a>(light: &'a Light, topology: Topology, tag: &str, deaths: &[(&str, u64)]) -> Result<Round<'a>> {
    let mut round = Round::new(light, topology, tag).await?;
    light.gateway.plan_deaths(deaths)?;
    let played = survive(&light.gateway, round.go());
    let where_and_who = || format!("{topology:?} with deaths at {deaths:?}, users *{tag}");
    let lives = played.await.with_context(where_and_who)?;
    let left = light.gateway.planned_deaths();
    ensure!(left.is_empty(), "the gateway never came by {left:?}: {}", where_and_who());
    ensure!(lives == deaths.len(), "the gateway died {lives} times, not {}: {}", deaths.len(), where_and_who());
    Ok(round)
}
