//! What a transaction has decided, counted once it has committed: bodies run again if the database wants it so.

use super::names::{COMMITS_PLACED, EPOCHS, LOSSES};

/// What is to be counted.
#[derive(Default)]
pub(crate) struct Tally {
    epochs: Vec<&'static str>,
    losses: Vec<(String, String)>,
    placements: Vec<&'static str>,
}

impl Tally {
    /// An epoch is stored.
    pub(crate) fn epoch(&mut self, origin: &'static str) {
        self.epochs.push(origin);
    }

    /// A loss is recorded.
    pub(crate) fn loss(&mut self, feature: &str, direction: &str) {
        self.losses.push((feature.to_owned(), direction.to_owned()));
    }

    /// Commits have been placed in a graph.
    pub(crate) fn placements(&mut self, placements: Vec<&'static str>) {
        self.placements.extend(placements);
    }

    /// It has committed.
    pub(crate) fn count(self) {
        for origin in self.epochs {
            metrics::counter!(EPOCHS, "origin" => origin).increment(1);
        }
        for placement in self.placements {
            metrics::counter!(COMMITS_PLACED, "placement" => placement).increment(1);
        }
        for (feature, direction) in self.losses {
            metrics::counter!(LOSSES, "feature" => feature, "direction" => direction).increment(1);
        }
    }
}
