//! Steps from a seed. Each seed has a temper: calm, torn apart, dying, with terms, among thieves, or all of it.

use super::step::{Act, Change, Crash, Setup, Step};
use crate::dice::Dice;
use crate::graph::{Hub, Orders};

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
    Temper { network: 2, partition: 1, process: 1, statement: 0, byzantine: 0, room: false },
    Temper { network: 2, partition: 3, process: 1, statement: 0, byzantine: 0, room: false },
    Temper { network: 2, partition: 2, process: 8, statement: 0, byzantine: 0, room: false },
    Temper { network: 2, partition: 3, process: 1, statement: 3, byzantine: 0, room: false },
    Temper { network: 2, partition: 1, process: 1, statement: 0, byzantine: 8, room: false },
    Temper { network: 2, partition: 2, process: 4, statement: 2, byzantine: 5, room: false },
    Temper { network: 2, partition: 2, process: 3, statement: 1, byzantine: 0, room: true },
    Temper { network: 2, partition: 2, process: 2, statement: 2, byzantine: 6, room: true },
];

/// The world and the steps of a seed.
pub(super) fn generate(seed: u64) -> (Setup, Vec<Step>) {
    let mut dice = Dice::new(seed);
    let temper = &TEMPERS[dice.below(TEMPERS.len())];
    let chance = dice.roll();
    let setup = Setup {
        chance,
        window: [2, 3, 5][dice.below(3)],
        members: 2 + dice.below(3),
        newcomers: usize::from(dice.percent(60)),
        two_clients: dice.percent(50),
        server: dice.percent(50),
        byzantine: (temper.byzantine > 0).then(|| dice.percent(50)),
        hub: match (dice.below(3), temper.byzantine > 0) {
            _ if temper.room => Hub::Room,
            (0, _) => Hub::Honest,
            (1, true) => Hub::Byzantine,
            _ => Hub::None,
        },
        // Not a throw of its own, so that other seeds stay what they are.
        hardened: chance.is_multiple_of(4),
    };
    let length = 15 + dice.below(30);
    let mut steps = Vec::new();
    while steps.len() < length {
        let step = step(&mut dice, temper);
        // Half of the commits have a rival, which often is about the same user.
        if let Step::Commit { node, change: wanted, .. } = step
            && dice.percent(50)
        {
            let change = if dice.percent(50) { rival(&mut dice, wanted) } else { change(&mut dice) };
            steps.push(Step::Commit { node: node + 1 + dice.below(3), change, crash: Crash::No });
        }
        steps.push(step);
    }
    (setup, steps)
}

fn step(dice: &mut Dice, temper: &Temper) -> Step {
    let weights = [8, 8, 7, 4, temper.network, temper.partition, temper.process, temper.statement, temper.byzantine];
    let mut roll = dice.roll() % weights.iter().sum::<u64>();
    let mut kind = 0;
    while roll >= weights[kind] {
        roll -= weights[kind];
        kind += 1;
    }
    let node = dice.below(64);
    match kind {
        0 => Step::Commit { node, change: change(dice), crash: crash(dice, temper) },
        1 => Step::Send { node, client: dice.below(2), crash: crash(dice, temper) },
        2 if dice.percent(50) => Step::FlushAll { order: dice.roll() },
        2 => Step::Flush { node, order: dice.roll() },
        3 if temper.room && dice.percent(30) => Step::Write { node },
        3 => mending(dice, node),
        4 if dice.percent(30) => Step::Drop { node, nth: dice.below(64) },
        4 if dice.percent(40) => Step::Again { node },
        4 => Step::Repeat { node, nth: dice.below(64) },
        5 if dice.percent(60) => Step::Partition { sides: dice.roll() as u32 },
        5 => Step::Heal,
        6 => process(dice, node),
        7 if dice.percent(75) => Step::OpenTerm { node, by: orders(dice, temper.room) },
        7 => Step::Override { node, ours: dice.percent(50) },
        _ => byzantine(dice, temper.room),
    }
}

fn orders(dice: &mut Dice, room: bool) -> Orders {
    [Orders::Hub, Orders::Members, Orders::Room(0)][dice.below(if room { 3 } else { 2 })]
}

fn change(dice: &mut Dice) -> Change {
    let user = dice.below(64);
    match dice.below(16) {
        0..=2 => Change::Renew,
        3 | 4 => Change::Rename { name: user },
        5 | 6 => Change::Role { user },
        7..=9 => Change::Remove { user },
        10..=12 => Change::Add { user },
        13 | 14 => Change::OwnClient,
        _ => Change::Roles,
    }
}

/// Something else with the same user, or the same thing.
fn rival(dice: &mut Dice, wanted: Change) -> Change {
    match wanted {
        Change::Role { user } | Change::Remove { user } | Change::Add { user } => {
            [Change::Role { user }, Change::Remove { user }, Change::Add { user }][dice.below(3)]
        }
        other => other,
    }
}

fn crash(dice: &mut Dice, temper: &Temper) -> Crash {
    match dice.percent(temper.process * 4) {
        true => [Crash::BeforeStoring, Crash::Prepared, Crash::BeforeSending][dice.below(3)],
        false => Crash::No,
    }
}

fn mending(dice: &mut Dice, node: usize) -> Step {
    match dice.below(4) {
        0 => Step::Return { node },
        1 => Step::Settle { node },
        _ => Step::CatchUp { node, from: dice.below(64) },
    }
}

fn process(dice: &mut Dice, node: usize) -> Step {
    match dice.below(6) {
        0 | 1 => Step::Restart { node },
        2 | 3 => Step::Backup { node },
        _ => Step::Restore { node },
    }
}

fn byzantine(dice: &mut Dice, room: bool) -> Step {
    let act = match dice.below(15) {
        _ if room && dice.percent(35) => Act::Write { younger: if dice.percent(50) { 0 } else { dice.roll() % 40 } },
        0 | 1 => Act::Equivocate,
        2 => Act::BadPath,
        3..=5 => Act::Tags,
        6 | 7 => Act::Replay,
        8..=10 => Act::Branch { length: 1 + dice.below(4) },
        11 => Act::Crowd,
        12 => Act::Send,
        _ => Act::Misorder,
    };
    let to = if dice.percent(50) { u32::MAX } else { dice.roll() as u32 };
    Step::Byzantine { act, back: dice.below(6), to }
}
