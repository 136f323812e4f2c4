//! Our clock, beside those of peers.

use super::finding::{Category, Findings};
use crate::probe::Probe;

/// So far clocks may differ: events and signatures are dated.
const TOLERATED: i64 = 60_000;

pub(super) fn examine(findings: &mut Findings, probes: &[(String, Probe)]) {
    let mut ahead: Vec<(i64, &str)> =
        probes.iter().filter_map(|(name, probe)| probe.clock_ahead.map(|ahead| (ahead, name.as_str()))).collect();
    ahead.sort_unstable();
    // The one in the middle: a single peer with a wrong clock is that peer's problem.
    let Some((ahead, peer)) = ahead.get(ahead.len() / 2) else {
        return findings.ok(Category::Clock, "no configured peer answers, so there is none to compare with");
    };
    let seconds = ahead.abs() / 1000;
    match ahead.abs() > TOLERATED {
        false => findings.ok(Category::Clock, format!("at most {} s from {peer}'s", seconds + 1)),
        true => {
            let direction = if *ahead > 0 { "behind" } else { "ahead of" };
            let cause = format!("this machine's clock is {seconds} s {direction} {peer}'s");
            findings.problem(Category::Clock, cause, "set it, and keep it set: timedatectl set-ntp true");
        }
    }
}
