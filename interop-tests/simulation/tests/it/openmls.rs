//! What the simulation with real openmls has found; the engine's own tests of the same are in `mls/tests/it/forkable`.

use causeway_simulation::graph::{Hub, Orders};
use causeway_simulation::openmls::{Act, Change, Crash, Openmls, Setup, Step};
use causeway_simulation::{Simulation, play_seed};

const SETUP: Setup = Setup {
    chance: 1,
    window: 3,
    members: 3,
    newcomers: 0,
    two_clients: false,
    server: false,
    byzantine: None,
    hub: Hub::None,
    hardened: false,
};

fn holds(setup: Setup, steps: &[Step]) {
    let played = Openmls::play(setup, steps, true);
    if let Err(failure) = played.result {
        panic!("{failure}\n{}", played.trace.join("\n"));
    }
}

fn commit(node: usize, change: Change) -> Step {
    Step::Commit { node, change, crash: Crash::No }
}

#[test]
fn the_first_seeds_of_openmls_hold() {
    for seed in 0..12 {
        if let Err(failure) = play_seed::<Openmls>(seed).result {
            panic!("seed {seed}: {failure}");
        }
    }
}

/// MLS' own randomness follows from the seed, where the feature is there.
#[cfg(feature = "planted-bugs")]
#[test]
fn a_seed_of_openmls_is_played_alike_each_time() {
    for seed in [3, 43] {
        let (setup, steps) = Openmls::generate(seed);
        let (one, other) = (Openmls::play(setup, &steps, true), Openmls::play(setup, &steps, true));
        assert_eq!((one.figures, one.trace), (other.figures, other.trace));
    }
}

#[test]
fn a_message_opens_once_where_a_user_has_two_clients() {
    let steps = [Step::Send { node: 1, client: 1, crash: Crash::No }, Step::FlushAll { order: 2 }, Step::Again { node: 0 }];
    holds(Setup { two_clients: true, ..SETUP }, &steps);
}

#[test]
fn a_group_goes_on_beside_a_commit_that_nobody_can_open() {
    let to = u32::MAX;
    let steps = [Step::Byzantine { act: Act::BadPath, back: 0, to }, Step::FlushAll { order: 2 }];
    for (byzantine, hardened) in [(false, false), (true, false), (false, true), (true, true)] {
        holds(Setup { byzantine: Some(byzantine), hardened, ..SETUP }, &steps);
    }
}

/// DMLS-9, DMLS-35: an epoch that is entered, given up, and comes again in one transaction cannot be entered again; whoever is
/// stranded by that comes back.
#[test]
fn a_hardened_group_goes_on_where_one_member_makes_too_many_commits() {
    let steps = [
        Step::Byzantine { act: Act::Equivocate, back: 3, to: 4_192_222_197 },
        Step::FlushAll { order: 10_910_476_899_287_372_611 },
        Step::Send { node: 60, client: 1, crash: Crash::No },
        Step::Byzantine { act: Act::Crowd, back: 4, to: u32::MAX },
    ];
    let chance = 10_218_425_715_262_756_620;
    let byzantine = Some(true);
    holds(Setup { chance, members: 4, newcomers: 1, server: true, byzantine, hardened: true, ..SETUP }, &steps);
}

/// DMLS-9: one epoch is given up, with its secrets, and made again.
#[test]
fn a_crowd_of_commits_by_one_member_makes_no_message_open_twice() {
    let steps = [
        commit(1, Change::Rename { name: 23 }),
        Step::Byzantine { act: Act::Crowd, back: 0, to: u32::MAX },
        Step::FlushAll { order: 9341836549100845910 },
        Step::Byzantine { act: Act::Misorder, back: 3, to: 4073580910 },
        Step::Again { node: 0 },
    ];
    for hub in [Hub::None, Hub::Honest, Hub::Byzantine] {
        holds(Setup { byzantine: Some(true), hub, ..SETUP }, &steps);
    }
}

#[test]
fn a_newcomer_knows_the_terms_from_before_its_anchor() {
    let before = [Step::OpenTerm { node: 0, by: Orders::Members }, Step::FlushAll { order: 1 }];
    let commits = [0, 1, 0, 1, 0].map(|node| [commit(node, Change::Renew), Step::FlushAll { order: 2 }]);
    let after =
        [commit(0, Change::Add { user: 3 }), Step::FlushAll { order: 3 }, commit(3, Change::Renew), commit(1, Change::Renew)];
    let steps: Vec<Step> = before.into_iter().chain(commits.into_iter().flatten()).chain(after).collect();
    holds(Setup { newcomers: 1, window: 2, ..SETUP }, &steps);
}

