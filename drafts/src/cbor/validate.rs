//! Whether bytes are one deterministically encoded item, before anything is allocated.

use super::{CborError, CborErrorKind, Head, Major};

/// No valid document nests deeper: 7 levels of body for 4 of parts, and 4 levels of extensions below 2.
const MAX_DEPTH: usize = 16;

/// The greatest integer key, and of a negative one the greatest argument (C-045).
const MAX_KEY: u64 = (1 << 53) - 1;

/// Tags of bignums [RFC 8949 §3.4.3].
const BIGNUM: std::ops::RangeInclusive<u64> = 2..=3;

/// Checks that `bytes` are exactly one item.
///
/// # Errors
/// The first offence.
pub fn validate(bytes: &[u8]) -> Result<(), CborError> {
    let mut walker = Walker { bytes, at: 0 };
    walker.item(0)?;
    if walker.at == bytes.len() { Ok(()) } else { fail(walker.at, CborErrorKind::Trailing) }
}

fn fail<T>(offset: usize, kind: CborErrorKind) -> Result<T, CborError> {
    Err(CborError { offset, kind })
}

struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walker<'a> {
    fn head(&mut self) -> Result<Head, CborError> {
        let head = Head::read(&self.bytes[self.at..]).or_else(|kind| fail(self.at, kind))?;
        self.at += head.length;
        Ok(head)
    }

    /// The octets of a string whose head stands at `start`.
    fn take(&mut self, start: usize, length: u64) -> Result<&'a [u8], CborError> {
        let rest = &self.bytes[self.at..];
        let length = usize::try_from(length).ok().filter(|length| *length <= rest.len());
        let Some(length) = length else { return fail(start, CborErrorKind::TooLong) };
        self.at += length;
        Ok(&rest[..length])
    }

    /// One item, at a depth.
    fn item(&mut self, depth: usize) -> Result<Head, CborError> {
        let start = self.at;
        if depth > MAX_DEPTH {
            return fail(start, CborErrorKind::TooDeep);
        }
        let head = self.head()?;
        match head.major {
            Major::Unsigned | Major::Negative => {}
            Major::Bytes => {
                self.take(start, head.argument)?;
            }
            Major::Text => {
                let text = self.take(start, head.argument)?;
                if std::str::from_utf8(text).is_err() {
                    return fail(start, CborErrorKind::Utf8);
                }
            }
            Major::Array => {
                self.room_for(start, head.argument)?;
                for _ in 0..head.argument {
                    self.item(depth + 1)?;
                }
            }
            Major::Map => {
                self.room_for(start, head.argument.saturating_mul(2))?;
                self.entries(head.argument, depth)?;
            }
            Major::Tag => self.tagged(start, head.argument, depth)?,
            Major::Simple => simple(head.info, head.argument).or_else(|kind| fail(start, kind))?,
        }
        Ok(head)
    }

    /// An item has one octet at least.
    fn room_for(&self, start: usize, items: u64) -> Result<(), CborError> {
        let rest = (self.bytes.len() - self.at) as u64;
        if items <= rest { Ok(()) } else { fail(start, CborErrorKind::TooLong) }
    }

    fn entries(&mut self, count: u64, depth: usize) -> Result<(), CborError> {
        let mut previous: &[u8] = &[];
        for _ in 0..count {
            let start = self.at;
            let key = self.item(depth + 1)?;
            match (key.major, key.argument) {
                (Major::Unsigned, 0..=MAX_KEY) | (Major::Negative, 0..MAX_KEY) | (Major::Bytes | Major::Text, _) => {}
                (Major::Unsigned | Major::Negative, _) => return fail(start, CborErrorKind::KeyRange),
                _ => return fail(start, CborErrorKind::KeyType),
            }
            let key = &self.bytes[start..self.at];
            match previous.cmp(key) {
                std::cmp::Ordering::Less => previous = key,
                std::cmp::Ordering::Equal => return fail(start, CborErrorKind::DuplicateKey),
                std::cmp::Ordering::Greater => return fail(start, CborErrorKind::Unsorted),
            }
            self.item(depth + 1)?;
        }
        Ok(())
    }

    fn tagged(&mut self, start: usize, tag: u64, depth: usize) -> Result<(), CborError> {
        let content = self.at;
        let head = self.item(depth + 1)?;
        if BIGNUM.contains(&tag) {
            let is_reduced = head.major == Major::Bytes && head.argument > 8 && self.bytes[content + head.length] != 0;
            return if is_reduced { Ok(()) } else { fail(start, CborErrorKind::Bignum) };
        }
        Ok(())
    }
}

/// Floats and simple values.
fn simple(info: u8, argument: u64) -> Result<(), CborErrorKind> {
    match info {
        24 if argument < 32 => Err(CborErrorKind::Reserved),
        25 if argument & 0x7C00 == 0x7C00 && argument & 0x3FF != 0 && argument != 0x7E00 => Err(CborErrorKind::Nan),
        26 => match f32::from_bits(argument as u32) {
            float if float.is_nan() => Err(CborErrorKind::Nan),
            float if is_half(float) => Err(CborErrorKind::NotShortest),
            _ => Ok(()),
        },
        27 => match f64::from_bits(argument) {
            float if float.is_nan() => Err(CborErrorKind::Nan),
            float if f64::from(float as f32) == float => Err(CborErrorKind::NotShortest),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Whether a float that is a number has a half-width form: 5 bits of exponent, 10 of fraction.
fn is_half(float: f32) -> bool {
    let bits = float.to_bits();
    let exponent = (bits >> 23 & 0xFF) as i32 - 127;
    let significand = bits & 0x7F_FFFF | 0x80_0000;
    match exponent {
        _ if float == 0.0 || float.is_infinite() => true,
        -14..=15 => significand.trailing_zeros() >= 13,
        // Subnormal: a multiple of 2^-24.
        -24..=-15 => significand.trailing_zeros() as i32 >= -1 - exponent,
        _ => false,
    }
}
