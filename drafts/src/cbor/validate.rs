//! Whether bytes are one deterministically encoded item [RFC 8949 §4.2.1], before anything is allocated.

use super::{CborError, CborErrorKind, Head, Major};

/// No valid document nests deeper: 7 levels of body for 4 of parts, and 4 levels of extensions below 2.
const MAX_DEPTH: usize = 16;

/// The greatest integer key, and of a negative one the greatest argument (C-045).
const MAX_KEY: u64 = (1 << 53) - 1;

/// Tags of bignums [RFC 8949 §3.4.3].
const BIGNUM: std::ops::RangeInclusive<u64> = 2..=3;

/// Checks that `bytes` are exactly one item in its one form [RFC 8949 §4.2.1, mimi-content-09 §6]. Allocates nothing.
///
/// # Errors
/// The first offence.
pub fn validate(bytes: &[u8]) -> Result<(), CborError> {
    let mut walker = Walker { bytes, at: 0 };
    walker.item(0)?;
    if walker.at == bytes.len() { Ok(()) } else { fail(walker.at, CborErrorKind::Trailing) }
}

#[cold]
fn fail<T>(offset: usize, kind: CborErrorKind) -> Result<T, CborError> {
    Err(CborError { offset, kind })
}

struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walker<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The octets of a string whose head stands at `start`.
    fn take(&mut self, start: usize, length: u64) -> Result<&'a [u8], CborError> {
        let rest = self.rest();
        let Some(octets) = usize::try_from(length).ok().and_then(|length| rest.get(..length)) else {
            return fail(start, CborErrorKind::TooLong);
        };
        self.at += octets.len();
        Ok(octets)
    }

    /// One item, at a depth.
    fn item(&mut self, depth: usize) -> Result<(), CborError> {
        let start = self.at;
        if depth > MAX_DEPTH {
            return fail(start, CborErrorKind::TooDeep);
        }
        let head = Head::read(self.rest()).or_else(|kind| fail(start, kind))?;
        self.at += head.length;
        match head.major {
            Major::Unsigned | Major::Negative => Ok(()),
            Major::Bytes => self.take(start, head.argument).map(drop),
            Major::Text => match std::str::from_utf8(self.take(start, head.argument)?) {
                Ok(_) => Ok(()),
                Err(_) => fail(start, CborErrorKind::Utf8),
            },
            Major::Array => {
                self.room_for(start, head.argument)?;
                (0..head.argument).try_for_each(|_| self.item(depth + 1))
            }
            Major::Map => {
                self.room_for(start, head.argument.saturating_mul(2))?;
                self.entries(head.argument, depth)
            }
            Major::Tag => self.tagged(start, head.argument, depth),
            Major::Simple => simple(head.info, head.argument).or_else(|kind| fail(start, kind)),
        }
    }

    /// An item has one octet at least.
    fn room_for(&self, start: usize, items: u64) -> Result<(), CborError> {
        if items <= self.rest().len() as u64 { Ok(()) } else { fail(start, CborErrorKind::TooLong) }
    }

    fn entries(&mut self, count: u64, depth: usize) -> Result<(), CborError> {
        let mut previous: &[u8] = &[];
        for _ in 0..count {
            let start = self.at;
            let head = Head::read(self.rest()).or_else(|kind| fail(start, kind))?;
            match (head.major, head.argument) {
                (Major::Unsigned, 0..=MAX_KEY) | (Major::Negative, 0..MAX_KEY) | (Major::Bytes | Major::Text, _) => {}
                (Major::Unsigned | Major::Negative, _) => return fail(start, CborErrorKind::KeyRange),
                _ => return fail(start, CborErrorKind::KeyType),
            }
            self.item(depth + 1)?;
            let key = &self.bytes[start..self.at];
            // Octet by octet: most keys are one, which is not worth a call.
            match previous.iter().cmp(key) {
                std::cmp::Ordering::Less => previous = key,
                std::cmp::Ordering::Equal => return fail(start, CborErrorKind::DuplicateKey),
                std::cmp::Ordering::Greater => return fail(start, CborErrorKind::Unsorted),
            }
            self.item(depth + 1)?;
        }
        Ok(())
    }

    fn tagged(&mut self, start: usize, tag: u64, depth: usize) -> Result<(), CborError> {
        let content = self.rest();
        self.item(depth + 1)?;
        if BIGNUM.contains(&tag) {
            let is_reduced = Head::read(content).is_ok_and(|head| {
                head.major == Major::Bytes && head.argument > 8 && content.get(head.length).is_some_and(|first| *first != 0)
            });
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
