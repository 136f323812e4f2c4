//! A file of keys: its owner's alone, and never changed in place. A new one is written beside it and renamed, under a
//! lock, so that a reader sees the old one or the new one, whatever happens in between.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::keyring::RingError;

/// What becomes of the bytes of a file that is replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Residue {
    /// They stay until the file system uses their blocks again.
    Left,
    /// They are overwritten. Readers have to hold the lock then.
    Overwritten,
}

/// What is in a file; nothing if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, RingError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path)(error)),
    };
    let mode = file.metadata().map_err(failed(path))?.permissions().mode() & 0o777;
    if mode & 0o027 != 0 {
        return Err(RingError::Open { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(failed(path))?;
    Ok(Some(text))
}

/// Puts a text into a file's place.
pub(crate) fn replace(path: &Path, text: &str, residue: Residue) -> Result<(), RingError> {
    let new = beside(path, "new");
    // What a write that was cut off has left is nobody's, but may hold keys.
    erase(&new, residue)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(failed(&new))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&new))?;
    let old = if residue == Residue::Overwritten { OpenOptions::new().write(true).open(path).ok() } else { None };
    std::fs::rename(&new, path).map_err(failed(path))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
    // The new file is in place: that the old bytes could not be overwritten is a pity, and no more.
    if let Some(Err(error)) = old.map(overwrite) {
        tracing::warn!(path = %path.display(), %error, "cannot overwrite old keys");
    }
    Ok(())
}

fn erase(path: &Path, residue: Residue) -> Result<(), RingError> {
    if residue == Residue::Overwritten
        && let Ok(file) = OpenOptions::new().write(true).open(path)
    {
        overwrite(file).map_err(failed(path))?;
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path)(error)),
        _ => Ok(()),
    }
}

fn overwrite(mut file: File) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_all()
}

/// Held until it is dropped; it ends with the process, however that ends.
pub(crate) fn lock(path: &Path) -> Result<File, RingError> {
    let path = beside(path, "lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed(&path))?;
    file.lock().map_err(failed(&path))?;
    Ok(file)
}

/// Keeps writers out while reading; nothing where nobody has ever written, or none may.
pub(crate) fn lock_shared(path: &Path) -> Option<File> {
    let file = File::open(beside(path, "lock")).ok()?;
    file.lock_shared().ok()?;
    Some(file)
}

pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

pub(crate) fn failed(path: &Path) -> impl Fn(io::Error) -> RingError {
    move |error| RingError::Io { path: path.to_owned(), error }
}
