//! What the simulation of the graph has found.

use causeway_mls::graph::CommitClass::{Change, Removal, Renewal};
use causeway_simulation::graph::{Act, Entry, Graph, Hub, Named, Orders, Setup, Step};
use causeway_simulation::{Simulation, play_seed};

const SETUP: Setup = Setup { window: 3, members: 4, followers: 1, byzantine: 1, hub: Hub::None };

fn holds(setup: Setup, steps: &[Step]) {
    let played = Graph::play(setup, steps, true);
    if let Err(failure) = played.result {
        panic!("{failure}\n{}", played.trace.join("\n"));
    }
}

fn byzantine(who: usize, node: usize, back: usize, act: Act, to: u32) -> Step {
    Step::Byzantine { who, node, back, act, to }
}

#[test]
fn the_first_seeds_hold() {
    for seed in 0..60 {
        if let Err(failure) = play_seed::<Graph>(seed).result {
            panic!("seed {seed}: {failure}");
        }
    }
}

#[test]
fn a_seed_is_played_alike_each_time() {
    let (setup, steps) = Graph::generate(7);
    let (one, other) = (Graph::play(setup, &steps, true), Graph::play(setup, &steps, true));
    assert_eq!((one.figures, one.trace), (other.figures, other.trace));
}

/// Whoever was shown another branch, and finalised it, was not told; and an override changed nothing (DMLS-18, DMLS-19).
#[test]
fn dmls_18_sides_that_one_byzantine_member_has_led_apart_hear_of_it() {
    let steps = [
        byzantine(1, 0, 3, Act::Tree { depth: 4 }, 2459440059),
        byzantine(0, 3, 1, Act::Branch { length: 5, together: false }, 2468235735),
        Step::Commit { node: 1, class: Change },
        Step::Commit { node: 1, class: Change },
        Step::Flush { node: 0, order: 8483745666877823637 },
        byzantine(1, 0, 2, Act::SkipTerm { ahead: 1 }, 1298581027),
        Step::FlushAll { order: 5325837484806655382 },
        Step::Commit { node: 0, class: Change },
    ];
    holds(Setup { followers: 2, byzantine: 2, ..SETUP }, &steps);
}

#[test]
fn dmls_18_an_override_ends_a_conflict_though_the_branch_that_lost_is_longer() {
    let steps = [
        byzantine(1, 4, 3, Act::Branch { length: 3, together: false }, 876413432),
        byzantine(1, 0, 2, Act::SkipTerm { ahead: 1 }, 1298581027),
        Step::FlushAll { order: 5325837484806655382 },
        Step::Commit { node: 3, class: Removal },
    ];
    holds(Setup { followers: 2, byzantine: 2, ..SETUP }, &steps);
}

/// The hub has accepted one of 22 commits of one user, which others had dropped already.
#[test]
fn dmls_9_what_the_hub_accepts_is_kept_among_many_commits_of_one_user() {
    let steps = [byzantine(0, 3, 7, Act::Flood { count: 22, terms: true }, 1295466185)];
    holds(Setup { window: 5, members: 2, followers: 2, hub: Hub::Honest, ..SETUP }, &steps);
}

#[test]
fn dmls_19_an_override_for_a_branch_that_was_crowded_out_is_followed() {
    let to_all = u32::MAX;
    let steps = [
        byzantine(0, 3, 2, Act::OpenTerm { ahead: 3, by: Orders::Members }, to_all),
        byzantine(0, 0, 2, Act::Branch { length: 2, together: false }, to_all),
        byzantine(0, 2, 3, Act::Branch { length: 7, together: false }, to_all),
        Step::Flush { node: 0, order: 10513106812625134735 },
        byzantine(0, 0, 0, Act::OpenTerm { ahead: 1, by: Orders::Hub }, 4158890983),
        Step::Commit { node: 0, class: Renewal },
        Step::Commit { node: 0, class: Removal },
        byzantine(0, 0, 7, Act::Branch { length: 2, together: true }, to_all),
    ];
    holds(Setup { members: 3, hub: Hub::Honest, ..SETUP }, &steps);
}

