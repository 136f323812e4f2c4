//! X25519 public keys with which every agreement comes to zero: what is sealed to them opens for everybody. RFC 9180 §7.1.4 has
//! whoever seals refuse them; the library does not, so that such a key is let into no leaf [RFC 7748 §6.1].

use crate::MlsError;

/// The u-coordinates of all points of small order on the curve and its twist, and what is congruent to them.
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    low(1),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb,
        0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4,
        0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    near_prime(0xec),
    near_prime(0xed),
    near_prime(0xee),
];

const fn low(first: u8) -> [u8; 32] {
    let mut key = [0; 32];
    key[0] = first;
    key
}

/// 2^255 - 19, or a neighbour, by its first octet.
const fn near_prime(first: u8) -> [u8; 32] {
    let mut key = [0xff; 32];
    key[0] = first;
    key[31] = 0x7f;
    key
}

/// Refuses a key of small order. The highest bit does not count [RFC 7748 §5].
pub(crate) fn check(key: &[u8]) -> Result<(), MlsError> {
    let Ok(mut key) = <[u8; 32]>::try_from(key) else {
        return Err(MlsError::Invalid("RFC 9420 §7.2: an encryption key of another length".to_owned()));
    };
    key[31] &= 0x7f;
    match SMALL_ORDER.contains(&key) {
        true => Err(MlsError::Invalid("RFC 9180 §7.1.4: an encryption key of small order".to_owned())),
        false => Ok(()),
    }
}
