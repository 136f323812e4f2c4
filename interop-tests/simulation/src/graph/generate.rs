//! Steps from a seed. Each seed has a temper: calm, torn apart, with a hub, among thieves, or all of it.

use causeway_mls::graph::CommitClass;

use super::step::{Act, Entry, Hub, Named, Orders, Setup, Step};
use crate::dice::Dice;

/// How often what happens, in weights.
struct Temper {
    network: u64,
    partition: u64,
    process: u64,
    statement: u64,
    byzantine: u64,
    /// Whether a Matrix room orders.
    room: bool,
}

const TEMPERS: [Temper; 8] = [
    Temper { network: 4, partition: 0, process: 1, statement: 0, byzantine: 0, room: false },
    Temper { network: 3, partition: 4, process: 1, statement: 0, byzantine: 0, room: false },
    Temper { network: 3, partition: 3, process: 2, statement: 3, byzantine: 0, room: false },
    Temper { network: 3, partition: 1, process: 1, statement: 0, byzantine: 8, room: false },
    Temper { network: 2, partition: 2, process: 2, statement: 3, byzantine: 8, room: false },
    Temper { network: 8, partition: 1, process: 6, statement: 2, byzantine: 3, room: false },
    Temper { network: 4, partition: 3, process: 3, statement: 1, byzantine: 0, room: true },
    Temper { network: 3, partition: 2, process: 2, statement: 2, byzantine: 8, room: true },
];

/// The world and the steps of a seed.
pub(super) fn generate(seed: u64) -> (Setup, Vec<Step>) {
    let mut dice = Dice::new(seed);
    let temper = &TEMPERS[dice.below(TEMPERS.len())];
    let setup = Setup {
        window: [2, 3, 5][dice.below(3)],
        members: 2 + dice.below(4),
        followers: dice.below(3),
        byzantine: if temper.byzantine > 0 { 1 + dice.below(2) } else { 0 },
        hub: match (dice.below(3), temper.byzantine > 0) {
            _ if temper.room => Hub::Room,
            (0, _) => Hub::Honest,
            (1, true) => Hub::Byzantine,
            _ => Hub::None,
        },
    };
    let length = 15 + dice.below(60);
    let steps = (0..length).map(|_| step(&mut dice, temper)).collect();
    (setup, steps)
}

fn step(dice: &mut Dice, temper: &Temper) -> Step {
    let weights = [10, 10, temper.network, temper.partition, temper.process, temper.statement, temper.byzantine];
    let mut roll = dice.roll() % weights.iter().sum::<u64>();
    let mut kind = 0;
    while roll >= weights[kind] {
        roll -= weights[kind];
        kind += 1;
    }
    let node = dice.below(64);
    match kind {
        0 if temper.room && dice.percent(20) => Step::Write { node },
        0 => Step::Commit { node, class: class(dice) },
        1 if dice.percent(40) => Step::FlushAll { order: dice.roll() },
        1 => Step::Flush { node, order: dice.roll() },
        2 => network(dice, node),
        3 if dice.percent(60) => Step::Partition { sides: dice.roll() as u32 },
        3 => Step::Heal,
        4 => process(dice, node),
        5 if dice.percent(80) => Step::OpenTerm { node, by: orders(dice, temper.room) },
        5 => Step::Override { node, ours: dice.percent(50) },
        _ => byzantine(dice, node, temper.room),
    }
}

fn orders(dice: &mut Dice, room: bool) -> Orders {
    match dice.below(if room { 5 } else { 2 }) {
        0 => Orders::Hub,
        1 => Orders::Members,
        room => Orders::Room(room / 4),
    }
}

fn class(dice: &mut Dice) -> CommitClass {
    [CommitClass::Removal, CommitClass::Change, CommitClass::Change, CommitClass::Renewal][dice.below(4)]
}

fn network(dice: &mut Dice, node: usize) -> Step {
    let nth = dice.below(64);
    match dice.below(4) {
        0 => Step::Drop { node, nth },
        1 => Step::Repeat { node, nth },
        _ => Step::Deliver { node, nth },
    }
}

fn process(dice: &mut Dice, node: usize) -> Step {
    match dice.below(6) {
        0 => Step::Restart { node },
        1 | 2 => Step::Backup { node },
        3 => Step::Restore { node },
        4 => Step::Join { node, from: dice.below(64) },
        _ => Step::CatchUp { node, from: dice.below(64) },
    }
}

fn byzantine(dice: &mut Dice, node: usize, room: bool) -> Step {
    let act = match dice.below(14) {
        _ if room && dice.percent(40) => write(dice),
        0 | 1 => Act::Equivocate { first: class(dice), second: class(dice) },
        2 | 3 => Act::Late { class: class(dice) },
        4 => Act::Grind { tries: 8 },
        5 => Act::SkipTerm { ahead: 1 + dice.roll() % 3 },
        6 => Act::OpenTerm { ahead: dice.roll() % 4, by: orders(dice, room) },
        7 => Act::Override { ahead: dice.roll() % 3 },
        8 | 9 => Act::Branch { length: 1 + dice.below(9), together: dice.percent(50) },
        10 => Act::Flood { count: 4 + dice.below(30), terms: dice.percent(50) },
        11 if dice.percent(40) => Act::Tree { depth: 2 + dice.below(5) },
        11 | 12 => Act::Accept { count: 1 + dice.roll() % 4 },
        _ if dice.percent(20) => Act::Statements { count: 4 + dice.below(300) },
        _ => Act::Late { class: CommitClass::Removal },
    };
    let back = if dice.percent(70) { dice.below(4) } else { dice.below(12) };
    let to = if dice.percent(50) { u32::MAX } else { dice.roll() as u32 };
    Step::Byzantine { who: dice.below(8), node, back, act, to }
}

fn write(dice: &mut Dice) -> Act {
    let named = [Named::Loser, Named::Loser, Named::Own, Named::Nothing][dice.below(4)];
    let younger = if dice.percent(50) { 0 } else { dice.roll() % 40 };
    let after = dice.percent(40).then(|| dice.below(20));
    Act::Write(Entry { room: usize::from(dice.percent(15)), named, younger, after })
}
