//! Values whose received bytes matter [mimi-protocol-06 §5, RFC 9420 §6]: they are forwarded, hashed and signed over exactly as they came.

use std::io::{Read, Write};

use tls_codec::{Deserialize, Error, Serialize, Size};

use crate::decode::refuse;

/// A value together with the bytes it was decoded from [RFC 9420 §2.1].
#[derive(Clone, PartialEq, Eq)]
pub struct Verbatim<T> {
    bytes: Vec<u8>,
    value: T,
}

impl<T> std::fmt::Debug for Verbatim<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verbatim({} bytes)", self.bytes.len())
    }
}

impl<T> Verbatim<T> {
    /// The bytes as received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What they say.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Gives the value up.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T: Deserialize> Verbatim<T> {
    /// Decodes bytes that are exactly one value.
    ///
    /// # Errors
    /// Any [`crate::DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, crate::DecodeError> {
        crate::decode_exact(bytes)
    }
}

impl<T> Size for Verbatim<T> {
    fn tls_serialized_len(&self) -> usize {
        self.bytes.len()
    }
}

impl<T> Serialize for Verbatim<T> {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        writer.write_all(&self.bytes)?;
        Ok(self.bytes.len())
    }
}

impl<T: Deserialize> Deserialize for Verbatim<T> {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        let mut tee = Tee { inner: bytes, seen: Vec::new() };
        // What is kept verbatim is the MLS library's, which does not say how long the value was that it does not know.
        let value = T::tls_deserialize(&mut tee).map_err(|error| match error {
            Error::UnknownValue(value) => refuse(0, format!("the MLS library does not know {value} here")),
            other => other,
        })?;
        Ok(Self { bytes: tee.seen, value })
    }
}

/// A reader that keeps what passes through it.
struct Tee<'a, R> {
    inner: &'a mut R,
    seen: Vec<u8>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.seen.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}
