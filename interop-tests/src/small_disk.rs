//! A disk that is soon full: a tmpfs of its own.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What takes up all room.
const BALLAST: &str = "ballast";
const PIECES: [usize; 3] = [1 << 20, 1 << 12, 1];

/// A mounted disk; dropping it unmounts it, whoever still uses it.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of so many mebibytes at `folder`.
    ///
    /// # Errors
    /// If this user may not mount, not even by `sudo -n`.
    pub fn mount(folder: &Path, mebibytes: usize) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let options = format!("size={mebibytes}m,mode=777");
        as_root("mount", &["-t", "tmpfs", "-o", &options, "causeway-test", &folder.display().to_string()]).context(
            "a test of a full disk mounts a small tmpfs: it has to be run as root, or with sudo that asks for no password",
        )?;
        Ok(Self(folder.to_owned()))
    }

    /// Takes up all that is free, to the last byte.
    ///
    /// # Errors
    /// If it fails for another reason than that the disk is full.
    pub fn fill(&self) -> Result<()> {
        let mut ballast = File::create(self.0.join(BALLAST))?;
        for piece in PIECES {
            loop {
                match ballast.write_all(&vec![0; piece]) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("filling a disk"),
                }
            }
        }
        Ok(())
    }

    /// Gives it all back.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn make_room(&self) -> Result<()> {
        Ok(fs::remove_file(self.0.join(BALLAST))?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What cannot be unmounted goes with the machine.
        as_root("umount", &["--lazy", &self.0.display().to_string()]).unwrap_or_default();
    }
}

fn as_root(program: &str, arguments: &[&str]) -> Result<()> {
    let mut command = match rustix::process::getuid().is_root() {
        true => Command::new(program),
        false => Command::new("sudo"),
    };
    if !rustix::process::getuid().is_root() {
        command.args(["-n", program]);
    }
    let done = command.args(arguments).output().with_context(|| program.to_owned())?;
    if !done.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}