#[test]
fn dmls_16_two_admins_who_have_opened_terms_can_still_bring_the_group_together() {
    let steps = [
        Step::OpenTerm { node: 1, by: Orders::Hub },
        Step::Commit { node: 1, class: Renewal },
        Step::OpenTerm { node: 0, by: Orders::Hub },
        Step::Commit { node: 1, class: Change },
        Step::Commit { node: 0, class: Renewal },
        Step::Commit { node: 1, class: Renewal },
    ];
    holds(Setup { window: 2, members: 2, followers: 2, byzantine: 2, hub: Hub::Honest }, &steps);
}

#[test]
fn dmls_9_a_branch_of_an_equivocator_stays_once_others_have_built_on_it() {
    let steps = [
        byzantine(0, 3, 3, Act::Branch { length: 7, together: true }, 3824490243),
        Step::FlushAll { order: 6215120504161284961 },
        Step::Commit { node: 0, class: Change },
        Step::Commit { node: 0, class: Renewal },
        byzantine(0, 0, 4, Act::Flood { count: 32, terms: true }, u32::MAX),
    ];
    holds(Setup { window: 2, members: 5, followers: 0, hub: Hub::Byzantine, ..SETUP }, &steps);
}

/// Room was made by dropping the very epoch that the new commit had been made in.
#[test]
fn dmls_9_a_commit_s_own_parent_is_not_what_makes_room_for_it() {
    let steps = [
        byzantine(0, 3, 3, Act::Tree { depth: 4 }, u32::MAX),
        byzantine(0, 2, 7, Act::Branch { length: 3, together: true }, 3427442381),
        Step::FlushAll { order: 12672310344064664867 },
        byzantine(0, 0, 0, Act::Branch { length: 8, together: true }, u32::MAX),
        Step::Commit { node: 2, class: Removal },
    ];
    holds(Setup { window: 5, followers: 2, hub: Hub::Byzantine, ..SETUP }, &steps);
}

/// Where one of two commits that show an equivocation was dropped, the other ranked as if it were alone.
#[test]
fn dmls_9_commits_that_show_an_equivocation_go_together() {
    let steps = [
        Step::Commit { node: 1, class: Change },
        Step::Commit { node: 1, class: Removal },
        Step::FlushAll { order: 1087013346578119526 },
        Step::Commit { node: 0, class: Removal },
        Step::Commit { node: 0, class: Removal },
        byzantine(0, 0, 3, Act::Late { class: Change }, u32::MAX),
        Step::Flush { node: 3, order: 18343056316240776662 },
        byzantine(0, 2, 2, Act::Late { class: Renewal }, u32::MAX),
        byzantine(0, 3, 1, Act::Tree { depth: 6 }, 48239733),
        byzantine(0, 2, 0, Act::Flood { count: 8, terms: false }, 1616053902),
        byzantine(0, 0, 5, Act::Late { class: Change }, u32::MAX),
    ];
    holds(Setup { window: 5, members: 3, ..SETUP }, &steps);
}

#[test]
fn dmls_19_two_admins_who_decide_differently_end_on_one_side() {
    let steps = [
        byzantine(1, 0, 1, Act::Flood { count: 10, terms: false }, u32::MAX),
        byzantine(1, 0, 3, Act::Branch { length: 7, together: true }, 1333576007),
        Step::FlushAll { order: 8894548166464950000 },
        Step::Override { node: 0, ours: true },
        Step::Override { node: 1, ours: false },
    ];
    holds(Setup { window: 5, members: 2, followers: 0, byzantine: 2, hub: Hub::Honest }, &steps);
}

#[test]
fn dmls_16_who_has_decided_once_can_decide_again_when_another_side_turns_up() {
    let steps = [
        byzantine(0, 1, 5, Act::Override { ahead: 2 }, u32::MAX),
        Step::Commit { node: 0, class: Renewal },
        Step::Flush { node: 1, order: 16182147170283847393 },
        Step::Commit { node: 0, class: Change },
        Step::Commit { node: 0, class: Removal },
        Step::Commit { node: 0, class: Renewal },
        byzantine(0, 0, 2, Act::SkipTerm { ahead: 2 }, u32::MAX),
        Step::Commit { node: 0, class: Change },
        Step::Commit { node: 0, class: Renewal },
        Step::Commit { node: 1, class: Renewal },
        byzantine(0, 0, 7, Act::Equivocate { first: Change, second: Change }, u32::MAX),
    ];
    holds(Setup { members: 2, followers: 0, hub: Hub::Byzantine, ..SETUP }, &steps);
}

