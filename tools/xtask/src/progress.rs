//! Steps that say what they do, how long they took, and, when they fail, what was printed.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use console::style;
use indicatif::{ProgressBar, ProgressStyle};

/// Runs a step, with a spinner on a terminal and one line when it is done.
pub(crate) fn step<T>(what: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let bar = ProgressBar::new_spinner().with_message(what.to_owned());
    bar.set_style(ProgressStyle::with_template("{spinner} {msg} ({elapsed})").unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(120));
    let result = run();
    bar.finish_and_clear();
    let mark = if result.is_ok() { style("✓").green() } else { style("✗").red() };
    say(&format!("{mark} {what} ({:.1} s)", started.elapsed().as_secs_f64()));
    result
}

/// A line for whoever watches.
pub(crate) fn say(line: &str) {
    // A closed stderr is no reason to stop.
    console::Term::stderr().write_line(line).unwrap_or_default();
}

/// Runs a command to its end, quietly; a failure shows what it printed.
pub(crate) fn quietly(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {shown}"))?;
    if !output.status.success() {
        let printed = [output.stdout, output.stderr].concat();
        bail!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&printed));
    }
    Ok(())
}
