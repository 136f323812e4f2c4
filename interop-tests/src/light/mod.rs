//! The gateway between light peers: the homeserver is a task of this process. It starts in a fraction of a second, and
//! everything in it can fail as planned.

mod bridge;

use std::path::Path;

use anyhow::Result;

use crate::environment::Programs;
use crate::matrix::peer::Peer;
use crate::trio::Trio;

pub use crate::trio::{GATEWAY, Lines, PROVIDER};
pub use bridge::Bridge;

/// The light environment; dropping it ends it.
pub type Light = Trio<Peer>;

impl Light {
    /// Starts everything in `folder`; with a database other than the embedded one if its URL is given.
    ///
    /// # Errors
    /// If something does not start.
    pub async fn start(folder: &Path, programs: &Programs, database_url: Option<&str>) -> Result<Self> {
        Self::start_on(Lines::Tapped, folder, programs, database_url).await
    }

    /// The same, with or without taps on the lines.
    ///
    /// # Errors
    /// If something does not start.
    pub async fn start_on(lines: Lines, folder: &Path, programs: &Programs, database_url: Option<&str>) -> Result<Self> {
        Self::around((folder, lines), programs, database_url, async |authority, _| Peer::start(authority).await).await
    }
}
