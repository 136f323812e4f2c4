//! Heads of items [RFC 8949 §3].

use super::CborErrorKind;

/// Major types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Major {
    Unsigned = 0,
    Negative = 1,
    Bytes = 2,
    Text = 3,
    Array = 4,
    Map = 5,
    Tag = 6,
    /// Simple values and floats.
    Simple = 7,
}

/// The head of an item.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) major: Major,
    /// The low five bits of the first byte.
    pub(crate) info: u8,
    pub(crate) argument: u64,
    /// Of the head itself, in octets.
    pub(crate) length: usize,
}

impl Head {
    /// Reads the head with which `bytes` begin.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, CborErrorKind> {
        let Some((&first, rest)) = bytes.split_first() else { return Err(CborErrorKind::Truncated) };
        let major = match first >> 5 {
            0 => Major::Unsigned,
            1 => Major::Negative,
            2 => Major::Bytes,
            3 => Major::Text,
            4 => Major::Array,
            5 => Major::Map,
            6 => Major::Tag,
            _ => Major::Simple,
        };
        let info = first & 0x1F;
        let (width, smallest) = match info {
            0..=23 => return Ok(Self { major, info, argument: info.into(), length: 1 }),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            31 => return Err(CborErrorKind::Indefinite),
            _ => return Err(CborErrorKind::Reserved),
        };
        let argument = rest.get(..width).ok_or(CborErrorKind::Truncated)?;
        let argument = argument.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        // The argument of a float is the float.
        if major != Major::Simple && argument < smallest {
            return Err(CborErrorKind::NotShortest);
        }
        Ok(Self { major, info, argument, length: 1 + width })
    }

    /// Writes a head in its shortest form.
    pub(crate) fn write(out: &mut Vec<u8>, major: Major, argument: u64) {
        let major = (major as u8) << 5;
        match argument {
            0..=23 => out.push(major | argument as u8),
            24..=0xFF => out.extend_from_slice(&[major | 24, argument as u8]),
            0x100..=0xFFFF => {
                out.push(major | 25);
                out.extend_from_slice(&(argument as u16).to_be_bytes());
            }
            0x1_0000..=0xFFFF_FFFF => {
                out.push(major | 26);
                out.extend_from_slice(&(argument as u32).to_be_bytes());
            }
            _ => {
                out.push(major | 27);
                out.extend_from_slice(&argument.to_be_bytes());
            }
        }
    }
}
