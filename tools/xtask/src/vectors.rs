//! `cargo xtask vectors`: the encoder of `tools/vectors`, which shares no code with the crate that its vectors are for.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::prerequisites;
use crate::{cargo, progress};

/// The variable by which the tests of the drafts learn where to write what they make of the vectors.
const VERDICTS: &str = "CAUSEWAY_VERDICTS";

/// Options.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if a file differs, or if the crate reads the vectors, whole or damaged, otherwise than the encoder
    #[arg(long)]
    check: bool,
}

/// Writes the vectors or checks them; the exit code is 1 if anything differs.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let encoder = Encoder::prepare()?;
    if !arguments.check {
        return Ok(ExitCode::from(u8::from(!encoder.run(&[])?)));
    }
    if !encoder.are_current()? {
        return Ok(ExitCode::FAILURE);
    }
    let mut tests = cargo::command()?;
    tests.args(["test", "--quiet", "--package", "causeway-drafts", "--test", "it", "vectors::"]);
    encoder.ask_for_verdicts(&mut tests)?;
    let pass = tests.status()?.success() && encoder.judges()?;
    Ok(ExitCode::from(u8::from(!pass)))
}

/// The encoder, ready to run.
pub(crate) struct Encoder {
    folder: PathBuf,
    python: PathBuf,
    verdicts: PathBuf,
}

impl Encoder {
    /// Makes its environment.
    pub(crate) fn prepare() -> Result<Self> {
        let folder = cargo::workspace()?.join("tools/vectors");
        let python = prerequisites::prepare_encoder(&folder)?;
        Ok(Self { folder, python, verdicts: cargo::target()?.join("vectors/verdicts.json") })
    }

    /// Whether the vectors are what the encoder writes. Says what differs.
    pub(crate) fn are_current(&self) -> Result<bool> {
        self.run(&["--check".as_ref()])
    }

    /// Has the tests that `command` runs write what the crate makes of the vectors, for [`Self::judges`]. What an earlier run
    /// wrote goes.
    pub(crate) fn ask_for_verdicts(&self, command: &mut Command) -> Result<()> {
        command.env(VERDICTS, &self.verdicts);
        match fs::remove_file(&self.verdicts) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Whether the encoder makes the same of the vectors, whole and damaged, as the crate did. Says what differs.
    pub(crate) fn judges(&self) -> Result<bool> {
        self.run(&["--judge".as_ref(), &self.verdicts])
    }

    fn run(&self, arguments: &[&Path]) -> Result<bool> {
        let mut encoder = Command::new(&self.python);
        encoder.args(["-B", "-m", "causeway_vectors"]).args(arguments).current_dir(&self.folder);
        let status = encoder.status()?;
        if !status.success() {
            progress::say(&format!("the encoder of the vectors ended with {status}"));
        }
        Ok(status.success())
    }
}
