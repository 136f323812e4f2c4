//! What is wrong with a document [mimi-content-09 §6], and at which byte.

/// Bytes that are not one item in its one form [RFC 8949 §4.2.1].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {kind}")]
pub struct CborError {
    /// The first byte of what is wrong.
    pub offset: usize,
    /// What is wrong.
    pub kind: CborErrorKind,
}

/// What is wrong: each way to break [mimi-content-09 §6] has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborErrorKind {
    /// The document ends where an item, or the rest of a head, should be.
    #[error("C-040: the document is cut off")]
    Truncated,
    /// A length that promises more than the bytes that follow it.
    #[error("C-040: the length is longer than the rest of the document")]
    TooLong,
    /// Bytes follow the item.
    #[error("C-040: bytes follow the document")]
    Trailing,
    /// An integer, a length, a tag or a float that has a shorter form.
    #[error("C-040: not in the shortest form")]
    NotShortest,
    /// A bignum that is none, fits an integer, or has leading zeros.
    #[error("C-040: a bignum that is not in its preferred form")]
    Bignum,
    /// An item of indefinite length, or the end of one.
    #[error("C-040: indefinite length")]
    Indefinite,
    /// Additional information or a simple value that is reserved.
    #[error("C-040: reserved encoding")]
    Reserved,
    /// Map keys out of order.
    #[error("C-041: map keys are not in bytewise order")]
    Unsorted,
    /// A map key twice.
    #[error("C-013: a map key stands twice")]
    DuplicateKey,
    /// A map key of a forbidden type.
    #[error("C-044: a map key is neither integer, text nor bytes")]
    KeyType,
    /// An integer key that a double cannot hold.
    #[error("C-045: a map key is not within ±(2^53−1)")]
    KeyRange,
    /// A not-a-number that is not 0xF97E00.
    #[error("C-046: NaN is not the half-width quiet one")]
    Nan,
    /// Text that is not UTF-8.
    #[error("C-047: text is not UTF-8")]
    Utf8,
    /// Nested too deep for any document.
    #[error("C-049: nested too deep")]
    TooDeep,
}

/// Why bytes are not a document of the wanted type [mimi-content-09 §4, §6]. The fault is the sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not deterministic CBOR.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// A field is not what the schema says.
    #[error("at byte {offset}: {rule}: {field} is not {expected}")]
    Field {
        /// Where the field begins.
        offset: usize,
        /// The rule, or the section that has it.
        rule: &'static str,
        /// The field.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// Too much of something.
    #[error("at byte {offset}: {rule}: {what}")]
    Limit {
        /// Where the field begins that is too much.
        offset: usize,
        /// The rule, or the section that has it.
        rule: &'static str,
        /// What is too much.
        what: &'static str,
    },
}

impl DocumentError {
    /// The byte at which the document goes wrong.
    pub fn offset(&self) -> usize {
        match self {
            Self::Cbor(error) => error.offset,
            Self::Field { offset, .. } | Self::Limit { offset, .. } => *offset,
        }
    }
}
