//! Where the gateway can die.

use crate::scenario::report::Topology::{self, ForeignHub, OurHub};

/// A place where the gateway is to die once in a round.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Who is hub then.
    pub topology: Topology,
    /// `<when>/<what>`
    pub place: &'static str,
    /// So often it comes by before.
    pub passes: u64,
}

/// Transactions, by their names: with everything open, and with everything stored but nobody told.
const TRANSACTIONS: &[(Topology, &str, &[u64])] = &[
    (OurHub, "matrix event", &[0, 5, 9]),
    (OurHub, "invite", &[0, 1]),
    (OurHub, "update", &[0]),
    (OurHub, "submitMessage", &[0, 2]),
    (OurHub, "update consent", &[0]),
    (OurHub, "prepare", &[0, 2]),
    (OurHub, "answered", &[0, 1, 2]),
    (ForeignHub, "matrix event", &[0, 1, 5]),
    (ForeignHub, "notify", &[0, 3, 6]),
    (ForeignHub, "key material", &[0]),
    (ForeignHub, "request consent", &[0]),
    (ForeignHub, "prepare", &[0, 1, 5]),
    (ForeignHub, "answered", &[0, 1, 5]),
];

/// Deliveries, by their kinds: chosen but not sent, and taken by the peer but not forgotten.
const DELIVERIES: &[(Topology, &str, &[u64])] = &[
    (OurHub, "pdu", &[0, 3]),
    (OurHub, "notify", &[0, 2]),
    (OurHub, "matrix_join", &[0]),
    (OurHub, "key_material", &[0]),
    (OurHub, "request_consent", &[0]),
    (ForeignHub, "pdu", &[0, 3]),
    (ForeignHub, "submit", &[0, 2]),
    (ForeignHub, "update", &[0, 1]),
    (ForeignHub, "join_externally", &[0, 1]),
    (ForeignHub, "matrix_invite", &[0, 1]),
    (ForeignHub, "update_consent", &[0]),
];

const PLACES: &[(&str, &str)] = &[("before-commit", "after-commit"), ("after-lease", "after-request")];

/// All of them.
pub fn all() -> Vec<Point> {
    let mut points = Vec::new();
    for ((early, late), named) in PLACES.iter().zip([TRANSACTIONS, DELIVERIES]) {
        for (topology, what, passes) in named {
            for when in [early, late] {
                let place: &'static str = Box::leak(format!("{when}/{what}").into_boxed_str());
                points.extend(passes.iter().map(|passes| Point { topology: *topology, place, passes: *passes }));
            }
        }
    }
    points
}
