//! Can every configured peer be reached, and is it who it should be?

use super::finding::{Category, Findings};
use crate::probe::Probe;

pub(super) fn examine(findings: &mut Findings, probes: &[(String, Probe)]) {
    for (name, probe) in probes {
        match probe.failure() {
            None => findings.ok(Category::Peers, format!("{name} answers, with {} steps as expected", probe.steps.len())),
            Some(step) => {
                let cause = format!("{name} fails at {}: {} ({})", step.step, step.found, step.tried);
                findings.problem(Category::Peers, cause, format!("causewayctl peer probe {name} shows every step"));
            }
        }
    }
}
