//! Where the octets come from: a file, standard input, or the command line itself; as they are, as hex or as base64.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// More is no message.
const LIMIT: u64 = 64 * 1024 * 1024;

/// The octets that `input` names: a file, `-` for standard input, or hex or base64.
pub(crate) fn octets(input: &str) -> anyhow::Result<Vec<u8>> {
    if input == "-" {
        return read(std::io::stdin().lock()).context("cannot read standard input").map(unpacked);
    }
    if Path::new(input).is_file() {
        let file = std::fs::File::open(input).with_context(|| format!("cannot read {input}"))?;
        return read(file).with_context(|| format!("cannot read {input}")).map(unpacked);
    }
    if input.trim_start().starts_with('{') || input.starts_with("mimi:") {
        return Ok(input.as_bytes().to_vec());
    }
    match packed(input.as_bytes()) {
        Some(octets) => Ok(octets),
        None => bail!("{input} is neither a file, nor hex, nor base64"),
    }
}

fn read(reader: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut octets = Vec::new();
    reader.take(LIMIT + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > LIMIT {
        bail!("it is longer than {LIMIT} octets");
    }
    Ok(octets)
}

/// What a file holds, if it holds hex or base64; else itself. A name ends where its line does.
fn unpacked(octets: Vec<u8>) -> Vec<u8> {
    match packed(&octets) {
        Some(octets) => octets,
        None if octets.starts_with(b"mimi:") => octets.trim_ascii_end().to_vec(),
        None => octets,
    }
}

fn packed(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    if text.is_empty() {
        return None;
    }
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engines = [&base64::alphabet::STANDARD, &base64::alphabet::URL_SAFE].map(|alphabet| GeneralPurpose::new(alphabet, lenient));
    hex::decode(&text).ok().or_else(|| engines.iter().find_map(|engine| engine.decode(&text).ok()))
}

#[cfg(test)]
mod tests {
    use super::unpacked;

    #[test]
    fn hex_and_base64_are_taken_off_and_all_else_stays() {
        let octets = vec![0, 1, 0, 2, 251, 255];
        for text in ["00010002fbff", "0001 0002\nFBFF\n", "AAEAAvv/", "AAEAAvv_", "AAEAAvv/\n"] {
            assert_eq!(unpacked(text.as_bytes().to_vec()), octets, "{text}");
        }
        for raw in [octets.clone(), b"{\"type\": \"m.room.message\"}".to_vec(), b"no base64!".to_vec(), Vec::new()] {
            assert_eq!(unpacked(raw.clone()), raw);
        }
        assert_eq!(unpacked(b"mimi://a.example\n".to_vec()), b"mimi://a.example");
    }
}
