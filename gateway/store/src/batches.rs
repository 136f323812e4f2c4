//! Several rows in one statement.

/// So many rows go in one: a few sizes, since a connection keeps every text prepared that it has seen.
const SIZES: [usize; 3] = [32, 8, 1];

/// Rows as they go, one slice a statement.
pub(crate) fn batches<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (batch, rest) = rows.split_at(size);
        rows = rest;
        Some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::batches;

    #[test]
    fn every_row_goes_once_and_in_order() {
        for count in 0..100u32 {
            let rows: Vec<u32> = (0..count).collect();
            assert_eq!(batches(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        }
        assert_eq!(batches(&[0; 83]).map(<[_]>::len).collect::<Vec<_>>(), [32, 32, 8, 8, 1, 1, 1]);
    }
}
