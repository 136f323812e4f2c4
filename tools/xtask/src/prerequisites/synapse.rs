//! Synapse, from PyPI, pinned.

use super::python::Environment;

/// The version that the scenarios are known to pass with.
const VERSION: &str = "1.163.2";

/// Its environment.
pub(super) fn environment() -> Environment<'static> {
    Environment {
        what: "Synapse",
        folder: format!("synapse-venv-{VERSION}"),
        packages: vec![format!("matrix-synapse=={VERSION}")],
        module: "synapse.app.homeserver",
    }
}