#[test]
fn two_admins_who_have_removed_each_other_beside_the_head_are_settled() {
    let steps = [
        commit(0, Change::Rename { name: 59 }),
        commit(1, Change::Rename { name: 59 }),
        commit(0, Change::Remove { user: 1 }),
        commit(1, Change::Remove { user: 0 }),
        commit(2, Change::OwnClient),
    ];
    holds(Setup { members: 4, two_clients: true, ..SETUP }, &steps);
}

/// A hub is cut off, the members go on without it, and it comes back.
#[test]
fn a_hub_that_returns_undoes_nothing() {
    let steps = [
        commit(0, Change::Renew),
        Step::FlushAll { order: 1 },
        Step::Partition { sides: 1 },
        Step::OpenTerm { node: 1, by: Orders::Members },
        commit(1, Change::Remove { user: 2 }),
        commit(0, Change::Rename { name: 1 }),
        Step::Send { node: 0, client: 0, crash: Crash::No },
        Step::Send { node: 1, client: 0, crash: Crash::No },
        Step::FlushAll { order: 2 },
        Step::Heal,
        Step::FlushAll { order: 3 },
    ];
    holds(Setup { members: 4, hub: Hub::Honest, server: true, ..SETUP }, &steps);
}

#[test]
fn a_node_that_is_restored_from_a_backup_uses_nothing_again() {
    let steps = [
        Step::Backup { node: 1 },
        Step::Send { node: 1, client: 0, crash: Crash::No },
        commit(0, Change::Renew),
        Step::FlushAll { order: 1 },
        Step::Restore { node: 1 },
        Step::Send { node: 1, client: 0, crash: Crash::No },
        Step::CatchUp { node: 1, from: 0 },
        Step::Return { node: 1 },
        Step::Send { node: 1, client: 0, crash: Crash::BeforeSending },
    ];
    holds(SETUP, &steps);
}

/// Its user was the only one who might add it, and could not tell of the graph before the anchor had come to where it was back.
#[test]
fn a_client_of_a_lost_branch_is_added_again_by_its_user_who_has_come_back_itself() {
    let steps = [
        commit(0, Change::Renew),
        Step::Commit { node: 1, change: Change::OwnClient, crash: Crash::BeforeSending },
        Step::Repeat { node: 0, nth: 5 },
        commit(1, Change::Role { user: 46 }),
        Step::Settle { node: 0 },
        commit(1, Change::OwnClient),
        commit(1, Change::Renew),
        commit(0, Change::Rename { name: 0 }),
        commit(0, Change::Rename { name: 0 }),
    ];
    let setup = Setup { chance: 4894278062666505764, window: 2, members: 2, two_clients: true, server: true, ..SETUP };
    holds(setup, &steps);
}

/// Two sides of a partition have each had their commits accepted by the room as they saw it.
#[test]
fn dmls_36_sides_that_saw_the_room_differently_come_to_one_head() {
    let steps = [
        Step::Partition { sides: 1 },
        commit(0, Change::Remove { user: 2 }),
        commit(1, Change::Rename { name: 1 }),
        Step::FlushAll { order: 1 },
        Step::Send { node: 0, client: 0, crash: Crash::No },
        Step::Send { node: 2, client: 0, crash: Crash::No },
        commit(2, Change::Renew),
        Step::Heal,
        Step::FlushAll { order: 2 },
        Step::Byzantine { act: Act::Write { younger: 30 }, back: 1, to: u32::MAX },
        Step::FlushAll { order: 3 },
        Step::Write { node: 1 },
    ];
    holds(Setup { members: 4, hub: Hub::Room, server: true, ..SETUP }, &steps);
}

/// The others have lost touch, and begun anew from the one whom they had removed: nobody removes itself.
#[test]
fn what_only_its_victim_remembers_is_not_settled() {
    let steps = [
        commit(0, Change::Roles),
        commit(0, Change::Renew),
        Step::Commit { node: 1, change: Change::Remove { user: 0 }, crash: Crash::Prepared },
        commit(0, Change::Remove { user: 2 }),
        commit(0, Change::Rename { name: 22 }),
        Step::OpenTerm { node: 0, by: Orders::Members },
    ];
    let setup = Setup { chance: 2882551942253982469, window: 2, byzantine: Some(true), server: true, ..SETUP };
    holds(setup, &steps);
}
