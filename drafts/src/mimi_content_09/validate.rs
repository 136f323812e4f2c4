//! Whether bytes are one deterministically encoded CBOR item [mimi-content-09 §6]; before anything is allocated.

use super::cbor::{ARRAY, BYTES, MAP, NINT, SIMPLE, TAG, TEXT, UINT};

/// What is wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct CborError {
    /// Offset of the offending byte.
    pub offset: usize,
    /// What is wrong.
    pub kind: CborErrorKind,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborErrorKind {
    /// The item is cut off.
    #[error("C-040: the document is cut off")]
    Truncated,
    /// Bytes follow the item.
    #[error("C-040: bytes follow the document")]
    Trailing,
    /// An integer or length that has a shorter form.
    #[error("C-040: not in the shortest form")]
    NotShortest,
    /// An item of indefinite length.
    #[error("C-040: indefinite length")]
    Indefinite,
    /// Reserved additional information.
    #[error("C-040: reserved encoding")]
    Reserved,
    /// Map keys out of order.
    #[error("C-041: map keys are not in bytewise order")]
    Unsorted,
    /// A map key twice.
    #[error("C-013: a map key stands twice")]
    DuplicateKey,
    /// Text that is not UTF-8.
    #[error("C-047: text is not UTF-8")]
    Utf8,
    /// A map key of a forbidden type.
    #[error("C-044: a map key is neither integer, text nor bytes")]
    KeyType,
    /// A not-a-number that is not 0xF97E00.
    #[error("C-046: NaN is not the half-width quiet one")]
    Nan,
    /// Nested too deep for any document.
    #[error("C-049: nested too deep")]
    TooDeep,
}

/// No valid document nests deeper: 7 levels of body for 4 of parts, and 4 levels of extensions below 2.
const MAX_DEPTH: usize = 16;

/// Checks that `bytes` are exactly one item.
///
/// # Errors
/// The first offence.
pub(super) fn validate(bytes: &[u8]) -> Result<(), CborError> {
    let mut walker = Walker { bytes, at: 0 };
    walker.item(0)?;
    if walker.at == bytes.len() { Ok(()) } else { Err(walker.error(CborErrorKind::Trailing)) }
}

struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walker<'a> {
    fn error(&self, kind: CborErrorKind) -> CborError {
        CborError { offset: self.at, kind }
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], CborError> {
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count));
        let slice = end.and_then(|end| self.bytes.get(self.at..end)).ok_or(self.error(CborErrorKind::Truncated))?;
        self.at += slice.len();
        Ok(slice)
    }

    /// Major type, additional information, argument.
    fn head(&mut self) -> Result<(u8, u8, u64), CborError> {
        let start = self.at;
        let fail = |kind| CborError { offset: start, kind };
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1F);
        let width = match info {
            0..=23 => return Ok((major, info, info.into())),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            31 => return Err(fail(CborErrorKind::Indefinite)),
            _ => return Err(fail(CborErrorKind::Reserved)),
        };
        let argument = self.take(width)?.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        let smallest = match width {
            1 => 24,
            2 => 0x100,
            4 => 0x1_0000,
            _ => 0x1_0000_0000,
        };
        if major != SIMPLE && argument < smallest {
            return Err(fail(CborErrorKind::NotShortest));
        }
        Ok((major, info, argument))
    }

    fn item(&mut self, depth: usize) -> Result<u8, CborError> {
        if depth > MAX_DEPTH {
            return Err(self.error(CborErrorKind::TooDeep));
        }
        let start = self.at;
        let (major, info, argument) = self.head()?;
        match major {
            UINT | NINT => {}
            BYTES => {
                self.take(argument)?;
            }
            TEXT => {
                let text = self.take(argument)?;
                std::str::from_utf8(text).map_err(|_| CborError { offset: start, kind: CborErrorKind::Utf8 })?;
            }
            ARRAY => {
                for _ in 0..argument {
                    self.item(depth + 1)?;
                }
            }
            MAP => self.map(argument, depth)?,
            TAG => {
                self.item(depth + 1)?;
            }
            _ => simple(info, argument).map_err(|kind| CborError { offset: start, kind })?,
        }
        Ok(major)
    }

    fn map(&mut self, entries: u64, depth: usize) -> Result<(), CborError> {
        let mut previous: Option<&[u8]> = None;
        for _ in 0..entries {
            let start = self.at;
            let major = self.item(depth + 1)?;
            let fail = |kind| Err(CborError { offset: start, kind });
            if !matches!(major, UINT | NINT | BYTES | TEXT) {
                return fail(CborErrorKind::KeyType);
            }
            let key = &self.bytes[start..self.at];
            match previous {
                Some(previous) if previous == key => return fail(CborErrorKind::DuplicateKey),
                Some(previous) if previous > key => return fail(CborErrorKind::Unsorted),
                _ => previous = Some(key),
            }
            self.item(depth + 1)?;
        }
        Ok(())
    }
}

/// Floats and simple values.
fn simple(info: u8, argument: u64) -> Result<(), CborErrorKind> {
    match info {
        24 if argument < 32 => Err(CborErrorKind::NotShortest),
        25 if argument & 0x7C00 == 0x7C00 && argument & 0x3FF != 0 && argument != 0x7E00 => Err(CborErrorKind::Nan),
        26 => {
            let float = f32::from_bits(argument as u32);
            if float.is_nan() { Err(CborErrorKind::Nan) } else { Ok(()) }
        }
        27 => {
            let float = f64::from_bits(argument);
            match () {
                () if float.is_nan() => Err(CborErrorKind::Nan),
                () if f64::from(float as f32) == float => Err(CborErrorKind::NotShortest),
                () => Ok(()),
            }
        }
        _ => Ok(()),
    }
}
