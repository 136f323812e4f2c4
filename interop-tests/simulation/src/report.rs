//! What is shown.

use std::time::Duration;

use causeway_simulation::{Failure, Simulation, Summary, shrink_seed};
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

pub(crate) fn bar(what: &str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} ({elapsed}, {per_sec})");
    let bar = ProgressBar::new(length).with_message(what.to_owned());
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn table<T: ToString>(header: &[T]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header(header.iter().map(ToString::to_string));
    table
}

pub(crate) fn show_summary(what: &str, summary: &Summary, took: Duration) {
    let figures = &summary.figures;
    let mut table = table(&[
        "simulation",
        "seeds",
        "steps",
        "commits",
        "forks",
        "conflicts",
        "settlements",
        "messages",
        "rejoins",
        "restores",
        "failed",
        "took",
    ]);
    let failed = summary.failure.as_ref().map_or("none".to_owned(), |(seed, _)| format!("seed {seed}"));
    let numbers = [
        summary.seeds,
        figures.steps,
        figures.commits,
        figures.forks,
        figures.conflicts,
        figures.settlements,
        figures.messages,
        figures.rejoins,
        figures.restores,
    ];
    let cells = [what.to_owned()].into_iter().chain(numbers.iter().map(u64::to_string));
    table.add_row(cells.chain([failed, format!("{:.1} s", took.as_secs_f64())]));
    println!("{table}");
}

/// Shows the fewest steps that fail; gives false, because it failed.
pub(crate) fn show_failure<S: Simulation>(seed: u64, failure: &Failure) -> bool {
    println!("seed {seed}: {failure}\n\nThe fewest steps that fail alike:\n");
    let (setup, steps) = shrink_seed::<S>(seed, failure);
    println!("{setup:#?}");
    for step in &steps {
        println!("{step:?},");
    }
    let played = S::play(setup, &steps, true);
    println!("\nWhat happens:\n\n{}", played.trace.join("\n"));
    if let Err(failure) = played.result {
        println!("\n{failure}");
    }
    false
}

/// Shows a seed; gives whether everything holds in it.
pub(crate) fn show_seed<S: Simulation>(seed: u64) -> bool {
    let (setup, steps) = S::generate(seed);
    let played = S::play(setup, &steps, true);
    match played.result {
        Ok(()) => {
            println!("{setup:#?}\n{}\nAll invariants hold: {:?}", played.trace.join("\n"), played.figures);
            true
        }
        Err(failure) => show_failure::<S>(seed, &failure),
    }
}

/// What was found of a planted bug: by which seed, and how.
#[cfg(feature = "planted-bugs")]
pub(crate) type Found = (causeway_simulation::bugs::Bug, u64, Option<(u64, Failure)>);

#[cfg(feature = "planted-bugs")]
pub(crate) fn show_bugs(found: &[Found]) -> bool {
    let mut table = table(&["bug", "what is wrong", "seeds needed", "invariant"]);
    for (bug, limit, failure) in found {
        let (seeds, invariant) = match failure {
            Some((seed, failure)) => ((seed + 1).to_string(), failure.invariant),
            None => (format!("not within {limit}"), ""),
        };
        table.add_row([format!("{bug:?}"), bug.what().trim().to_owned(), seeds, invariant.to_owned()]);
    }
    println!("{table}");
    found.iter().all(|(_, _, failure)| failure.is_some())
}