/// Commits that waited for nothing left no room for the override to wait in.
#[test]
fn dmls_20_an_override_waits_beside_many_commits_that_wait() {
    let steps = [
        Step::Commit { node: 0, class: Change },
        byzantine(0, 0, 1, Act::Tree { depth: 6 }, 1662941962),
        Step::Flush { node: 1, order: 7335135100615454180 },
        Step::Commit { node: 0, class: Change },
        byzantine(0, 1, 0, Act::Equivocate { first: Change, second: Change }, u32::MAX),
        Step::FlushAll { order: 4929959346098583078 },
        byzantine(0, 0, 1, Act::Late { class: Removal }, 2243202429),
        Step::Commit { node: 0, class: Change },
        Step::FlushAll { order: 12850524628022722366 },
        Step::Commit { node: 0, class: Change },
        Step::Commit { node: 1, class: Change },
        Step::Commit { node: 0, class: Removal },
        byzantine(0, 1, 10, Act::Override { ahead: 1 }, 3651998582),
        Step::Commit { node: 0, class: Removal },
        byzantine(0, 1, 3, Act::Flood { count: 16, terms: false }, u32::MAX),
    ];
    holds(Setup { members: 2, followers: 0, hub: Hub::Byzantine, ..SETUP }, &steps);
}

/// Three sides opened terms where the others could not follow, and nobody could sign any more.
#[test]
fn three_sides_that_have_lost_touch_begin_anew_from_one() {
    let commits = [2, 1, 2, 0, 2, 0, 1, 2, 0, 1].map(|node| Step::Commit { node, class: Change });
    let before = [
        Step::Commit { node: 0, class: Change },
        Step::Partition { sides: 2215078691 },
        Step::FlushAll { order: 5182978154031714447 },
    ];
    let after = [
        Step::OpenTerm { node: 2, by: Orders::Members },
        Step::Commit { node: 1, class: Change },
        Step::OpenTerm { node: 0, by: Orders::Members },
        Step::OpenTerm { node: 1, by: Orders::Hub },
    ];
    let steps: Vec<Step> = before.into_iter().chain(commits).chain(after).collect();
    holds(Setup { window: 2, members: 3, followers: 0, byzantine: 0, hub: Hub::None }, &steps);
}

/// The room names a commit that never comes, as the next one: members go on by rank, and nobody writes over it.
#[test]
fn dmls_37_an_entry_for_a_commit_that_never_comes_stops_nobody() {
    let entry = Entry { room: 0, named: Named::Nothing, younger: 22, after: None };
    let steps = [byzantine(1, 3, 0, Act::Write(entry), u32::MAX)];
    holds(Setup { members: 3, byzantine: 2, hub: Hub::Room, ..SETUP }, &steps);
}

/// A newcomer is told of the room's order with the graph, and has not seen the room itself.
#[test]
fn dmls_36_a_newcomer_ranks_as_the_room_does() {
    let steps = [
        Step::Commit { node: 2, class: Removal },
        Step::Commit { node: 0, class: Change },
        Step::Deliver { node: 0, nth: 0 },
        Step::Join { node: 1, from: 0 },
    ];
    holds(Setup { members: 3, followers: 0, byzantine: 0, hub: Hub::Room, ..SETUP }, &steps);
}

/// Two sides have each had their commits accepted by the room as they saw it; somebody writes over both.
#[test]
fn dmls_36_sides_that_saw_the_room_differently_come_to_one_head() {
    let over = |named, younger| Act::Write(Entry { room: 0, named, younger, after: Some(1) });
    let steps = [
        Step::Partition { sides: 0b0011 },
        Step::Commit { node: 0, class: Change },
        Step::Commit { node: 2, class: Removal },
        Step::FlushAll { order: 1 },
        Step::Commit { node: 1, class: Change },
        Step::Commit { node: 3, class: Renewal },
        Step::Heal,
        byzantine(0, 0, 1, over(Named::Loser, 0), u32::MAX),
        Step::FlushAll { order: 2 },
        byzantine(0, 2, 1, over(Named::Loser, 30), 0b0101),
        byzantine(0, 1, 0, over(Named::Own, 9), 0b0010),
        Step::FlushAll { order: 3 },
        Step::Restart { node: 2 },
        Step::Write { node: 2 },
    ];
    holds(Setup { hub: Hub::Room, ..SETUP }, &steps);
}
