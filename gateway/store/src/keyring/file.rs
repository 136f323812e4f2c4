//! The ring's file: one key a line, its number and 64 hex digits; lines that begin with # are notes. A file of one line
//! without a number, as older versions wrote it, is key 1.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use causeway_core::code::{self, Code, Coded};
use rand::RngCore;
use zeroize::Zeroizing;

use super::KeyId;
use crate::ring_file::{self, Residue, failed, lock};

const NOTE: &str = "# Causeway's key ring. The last key seals, the others open. Without them the database is useless.\n";

pub(super) type RingKeys = BTreeMap<KeyId, Zeroizing<[u8; 32]>>;

/// Why a ring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// The file system.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// No ring where one has to be.
    #[error("{0} is missing")]
    Missing(PathBuf),
    /// Others may read or change it.
    #[error("{path} has mode {mode:04o}: it has to be its owner's alone, 0600")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Not a list of keys.
    #[error("{path}, line {line}: {why}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The reason; never the line itself.
        why: &'static str,
    },
}

impl Coded for RingError {
    fn code(&self) -> Code {
        code::RING_UNREADABLE
    }
}

pub(crate) fn new_key() -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(key.as_mut_slice());
    key
}

/// The keys in a file; none if there is no file.
pub(super) fn read(path: &Path) -> Result<Option<RingKeys>, RingError> {
    ring_file::read(path)?.map(|text| parse(path, &text)).transpose()
}

/// Makes a file, unless there is one already; gives what is in it then.
pub(super) fn create(path: &Path, keys: RingKeys) -> Result<RingKeys, RingError> {
    let _lock = lock(path)?;
    if let Some(present) = read(path)? {
        return Ok(present);
    }
    write(path, &keys)?;
    Ok(keys)
}

/// Adds a key to a file.
pub(super) fn append(path: &Path) -> Result<KeyId, RingError> {
    // Processes with data directories of their own may share a ring by links.
    let path = &path.canonicalize().map_err(failed(path))?;
    let _lock = lock(path)?;
    let mut keys = read(path)?.ok_or_else(|| RingError::Missing(path.to_owned()))?;
    let next = KeyId(keys.last_key_value().map_or(1, |(id, _)| id.0.saturating_add(1)));
    keys.insert(next, new_key());
    write(path, &keys)?;
    Ok(next)
}

fn parse(path: &Path, text: &str) -> Result<RingKeys, RingError> {
    let mut keys = RingKeys::new();
    for (index, line) in text.lines().enumerate() {
        let malformed = |why| RingError::Malformed { path: path.to_owned(), line: index + 1, why };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (id, digits) = line.split_once(' ').unwrap_or(("1", line));
        let id = KeyId(id.parse().map_err(|_| malformed("the key's number is none"))?);
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits.trim(), key.as_mut_slice()).map_err(|_| malformed("a key has 64 hex digits"))?;
        if is_example(&key) {
            return Err(malformed("the key is an example, and no secret"));
        }
        if keys.last_key_value().is_some_and(|(last, _)| *last >= id) {
            return Err(malformed("numbers have to grow from line to line"));
        }
        keys.insert(id, key);
    }
    match keys.is_empty() {
        true => Err(RingError::Malformed { path: path.to_owned(), line: 1, why: "there is no key in it" }),
        false => Ok(keys),
    }
}

/// What stands in templates and tests of others: all bits the same, or bytes that count.
fn is_example(key: &[u8; 32]) -> bool {
    let is_all = |byte: u8| key.iter().all(|one| *one == byte);
    is_all(0) || is_all(0xff) || key.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1))
}

fn write(path: &Path, keys: &RingKeys) -> Result<(), RingError> {
    let mut text = Zeroizing::new(NOTE.to_owned());
    for (id, key) in keys {
        let digits = Zeroizing::new(hex::encode(key.as_slice()));
        text.push_str(&format!("{id} "));
        text.push_str(&digits);
        text.push('\n');
    }
    ring_file::replace(path, &text, Residue::Left)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use std::fs::OpenOptions;
    use std::io::Write;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("master.key");
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        (folder, path)
    }

    #[test]
    fn the_first_format_is_key_one() {
        for text in ["ab".repeat(32), "ab".repeat(32) + "\n"] {
            let (_folder, path) = file(&text);
            let keys = read(&path).unwrap().unwrap();
            assert_eq!(keys.into_iter().map(|(id, key)| (id.0, *key)).collect::<Vec<_>>(), [(1, [0xab; 32])]);
        }
    }

    #[test]
    fn a_key_is_appended_and_the_others_stay() {
        let (_folder, path) = file(&"ab".repeat(32));
        assert_eq!((append(&path).unwrap(), append(&path).unwrap()), (KeyId(2), KeyId(3)));
        let keys = read(&path).unwrap().unwrap();
        assert_eq!(keys.keys().map(|id| id.0).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(*keys[&KeyId::FIRST], [0xab; 32]);
        assert_ne!(*keys[&KeyId(2)], *keys[&KeyId(3)]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_second_first_start_takes_the_ring_of_the_first() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("master.key");
        assert!(read(&path).unwrap().is_none());
        let first = create(&path, RingKeys::from([(KeyId::FIRST, new_key())])).unwrap();
        let second = create(&path, RingKeys::from([(KeyId::FIRST, new_key())])).unwrap();
        assert_eq!(*first[&KeyId::FIRST], *second[&KeyId::FIRST]);
    }

    /// The line itself is in no message.
    #[test]
    fn what_is_no_ring_is_refused() {
        let key = "cd".repeat(32);
        for (text, line) in [
            (String::new(), 1),
            ("# nothing\n".to_owned(), 1),
            ("cdcd".to_owned(), 1),
            (format!("1 {key}\n1 {key}\n"), 2),
            (format!("2 {key}\n{key}\n"), 2),
            (format!("one {key}\n"), 1),
        ] {
            let (_folder, path) = file(&text);
            let error = read(&path).unwrap_err();
            assert!(matches!(&error, RingError::Malformed { line: found, .. } if *found == line), "{text:?}: {error}");
            assert!(!error.to_string().contains("cdcd"));
        }
    }

    #[test]
    fn m39_an_example_is_no_key() {
        let counting: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
        for text in ["00".repeat(32), "ff".repeat(32), counting] {
            let (_folder, path) = file(&format!("1 {}\n2 {text}\n", "cd".repeat(32)));
            assert!(matches!(read(&path).unwrap_err(), RingError::Malformed { line: 2, .. }), "{text}");
        }
    }

    #[test]
    fn a_ring_that_others_may_read_is_refused() {
        let (_folder, path) = file(&"ab".repeat(32));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read(&path), Err(RingError::Open { mode: 0o644, .. })));
    }

    #[test]
    fn nothing_is_appended_to_a_ring_that_is_not_there() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("master.key");
        assert!(matches!(append(&path), Err(RingError::Io { .. })));
        assert!(!path.exists());
    }
}
