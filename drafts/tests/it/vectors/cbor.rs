//! CBOR that was validated, as the vectors write it in JSON.

use serde_json::{Value, json};

/// The one item that `bytes` are.
pub(super) fn to_json(bytes: &[u8]) -> Value {
    let mut reader = Reader { rest: bytes };
    let value = reader.item();
    assert!(reader.rest.is_empty());
    value
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(usize::try_from(count).unwrap());
        self.rest = rest;
        taken
    }

    fn item(&mut self) -> Value {
        let first = self.take(1)[0];
        let (major, info) = (first >> 5, first & 0x1F);
        let more = if info < 24 { &[] } else { self.take(1 << (info - 24)) };
        let argument = more.iter().fold(0, |number, octet| number << 8 | u64::from(*octet));
        let argument = if info < 24 { info.into() } else { argument };
        match major {
            0 => json!(argument),
            1 => integer(-1 - i128::from(argument)),
            2 => json!({"bytes": hex::encode(self.take(argument))}),
            3 => json!(std::str::from_utf8(self.take(argument)).unwrap()),
            4 => (0..argument).map(|_| self.item()).collect(),
            5 => json!({"map": (0..argument).map(|_| json!([self.item(), self.item()])).collect::<Vec<_>>()}),
            6 => json!({"tag": [argument, self.item()]}),
            _ => simple(info, argument),
        }
    }
}

fn integer(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| json!({"integer": number.to_string()}), Value::from)
}

fn simple(info: u8, argument: u64) -> Value {
    let float = |number: f64| json!({"float": hex::encode(number.to_be_bytes())});
    match (info, argument) {
        (20, _) => json!(false),
        (21, _) => json!(true),
        (22, _) => Value::Null,
        (25, bits) => float(half(bits as u16)),
        (26, bits) => float(f32::from_bits(bits as u32).into()),
        (27, bits) => float(f64::from_bits(bits)),
        (_, number) => json!({"simple": number}),
    }
}

/// binary16 [RFC 8949 Appendix D].
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3FF);
    let magnitude = match bits >> 10 & 0x1F {
        0 => fraction * f64::powi(2.0, -24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (fraction + 1024.0) * f64::powi(2.0, i32::from(exponent) - 25),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}
