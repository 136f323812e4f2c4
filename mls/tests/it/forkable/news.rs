//! Two who have the graph tell each other what the other lacks (SPEC §15.2).

use causeway_mls::graph::Authority;
use causeway_mls::{Known, News, Tail};

use super::statements::sovereign;
use super::*;

fn hear_news(node: &mut Node, news: &News, roots: &TrustRoots) {
    for statement in &news.statements {
        node.group.receive_statement(statement).unwrap();
    }
    for commit in &news.commits {
        node.hear(commit, roots);
    }
}

#[test]
fn dmls_40_each_is_told_what_it_lacks_and_no_more() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let by_alice = [trio.alice.commit(&CommitPlan::default(), &roots), trio.alice.commit(&CommitPlan::default(), &roots)];
    let term = trio.alice.group.open_term(&trio.alice.identity, Authority::MatrixRoom { room_id: "!r".to_owned() }).unwrap();
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    let (of_alice, of_bob) = (trio.alice.group.known(), trio.bob.group.known());
    assert!(trio.alice.group.lacks(&of_bob) && trio.bob.group.lacks(&of_alice));
    let for_bob = trio.alice.group.news_for(&of_bob).unwrap();
    let commits = by_alice.map(|prepared| prepared.pending.commit);
    assert_eq!(for_bob, News { commits: commits.to_vec(), statements: vec![term.to_bytes()] });
    let for_alice = trio.bob.group.news_for(&of_alice).unwrap();
    assert_eq!(for_alice, News { commits: vec![by_bob.pending.commit], statements: vec![] });
    hear_news(&mut trio.bob, &for_bob, &roots);
    hear_news(&mut trio.alice, &for_alice, &roots);
    assert_eq!(trio.alice.group.head(), trio.bob.group.head());
    for (one, other) in [(&trio.alice, &trio.bob), (&trio.bob, &trio.alice)] {
        let known = other.group.known();
        assert!(!one.group.lacks(&known) && one.group.news_for(&known).unwrap().is_empty());
    }
    // A few octets, where the tail has the whole tree.
    let sizes = [rmp_serde::to_vec(&for_alice).unwrap().len(), rmp_serde::to_vec(&tail(&trio.bob)).unwrap().len()];
    assert!(sizes[0] * 2 < sizes[1], "{sizes:?}");
}

fn tail(node: &Node) -> Tail {
    node.group.tail(&node.identity).unwrap()
}

#[test]
fn dmls_40_who_does_not_have_our_anchor_needs_the_tail() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let behind = trio.bob.group.known();
    for _ in 0..7 {
        trio.alice.commit(&CommitPlan::default(), &roots);
        trio.alice.group.forget();
    }
    assert_eq!(trio.alice.group.news_for(&behind), None);
    assert_eq!(trio.alice.group.news_for(&Known::default()), None);
    // And who is ahead of us by more than the window has nothing to be told of what is final there.
    assert!(trio.bob.group.news_for(&trio.alice.group.known()).unwrap().is_empty());
    assert!(trio.bob.group.lacks(&trio.alice.group.known()));
}

#[test]
fn dmls_40_an_old_epoch_that_we_have_forgotten_is_not_wanted() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    for _ in 0..3 {
        trio.alice.commit(&CommitPlan::default(), &roots);
    }
    let told = ForkableGroup::observe(&tail(&trio.alice), trio.judge()).unwrap();
    assert_eq!(told.graph().root(), trio.alice.group.graph().anchor());
    assert!(!told.lacks(&trio.alice.group.known()), "what is before its root");
}

/// Names do not tell variants apart: who has one with wrong tags is told the one that opens.
#[test]
fn dmls_40_who_has_a_wrong_variant_is_told_the_right_one() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let right = trio.alice.commit(&CommitPlan::default(), &roots).pending.commit;
    let mut wrong = right.clone();
    wrong[right.len() - 66 + 5] ^= 1;
    trio.bob.hear(&wrong, &roots);
    assert_eq!((trio.bob.head(), trio.bob.group.stranded().unwrap().len()), (trio.alice.head(), 1));
    let news = trio.alice.group.news_for(&trio.bob.group.known()).unwrap();
    assert_eq!(news, News { commits: vec![right], statements: vec![] });
    hear_news(&mut trio.bob, &news, &roots);
    assert!(trio.bob.group.stranded().unwrap().is_empty());
    // And nothing is told again and again.
    assert!(trio.alice.group.news_for(&trio.bob.group.known()).unwrap().is_empty());
}
