//! Heads of CBOR items [RFC 8949 §3].

/// Writes a head in its shortest form.
pub(super) fn head(out: &mut Vec<u8>, major: u8, value: u64) {
    let major = major << 5;
    match value {
        0..=23 => out.push(major | value as u8),
        24..=0xFF => out.extend_from_slice(&[major | 24, value as u8]),
        0x100..=0xFFFF => {
            out.push(major | 25);
            out.extend_from_slice(&(value as u16).to_be_bytes());
        }
        0x1_0000..=0xFFFF_FFFF => {
            out.push(major | 26);
            out.extend_from_slice(&(value as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&value.to_be_bytes());
        }
    }
}

/// Unsigned integer.
pub(super) const UINT: u8 = 0;
/// Negative integer.
pub(super) const NINT: u8 = 1;
/// Byte string.
pub(super) const BYTES: u8 = 2;
/// Text string.
pub(super) const TEXT: u8 = 3;
/// Array.
pub(super) const ARRAY: u8 = 4;
/// Map.
pub(super) const MAP: u8 = 5;
/// Tag.
pub(super) const TAG: u8 = 6;
/// Simple values and floats.
pub(super) const SIMPLE: u8 = 7;
