//! A hub orders the group again, and the graph ends (SPEC §14.9).

use causeway_mls::graph::Authority;
use causeway_mls::{HubIdentity, MlsError, StatementOutcome};

use super::statements::sovereign;
use super::*;

fn hub_of(provider: &Provider) -> Authority {
    let signature_key = provider.hub.signature_public_key();
    Authority::Hub { provider: provider.domain.clone(), signature_key }
}

fn order(node: &mut Node, hub: &HubIdentity, others: [&mut Node; 2]) {
    let accepted = node.group.accept_head(hub).unwrap();
    for other in others {
        for statement in &accepted {
            other.group.receive_statement(&statement.to_bytes()).unwrap();
        }
    }
}

fn copy(node: &Node) -> Node {
    Node { group: node.group.clone(), identity: node.identity.clone() }
}

#[test]
fn dmls_31_a_hub_that_orders_again_decides_between_commits() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let members = trio.alice.group.open_term(&trio.alice.identity, Authority::Members).unwrap();
    let back = trio.alice.group.open_term(&trio.alice.identity, hub_of(&trio.a));
    assert!(matches!(back, Err(MlsError::NotAllowed(rule)) if rule.rule == "DMLS-16"), "once within a window");
    for node in [&mut trio.bob, &mut trio.carol] {
        node.group.receive_statement(&members.to_bytes()).unwrap();
    }
    let back = trio.bob.group.open_term(&trio.bob.identity, hub_of(&trio.a)).unwrap();
    for node in [&mut trio.alice, &mut trio.carol] {
        node.group.receive_statement(&back.to_bytes()).unwrap();
    }
    assert!(trio.alice.group.is_ordered_by(&trio.a.domain, &trio.a.hub.signature_public_key()));
    assert!(!trio.alice.group.is_ordered_by(&trio.b.domain, &trio.b.hub.signature_public_key()));
    // Two commits in one epoch; the hub has one of them first, whatever their rank.
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "bob's"), &roots);
    let by_carol = trio.carol.commit(&CommitPlan::default(), &roots);
    for (first, second) in [(&by_carol, &by_bob), (&by_bob, &by_carol)] {
        let mut nodes = [&trio.alice, &trio.bob, &trio.carol].map(copy);
        let [alice, bob, carol] = &mut nodes;
        alice.hear(&first.pending.commit, &roots);
        order(alice, &trio.a.hub, [bob, carol]);
        for node in [&mut *alice, bob, carol] {
            node.hear(&second.pending.commit, &roots);
            node.hear(&first.pending.commit, &roots);
        }
        assert!([alice, bob, carol].iter().all(|node| node.head() == first.id));
    }
}

#[test]
fn dmls_32_the_graph_ends_where_the_hub_has_accepted_everything() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let back = trio.bob.group.open_term(&trio.bob.identity, hub_of(&trio.a)).unwrap();
    for node in [&mut trio.alice, &mut trio.carol] {
        node.group.receive_statement(&back.to_bytes()).unwrap();
    }
    assert!(!trio.bob.group.can_end().unwrap(), "nothing is accepted yet");
    let Trio { a, alice, bob, carol, .. } = &mut trio;
    let at_root = carol.group.state(&carol.group.graph().root().id).unwrap().clone();
    order(alice, &a.hub, [bob, carol]);
    assert!(alice.group.can_end().unwrap() && bob.group.can_end().unwrap());
    // An own commit that the hub has not seen: whether it wins is not known.
    let by_bob = bob.commit(&renaming(bob, "bob's"), &roots);
    assert!(!bob.group.can_end().unwrap());
    alice.hear(&by_bob.pending.commit, &roots);
    order(alice, &a.hub, [bob, carol]);
    assert!(bob.group.can_end().unwrap());
    // The head's state is an ordinary group, and all others are forgotten.
    let head = bob.head();
    let late = carol.seal(b"late");
    let too_late = {
        let mut carol = copy(carol);
        carol.group = ForkableGroup::begin(at_root, 5, Vec::new(), &[]).unwrap();
        carol.seal(b"too late")
    };
    assert_eq!(bob.group.kept_secrets().count(), 3);
    let terms = bob.group.end(1);
    let changes = bob.group.take_changes().unwrap().group;
    assert_eq!((changes.forgotten.len(), bob.group.kept_secrets().count()), (1, 2));
    assert!(bob.group.is_over() && bob.head() == head);
    let mut linear = bob.group.clone().into_group().unwrap();
    assert!(linear.take_changes().states.is_empty(), "all of it is stored");
    // What was sealed an epoch before still opens, and that epoch leads nowhere else any more.
    assert_eq!(linear.open(&late).unwrap().application_data, b"late");
    assert!(matches!(linear.open(&too_late), Err(MlsError::TooOld { .. })));
    let sealed = linear.seal(&bob.identity, b"in order", [0; 32]).unwrap();
    assert_eq!(alice.group.open(&sealed).unwrap().application_data, b"in order");
    // Should the hub be lost once more, terms go on where they were.
    let mut again = ForkableGroup::begin(linear, 5, Vec::new(), &terms).unwrap();
    assert!(!again.graph().has_judged_its_term());
    let refused = again.open_term(&bob.identity, Authority::Members);
    assert!(matches!(refused, Err(MlsError::NotAllowed(rule)) if rule.rule == "DMLS-16"), "the same rules hold on");
    let mut again = ForkableGroup::begin(alice.group.head_state().unwrap().clone(), 5, Vec::new(), &terms).unwrap();
    let term = again.open_term(&alice.identity, Authority::Members).unwrap();
    assert!(again.graph().has_judged_its_term() && again.graph().term() == alice.group.graph().term() + 1);
    assert!(matches!(carol.group.receive_statement(&term.to_bytes()).unwrap(), StatementOutcome::Waits));
    carol.hear(&by_bob.pending.commit, &roots);
    assert_eq!(carol.group.graph().authority(), Some(&Authority::Members));
}

#[test]
fn dmls_32_terms_from_before_the_graph_are_only_what_opens_terms() {
    let mut trio = sovereign();
    let group = trio.alice.group.head_state().unwrap().clone();
    let accepted = trio.alice.group.accept(&trio.a.hub, &trio.alice.head(), 1).unwrap().to_bytes();
    let opened = trio.alice.group.open_term(&trio.alice.identity, Authority::Members).unwrap().to_bytes();
    for terms in [vec![accepted], vec![b"nothing".to_vec()]] {
        let begun = ForkableGroup::begin(group.clone(), 5, Vec::new(), &terms);
        assert!(matches!(begun, Err(MlsError::Malformed(_))));
    }
    // The graph may begin where the last one has ended, and a term was opened.
    let begun = ForkableGroup::begin(group.clone(), 5, Vec::new(), std::slice::from_ref(&opened)).unwrap();
    assert_eq!((begun.graph().term(), begun.graph().has_judged_its_term()), (1, true));
    let mut forged = opened;
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert!(ForkableGroup::begin(group, 5, Vec::new(), &[forged]).is_err());
}
