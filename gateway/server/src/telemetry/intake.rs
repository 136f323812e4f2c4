//! Events that come in, and what becomes of each: none is counted without the other.

use super::names::{EVENTS, EVENTS_IN};

/// Which way an event goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From a homeserver.
    MatrixToMimi,
    /// From a provider.
    MimiToMatrix,
}

impl Direction {
    fn as_str(self) -> &'static str {
        match self {
            Self::MatrixToMimi => "matrix_to_mimi",
            Self::MimiToMatrix => "mimi_to_matrix",
        }
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was taken in, with what it means for the other side.
    Translated,
    /// A rule is against it.
    Refused,
    /// It was there already.
    Duplicate,
    /// It is kept for an operator.
    Parked,
    /// We could not; the peer sends it again.
    Failed,
}

impl Fate {
    /// A stable name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Translated => "translated",
            Self::Refused => "refused",
            Self::Duplicate => "duplicate",
            Self::Parked => "parked",
            Self::Failed => "failed",
        }
    }
}

const FATES: [Fate; 5] = [Fate::Translated, Fate::Refused, Fate::Duplicate, Fate::Parked, Fate::Failed];

/// Events between their arrival and their fate. Those whose fate nobody tells have failed.
#[must_use]
pub(crate) struct Intake {
    direction: Direction,
    count: u64,
    fate: Fate,
}

impl Intake {
    /// One event arrives.
    pub(crate) fn one(direction: Direction) -> Self {
        Self::of(direction, 1)
    }

    /// Several arrive, and share their fate.
    pub(crate) fn of(direction: Direction, count: usize) -> Self {
        let count = count as u64;
        metrics::counter!(EVENTS_IN, "direction" => direction.as_str()).increment(count);
        Self { direction, count, fate: Fate::Failed }
    }

    /// What became of them.
    pub(crate) fn ends(mut self, fate: Fate) {
        self.fate = fate;
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        metrics::counter!(EVENTS, "direction" => self.direction.as_str(), "outcome" => self.fate.as_str()).increment(self.count);
    }
}

/// Rates need a beginning.
pub(super) fn begin_at_zero() {
    for direction in [Direction::MatrixToMimi, Direction::MimiToMatrix] {
        metrics::counter!(EVENTS_IN, "direction" => direction.as_str()).increment(0);
        for fate in FATES {
            metrics::counter!(EVENTS, "direction" => direction.as_str(), "outcome" => fate.as_str()).increment(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::{Direction, Fate, Intake};

    #[test]
    fn every_event_has_one_fate() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            Intake::one(Direction::MatrixToMimi).ends(Fate::Translated);
            Intake::of(Direction::MatrixToMimi, 3).ends(Fate::Duplicate);
            Intake::of(Direction::MatrixToMimi, 4).ends(Fate::Refused);
            // Nobody says what became of it: the request was cut off.
            drop(Intake::one(Direction::MatrixToMimi));
        });
        let text = handle.render();
        for line in [
            "causeway_events_in_total{direction=\"matrix_to_mimi\"} 9",
            "causeway_events_total{direction=\"matrix_to_mimi\",outcome=\"translated\"} 1",
            "causeway_events_total{direction=\"matrix_to_mimi\",outcome=\"duplicate\"} 3",
            "causeway_events_total{direction=\"matrix_to_mimi\",outcome=\"refused\"} 4",
            "causeway_events_total{direction=\"matrix_to_mimi\",outcome=\"failed\"} 1",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
