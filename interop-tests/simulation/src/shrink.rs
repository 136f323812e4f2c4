//! Fewer steps that fail alike: delta debugging over the list.

/// The most runs that shrinking may take.
const MAX_RUNS: usize = 2000;

/// Takes away as many steps as possible for as long as `fails` says that the rest still fails. What is left fails, and
/// fails no more without any one of its steps (as far as the number of runs allows).
pub fn shrink<T: Clone>(steps: &[T], fails: impl Fn(&[T]) -> bool) -> Vec<T> {
    let (mut steps, mut runs) = (steps.to_vec(), 0);
    let mut chunk = steps.len().div_ceil(2).max(1);
    loop {
        let (mut at, mut removed) = (0, false);
        while at < steps.len() && runs < MAX_RUNS {
            let end = (at + chunk).min(steps.len());
            let rest: Vec<T> = steps[..at].iter().chain(&steps[end..]).cloned().collect();
            runs += 1;
            if fails(&rest) {
                (steps, removed) = (rest, true);
            } else {
                at = end;
            }
        }
        match (chunk, removed) {
            _ if runs >= MAX_RUNS => return steps,
            (1, false) => return steps,
            (1, true) => {}
            _ => chunk = chunk.div_ceil(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shrink;

    #[test]
    fn only_the_steps_that_matter_are_left() {
        let steps: Vec<u32> = (0..100).collect();
        let fails = |steps: &[u32]| steps.contains(&17) && steps.contains(&71) && steps.iter().any(|step| step % 13 == 5);
        let mut left = shrink(&steps, fails);
        left.sort_unstable();
        assert_eq!(left.len(), 3);
        assert!(fails(&left));
    }
}
