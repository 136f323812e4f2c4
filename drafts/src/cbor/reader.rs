//! Reading a validated document [RFC 8949 §3], field by field.

use super::{DocumentError, Head, Major, validate};

type Result<T> = std::result::Result<T, DocumentError>;

/// A field for the words of an error: its rule and its name.
pub(crate) type Field = (&'static str, &'static str);

/// A place in a validated document.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Validates a document, and begins to read it.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self> {
        validate(bytes)?;
        Ok(Self { bytes, at: 0 })
    }

    /// Where the next item begins.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// What stands between two offsets.
    pub(crate) fn between(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The next head, and its major type; nothing at the end.
    #[inline]
    pub(crate) fn peek(&self) -> Option<Head> {
        Head::read(self.bytes.get(self.at..)?).ok()
    }

    /// The next item if it is of this type: its argument, and its octets if it is a string.
    #[inline]
    fn take(&mut self, major: Major) -> Option<(u64, &'a [u8])> {
        let head = self.peek().filter(|head| head.major == major)?;
        let start = self.at + head.length;
        let length = if matches!(major, Major::Bytes | Major::Text) { usize::try_from(head.argument).ok()? } else { 0 };
        let octets = self.bytes.get(start..start.checked_add(length)?)?;
        self.at = start + length;
        Some((head.argument, octets))
    }

    /// The simple value `null`, if it is next.
    #[inline]
    pub(crate) fn null(&mut self) -> Option<()> {
        const NULL: u64 = 22;
        let found = self.peek().is_some_and(|head| head.major == Major::Simple && head.length == 1 && head.argument == NULL);
        found.then(|| self.at += 1)
    }

    #[inline]
    pub(crate) fn boolean(&mut self, field: Field) -> Result<bool> {
        let start = self.at;
        match self.take(Major::Simple) {
            Some((20, _)) => Ok(false),
            Some((21, _)) => Ok(true),
            _ => wrong(start, field, "a boolean"),
        }
    }

    #[inline]
    pub(crate) fn unsigned<T: TryFrom<u64>>(&mut self, field: Field) -> Result<T> {
        let start = self.at;
        match self.take(Major::Unsigned) {
            Some((number, _)) => T::try_from(number).or_else(|_| wrong(start, field, "in range")),
            None => wrong(start, field, "an unsigned integer"),
        }
    }

    /// The argument n of a negative integer −1−n.
    pub(crate) fn negative(&mut self) -> Option<u64> {
        Some(self.take(Major::Negative)?.0)
    }

    #[inline]
    pub(crate) fn bytes(&mut self, field: Field) -> Result<&'a [u8]> {
        let start = self.at;
        self.take(Major::Bytes).map_or_else(|| wrong(start, field, "a byte string"), |(_, octets)| Ok(octets))
    }

    /// A byte string of a length.
    #[inline]
    pub(crate) fn octets<const LENGTH: usize>(&mut self, field: Field, expected: &'static str) -> Result<[u8; LENGTH]> {
        let start = self.at;
        self.bytes(field)?.try_into().or_else(|_| wrong(start, field, expected))
    }

    #[inline]
    pub(crate) fn text(&mut self, field: Field) -> Result<&'a str> {
        let start = self.at;
        let text = self.take(Major::Text).and_then(|(_, octets)| std::str::from_utf8(octets).ok());
        text.map_or_else(|| wrong(start, field, "a text string"), Ok)
    }

    /// The head of an array: how many items follow.
    #[inline]
    pub(crate) fn array(&mut self, field: Field) -> Result<u64> {
        let start = self.at;
        self.take(Major::Array).map_or_else(|| wrong(start, field, "an array"), |(count, _)| Ok(count))
    }

    /// The head of an array of so many items.
    #[inline]
    pub(crate) fn array_of(&mut self, count: u64, field: Field, expected: &'static str) -> Result<()> {
        let start = self.at;
        if self.array(field)? == count { Ok(()) } else { wrong(start, field, expected) }
    }

    /// The head of a map: how many entries follow.
    #[inline]
    pub(crate) fn map(&mut self, field: Field) -> Result<u64> {
        let start = self.at;
        self.take(Major::Map).map_or_else(|| wrong(start, field, "a map"), |(count, _)| Ok(count))
    }

    /// The head of a tagged item, if its tag is this.
    pub(crate) fn tag(&mut self, tag: u64) -> Option<()> {
        self.peek().filter(|head| head.argument == tag)?;
        self.take(Major::Tag).map(|_| ())
    }

    /// Passes an item. Returns how many levels of arrays, maps and tags it has.
    pub(crate) fn skip(&mut self) -> usize {
        let Some(head) = self.peek() else { return 0 };
        if self.take(head.major).is_none() {
            return 0;
        }
        let inner = match head.major {
            Major::Array => head.argument,
            Major::Map => head.argument.saturating_mul(2),
            Major::Tag => 1,
            _ => return 0,
        };
        1 + (0..inner).map(|_| self.skip()).max().unwrap_or(0)
    }
}

/// Refuses a field.
#[cold]
pub(crate) fn wrong<T>(offset: usize, (rule, field): Field, expected: &'static str) -> Result<T> {
    Err(DocumentError::Field { offset, rule, field, expected })
}

/// Refuses a quantity.
#[cold]
pub(crate) fn too_much<T>(offset: usize, rule: &'static str, what: &'static str) -> Result<T> {
    Err(DocumentError::Limit { offset, rule, what })
}
