//! Nobody can win for ever by trying many commits (DMLS-12, DMLS-13), or by taking something from somebody each time (DMLS-11).

use causeway_mls::EpochId;
use causeway_mls::graph::{CommitClass, CommitFacts, EpochGraph, TURNS};

use super::{change, graph, named, of_class, place_all, user};

/// Of many commits that somebody could make in the head, the one whose child epoch serves it best: it looks one epoch
/// ahead, for a parent in which its accomplices draw better than the honest member.
fn ground(graph: &EpochGraph, attacker: &str, round: usize) -> CommitFacts {
    let tries = (0..8).map(|nonce| change(&format!("{attacker}/{round}/{nonce}"), graph.head().id, attacker));
    let favourable = |commit: &CommitFacts| {
        let mut next = graph.clone();
        next.place(commit.clone());
        let (theirs, honest) = (change("probe", next.head().id, attacker), change("honest", next.head().id, "honest"));
        next.place(theirs.clone());
        next.place(honest);
        next.head().id == theirs.id
    };
    let fallback = change(&format!("{attacker}/{round}"), graph.head().id, attacker);
    tries.into_iter().find(favourable).unwrap_or(fallback)
}

fn wins_of_the_honest(attackers: &[&str], class: CommitClass, rounds: usize) -> Vec<usize> {
    let mut graph = graph();
    let mut won = Vec::new();
    for round in 0..rounds {
        let parent: EpochId = graph.head().id;
        let honest = change(&format!("honest/{round}"), parent, "honest");
        let ground: Vec<_> = attackers.iter().map(|attacker| of_class(class, ground(&graph, attacker, round))).collect();
        graph.place(honest.clone());
        for commit in ground {
            graph.place(commit);
        }
        if graph.head().id == honest.id {
            won.push(round);
        }
        graph.take_final();
    }
    won
}

#[test]
fn dmls_12_an_honest_member_wins_one_epoch_of_m_and_one_against_m_who_grind() {
    for m in [1, 2, 4, TURNS - 1] {
        let attackers: Vec<String> = (0..m).map(|index| format!("mallory{index}")).collect();
        let attackers: Vec<&str> = attackers.iter().map(String::as_str).collect();
        let won = wins_of_the_honest(&attackers, CommitClass::Change, 3 * (m + 1));
        assert!(won.windows(2).all(|pair| pair[1] - pair[0] <= m + 1), "{m}: {won:?}");
        assert!(won.len() >= 2, "{m}: {won:?}");
    }
}

/// Whoever adds somebody with each removal has always somebody to remove.
#[test]
fn dmls_11_an_honest_member_wins_though_m_others_remove_somebody_in_each_commit() {
    for m in [1, 2, 4] {
        let attackers: Vec<String> = (0..m).map(|index| format!("mallory{index}")).collect();
        let attackers: Vec<&str> = attackers.iter().map(String::as_str).collect();
        let won = wins_of_the_honest(&attackers, CommitClass::Removal, 60);
        assert!(won.first().is_some_and(|first| *first <= 2 * m), "{m}: {won:?}");
        assert!(won.windows(2).all(|pair| pair[1] - pair[0] <= 2 * m + 1), "{m}: {won:?}");
        assert!(60 - won.last().expect("some") <= 2 * m + 1, "{m}: {won:?}");
    }
}

/// A removal goes before what others change, whoever has just committed, and again when others have had eight epochs.
#[test]
fn dmls_11_a_second_removal_of_one_user_within_eight_epochs_waits_for_its_turn() {
    for between in [0, TURNS - 1, TURNS] {
        let mut graph = graph();
        let removal = |name: &str, parent| of_class(CommitClass::Removal, change(name, parent, "alice"));
        graph.place(change("keys", graph.head().id, "alice"));
        place_all(&mut graph, &[change("first change", named("keys"), "bob"), removal("first", named("keys"))]);
        assert_eq!(graph.head().id, named("first"));
        place_all(&mut graph, &super::line("others", named("first"), between, &["bob", "carol"]));
        let parent = graph.head().id;
        place_all(&mut graph, &[change("change", parent, "erin"), removal("second", parent)]);
        let is_out_of_turn = between >= TURNS;
        let expected = if is_out_of_turn { "second" } else { "change" };
        assert_eq!(graph.head().id, named(expected), "{between}");
        // Whoever begins from here is told of it.
        let begun = graph.at_anchor();
        assert_eq!(begun.recent_commits(&begun.root().id), graph.recent_commits(&begun.root().id));
    }
}

#[test]
fn dmls_13_equal_turns_are_drawn_by_names_that_were_fixed_before() {
    // Whatever two newcomers put into their commits, the same one of them wins.
    let winner = |nonce: usize| {
        let mut graph = graph();
        graph.place(change(&format!("a{nonce}"), graph.head().id, "alice"));
        let parent = super::root().id;
        graph.place(change(&format!("b{nonce}"), parent, "bob"));
        let head = graph.head().id;
        graph.commit(&head).map(|commit| commit.committer.user_uri())
    };
    let first = winner(0);
    assert!((1..50).all(|nonce| winner(nonce) == first));
    assert!([user("alice"), user("bob")].contains(&first.expect("a head")));
}
