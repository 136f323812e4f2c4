//! The parts of a message by their implied index [mimi-content-09 §4.4].

use super::{MimiContent, NestedPart, PartBody};

impl NestedPart {
    /// This part and all below it, depth first: the place of a part is its index (C-024).
    pub fn iter(&self) -> impl Iterator<Item = &NestedPart> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let part = waiting.pop()?;
            if let PartBody::Multi { parts, .. } = &part.body {
                waiting.extend(parts.iter().rev());
            }
            Some(part)
        })
    }
}

impl MimiContent {
    /// The part of an index.
    pub fn part(&self, index: usize) -> Option<&NestedPart> {
        self.nested_part.iter().nth(index)
    }

    /// What a `cid:<index>@local.invalid` in another part stands for: a single or an external part (C-025).
    pub fn part_of_cid(&self, uri: &str) -> Option<&NestedPart> {
        let index = uri.strip_prefix("cid:")?.strip_suffix("@local.invalid")?;
        // `parse` takes a sign, too.
        let is_number = index.bytes().all(|byte| byte.is_ascii_digit());
        let part = self.part(index.parse().ok().filter(|_| is_number)?)?;
        matches!(part.body, PartBody::Single { .. } | PartBody::External(_)).then_some(part)
    }
}
