//! Who was not in at the anchor tells the graph on (SPEC §14.7).

use causeway_mls::Tail;

use super::*;

/// Alice has made four commits, and tells them: the anchor is where she began.
fn told() -> (Trio, Tail) {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    for index in 0..4 {
        trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
    }
    let tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
    (trio, tail)
}

/// So many more, which a newcomer that has been told the graph hears of; it has no client in any of the epochs.
fn newcomer_after(trio: &mut Trio, tail: &Tail, commits: usize) -> ForkableGroup {
    let roots = trio.roots.clone();
    let mut newcomer = reloaded(ForkableGroup::observe(tail, judge(&roots)).unwrap());
    for index in 0..commits {
        let prepared = trio.alice.commit(&renaming(&trio.alice, &format!("Later {index}")), &roots);
        newcomer.receive_commit(&prepared.pending.commit, None, judge(&roots)).unwrap();
        newcomer.forget();
        newcomer = reloaded(newcomer);
    }
    assert_eq!(newcomer.head(), trio.alice.group.head());
    newcomer
}

/// The Welcome's epoch is the head; when the anchor had moved on to one before it, the newcomer could tell nobody the graph.
#[test]
fn dmls_41_a_newcomer_tells_the_graph_after_the_anchor_has_moved() {
    let (mut trio, tail) = told();
    let newcomer = newcomer_after(&mut trio, &tail, 5);
    assert_ne!(newcomer.graph().anchor().id, tail.anchor);
    assert!(newcomer.can_tell([]));
    let again = newcomer.tail(&trio.carol.identity).unwrap();
    assert_eq!(again.anchor, newcomer.graph().anchor().id);
    let second = ForkableGroup::observe(&again, trio.judge()).unwrap();
    assert_eq!(second.head(), trio.alice.group.head());
}

/// Nothing was told of what came later, and none of its clients was in: it has to be told again.
#[test]
fn dmls_41_who_was_told_too_long_ago_is_told_again() {
    let (mut trio, tail) = told();
    let mut newcomer = newcomer_after(&mut trio, &tail, 10);
    assert!(!newcomer.can_tell([&trio.carol.identity]));
    assert!(newcomer.tail(&trio.carol.identity).is_err());
    newcomer.take_infos(&trio.alice.group.tail(&trio.alice.identity).unwrap());
    let again = reloaded(newcomer).tail(&trio.carol.identity).unwrap();
    assert_eq!(ForkableGroup::observe(&again, trio.judge()).unwrap().head(), trio.alice.group.head());
}

/// A GroupInfo of another epoch, or that nobody has signed, would have newcomers refuse what they are told.
#[test]
fn dmls_41_a_group_info_that_does_not_hold_is_not_told_on() {
    let (trio, honest) = told();
    let ids: Vec<_> = honest.infos.keys().copied().collect();
    assert_eq!(ids.len(), 4);
    for tamper in [
        |tail: &mut Tail, ids: &[EpochId]| *tail.infos.get_mut(&ids[0]).unwrap().last_mut().unwrap() ^= 1,
        |tail: &mut Tail, ids: &[EpochId]| drop(tail.infos.insert(ids[0], tail.infos[&ids[1]].clone())),
        |tail: &mut Tail, ids: &[EpochId]| tail.infos.get_mut(&ids[0]).unwrap().truncate(20),
    ] {
        let mut tail = honest.clone();
        tamper(&mut tail, &ids);
        let mut newcomer = ForkableGroup::observe(&tail, trio.judge()).unwrap();
        let told_on = newcomer.tail(&trio.carol.identity).unwrap().infos;
        assert_eq!(told_on.keys().copied().collect::<Vec<_>>(), ids[1..]);
        // Whoever tells the right one is listened to all the same.
        newcomer.take_infos(&honest);
        assert_eq!(newcomer.tail(&trio.carol.identity).unwrap().infos, honest.infos);
    }
}

/// Whoever was in can make them at any time, and keeps none.
#[test]
fn dmls_41_who_was_in_keeps_no_group_info_of_others() {
    let (mut trio, tail) = told();
    for commit in &tail.commits {
        trio.bob.hear(commit, &trio.roots.clone());
    }
    let before = trio.bob.group.tail(&trio.bob.identity).unwrap().infos;
    trio.bob.group.take_infos(&tail);
    let after = trio.bob.group.tail(&trio.bob.identity).unwrap().infos;
    assert_eq!(before, after);
    assert!(before.values().ne(tail.infos.values()), "signed by somebody else");
}
