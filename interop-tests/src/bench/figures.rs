//! Medians with their spread.

use serde::Serialize;

/// A median over the rounds, with the least and the most of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figure {
    /// The middle.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Figure {
    /// Of one value for each round.
    pub(super) fn of(rounds: &[f64]) -> Self {
        Self { median: percentile(rounds, 0.5), least: percentile(rounds, 0.0), most: percentile(rounds, 1.0) }
    }
}

/// The value that so large a part of the samples does not exceed; 0 without samples.
pub(super) fn percentile(samples: &[f64], part: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// What one round has measured of one way, per message, in µs.
#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    /// CPU of whom the figures are about, one message at a time.
    pub(super) cpu_alone: f64,
    /// CPU of its database.
    pub(super) database_alone: f64,
    /// From sending to seeing, one for each message.
    pub(super) latencies: Vec<f64>,
    /// Under load, if that was measured.
    pub(super) loaded: Option<Loaded>,
}

/// What one round has measured under load, per message, in µs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loaded {
    /// CPU of whom the figures are about.
    pub(super) cpu: f64,
    /// CPU of its database.
    pub(super) database: f64,
    /// All the time that passed, shared out.
    pub(super) wall: f64,
}

/// What a message costs on one way, in µs.
#[derive(Clone, Debug, Serialize)]
pub struct Way {
    /// From where to where.
    pub name: &'static str,
    /// With which database.
    pub database: &'static str,
    /// CPU, one message at a time.
    pub cpu_alone: Figure,
    /// CPU of the database's own processes, one message at a time.
    pub database_alone: Figure,
    /// Half of the messages are seen after so long.
    pub p50: Figure,
    /// Of twenty messages, all but one are.
    pub p95: Figure,
    /// CPU under load.
    pub cpu_loaded: Option<Figure>,
    /// CPU of the database's own processes under load.
    pub database_loaded: Option<Figure>,
    /// Time under load.
    pub wall_loaded: Option<Figure>,
}

impl Way {
    /// Of all rounds.
    pub(super) fn of(name: &'static str, database: &'static str, rounds: &[Round]) -> Self {
        let figure = |value: &dyn Fn(&Round) -> f64| Figure::of(&rounds.iter().map(value).collect::<Vec<_>>());
        let loaded: Vec<Loaded> = rounds.iter().filter_map(|round| round.loaded).collect();
        let of_loaded = |value: &dyn Fn(&Loaded) -> f64| {
            (!loaded.is_empty()).then(|| Figure::of(&loaded.iter().map(value).collect::<Vec<_>>()))
        };
        Self {
            name,
            database,
            cpu_alone: figure(&|round| round.cpu_alone),
            database_alone: figure(&|round| round.database_alone),
            p50: figure(&|round| percentile(&round.latencies, 0.5)),
            p95: figure(&|round| percentile(&round.latencies, 0.95)),
            cpu_loaded: of_loaded(&|loaded| loaded.cpu),
            database_loaded: of_loaded(&|loaded| loaded.database),
            wall_loaded: of_loaded(&|loaded| loaded.wall),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, percentile};

    #[test]
    fn a_percentile_is_one_of_the_samples() {
        let samples: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        let parts = [0.0, 0.5, 0.95, 1.0].map(|part| percentile(&samples, part));
        assert_eq!(parts, [1.0, 10.0, 19.0, 20.0]);
        assert_eq!(percentile(&[], 0.5), 0.0);
    }

    #[test]
    fn a_figure_has_its_spread() {
        assert_eq!(Figure::of(&[3.0, 1.0, 2.0]), Figure { median: 2.0, least: 1.0, most: 3.0 });
    }
}
