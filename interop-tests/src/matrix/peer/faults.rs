//! How a peer misbehaves, as a plan: rules that meet requests by their path, each so many times.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

/// What happens to a request.
#[derive(Clone)]
pub enum Fault {
    /// It is answered with this status, and not looked at; with a `Retry-After` in seconds.
    Refuse(StatusCode, Option<u64>),
    /// It is answered with this, and not looked at.
    Answer(StatusCode, Value),
    /// It is answered with these bytes, and not looked at.
    Bytes(&'static str, Vec<u8>),
    /// Its answer is changed.
    Change(fn(&mut Value)),
    /// It is taken in, but the connection closes before the answer.
    LoseAnswer,
    /// It is taken in, but the connection closes in the middle of the answer.
    HalfAnswer,
    /// It is read, then the connection closes.
    Ignore,
    /// It is taken in so much later.
    Slow(Duration),
}

struct Rule {
    path: String,
    fault: Fault,
    left: usize,
}

/// The plan of one peer.
#[derive(Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Default)]
struct Plan {
    is_down: bool,
    rules: Vec<Rule>,
}

impl Faults {
    /// The next `times` requests whose path contains `path` meet this fault.
    pub fn plan(&self, path: &str, times: usize, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.push(Rule { path: path.to_owned(), fault, left: times });
    }

    /// Connections are closed as soon as they are open, and nothing is sent.
    pub fn go_down(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_down = true;
    }

    /// All is well again; what is left of the plan goes.
    pub fn come_back(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Plan::default();
    }

    pub(super) fn is_down(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_down
    }

    pub(super) fn meet(&self, path: &str) -> Option<Fault> {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = plan.rules.iter_mut().find(|rule| rule.left > 0 && path.contains(&rule.path))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }
}
