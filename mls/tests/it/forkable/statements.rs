//! Who orders: terms, acceptances, overrides, all signed (SPEC §14.4).

use causeway_mls::graph::{Authority, Refusal};
use causeway_mls::{MlsError, SignedStatement, StatementOutcome};

use super::*;

/// A room whose admins may also say who orders it.
pub(super) fn sovereign() -> Trio {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let mut list = trio.alice.group.head_state().unwrap().room_state().roles.clone();
    let admin = list.roles.iter_mut().find(|role| role.role_index == ADMIN).unwrap();
    admin.role_capabilities.push(causeway_drafts::mimi_room_policy_04::capability::Capability::CAN_SEND_MLS_REINIT_PROPOSAL);
    let commit = trio.alice.commit(&CommitPlan { roles: Some(list), ..Default::default() }, &roots);
    trio.bob.place(&commit.pending.commit, &roots);
    trio.carol.place(&commit.pending.commit, &roots);
    trio
}

#[test]
fn a_hub_that_returns_cannot_undo_a_removal() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let carol = trio.c.user("carol");
    // The hub is lost: alice says that the members go on by themselves, and removes carol.
    let term = trio.alice.group.open_term(&trio.alice.identity, Authority::Members).unwrap();
    let removal = trio.alice.commit(&removing(&trio.alice, &carol), &roots);
    assert_eq!(trio.alice.group.graph().commit(&removal.id).unwrap().term, 1, "the commit carries its term");
    // Meanwhile carol commits, and the hub comes back, takes that, and says so.
    let by_carol = trio.carol.commit(&CommitPlan::default(), &roots);
    let accepted = {
        let tail = trio.carol.group.tail(&trio.carol.identity).unwrap();
        let mut hub = ForkableGroup::observe(&tail, judge(&roots)).unwrap();
        hub.accept(&trio.a.hub, &by_carol.id, 1).unwrap()
    };
    trio.bob.place(&by_carol.pending.commit, &roots);
    assert!(matches!(trio.bob.group.receive_statement(&accepted.to_bytes()).unwrap(), StatementOutcome::InForce(_)));
    assert_eq!(trio.bob.head(), by_carol.id);
    // Whatever the order, the later term wins.
    trio.bob.place(&removal.pending.commit, &roots);
    trio.bob.group.receive_statement(&term.to_bytes()).unwrap();
    assert_eq!(trio.bob.head(), removal.id);
    assert!(!trio.bob.has_user(&carol));
    trio.gossip();
    assert_eq!(trio.alice.head(), trio.bob.head());
    assert_eq!(trio.carol.head(), removal.id);
}

#[test]
fn dmls_21_only_whose_role_allows_it_may_open_a_term() {
    let mut trio = sovereign();
    let refused = trio.carol.group.open_term(&trio.carol.identity, Authority::Members);
    assert!(matches!(refused, Err(MlsError::NotAllowed(rule)) if rule.rule == "DMLS-21"));
    // Nor may it be forged in somebody else's name.
    let signed = trio.alice.group.open_term(&trio.alice.identity, Authority::Members).unwrap().to_bytes();
    for at in 0..signed.len() {
        let mut forged = signed.clone();
        forged[at] ^= 1;
        let outcome = trio.bob.group.receive_statement(&forged).unwrap();
        assert!(matches!(outcome, StatementOutcome::Refused(_) | StatementOutcome::Waits), "octet {at}: {outcome:?}");
    }
    assert_eq!(trio.bob.group.graph().term(), 0);
    assert!(matches!(trio.bob.group.receive_statement(&signed).unwrap(), StatementOutcome::InForce(None)));
    assert!(matches!(trio.bob.group.receive_statement(&signed).unwrap(), StatementOutcome::Duplicate));
}

#[test]
fn dmls_22_nobody_but_the_term_s_hub_accepts() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots);
    // b.test's hub is not this room's.
    assert!(trio.alice.group.accept(&trio.b.hub, &commit.id, 1).is_err());
    assert!(trio.alice.group.accept(&trio.a.hub, &commit.id, 1).is_ok());
    // In a term without a hub, the old one accepts nothing.
    trio.alice.group.open_term(&trio.alice.identity, Authority::Members).unwrap();
    let refused = trio.alice.group.accept(&trio.a.hub, &commit.id, 2);
    assert!(matches!(refused, Err(MlsError::NotAllowed(rule)) if rule.rule == "DMLS-22"));
}

#[test]
fn another_hub_can_take_over() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let authority = Authority::Hub { provider: trio.b.domain.clone(), signature_key: trio.b.hub.signature_public_key() };
    trio.alice.group.open_term(&trio.alice.identity, authority).unwrap();
    trio.gossip();
    let removal = trio.alice.commit(&removing(&trio.alice, &trio.c.user("carol")), &roots);
    let renewal = trio.bob.commit(&CommitPlan::default(), &roots);
    trio.bob.place(&removal.pending.commit, &roots);
    assert_eq!(trio.bob.head(), removal.id);
    let accepted = trio.bob.group.accept(&trio.b.hub, &renewal.id, 1).unwrap();
    assert_eq!(trio.bob.head(), renewal.id, "what the hub has accepted ranks first");
    trio.alice.place(&renewal.pending.commit, &roots);
    trio.alice.group.receive_statement(&accepted.to_bytes()).unwrap();
    assert_eq!(trio.alice.head(), renewal.id);
    // And the removal is settled on it.
    assert_eq!(trio.alice.settle(&BTreeMap::new(), &roots), 1);
    assert!(!trio.alice.has_user(&trio.c.user("carol")));
}

#[test]
fn dmls_18_two_sides_that_went_too_far_stop_until_an_override() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    // Alice alone on one side; bob and carol on the other, both beyond the window.
    for index in 0..7 {
        trio.alice.commit(&renaming(&trio.alice, &format!("A{index}")), &roots);
    }
    for _ in 0..4 {
        let commit = trio.bob.commit(&removing_nobody(), &roots);
        trio.carol.place(&commit.pending.commit, &roots);
        let commit = trio.carol.commit(&removing_nobody(), &roots);
        trio.bob.place(&commit.pending.commit, &roots);
    }
    let (alice_commits, bob_commits) = (trio.alice.known_commits(), trio.bob.known_commits());
    for commit in &bob_commits {
        trio.alice.hear(commit, &roots);
    }
    for commit in &alice_commits {
        trio.bob.hear(commit, &roots);
        trio.carol.hear(commit, &roots);
    }
    assert_ne!(trio.alice.head(), trio.bob.head());
    // Renewals rank behind changes: bob's side is the one that should have lost.
    let sides = [trio.alice.group.conflict(), trio.bob.group.conflict()];
    assert!(sides.iter().any(Option::is_none), "only a side that would have lost is in conflict");
    let decided = trio.alice.group.graph().anchor();
    let statement = trio.alice.group.override_anchor(&trio.alice.identity, &decided.id).unwrap();
    for node in [&mut trio.bob, &mut trio.carol] {
        for commit in &alice_commits {
            node.hear(commit, &roots);
        }
        node.group.receive_statement(&statement.to_bytes()).unwrap();
        for commit in &alice_commits {
            node.hear(commit, &roots);
        }
    }
    assert_eq!(trio.bob.head(), trio.alice.head());
    assert_eq!(trio.carol.head(), trio.alice.head());
    assert_eq!((trio.alice.group.conflict(), trio.bob.group.conflict()), (None, None));
}

fn removing_nobody() -> CommitPlan {
    CommitPlan::default()
}

#[test]
fn in_conflict_nothing_is_sent() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    for _ in 0..7 {
        trio.alice.commit(&CommitPlan::default(), &roots);
    }
    for index in 0..4 {
        let commit = trio.bob.commit(&renaming(&trio.bob, &format!("B{index}")), &roots);
        trio.carol.place(&commit.pending.commit, &roots);
        let commit = trio.carol.commit(&CommitPlan::default(), &roots);
        trio.bob.place(&commit.pending.commit, &roots);
    }
    for commit in trio.bob.known_commits() {
        trio.alice.hear(&commit, &roots);
    }
    assert!(trio.alice.group.conflict().is_some());
    let identity = trio.alice.identity.clone();
    assert!(matches!(trio.alice.group.seal(&identity, b"x", [0; 32]), Err(MlsError::Conflict(_))));
    assert!(matches!(trio.alice.try_commit(&CommitPlan::default(), &roots), Err(MlsError::Conflict(_))));
}

#[test]
fn a_statement_about_another_group_or_a_forgotten_epoch_is_refused() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let signed = trio.bob.group.open_term(&trio.bob.identity, Authority::Members).unwrap();
    for index in 0..30 {
        trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
        trio.alice.group.forget();
    }
    let outcome = trio.alice.group.receive_statement(&signed.to_bytes()).unwrap();
    assert!(matches!(outcome, StatementOutcome::Refused(MlsError::NotPlaced(Refusal::Final))));
    assert!(SignedStatement::from_bytes(b"nonsense").is_err());
    assert!(SignedStatement::from_bytes(&[signed.to_bytes(), vec![0]].concat()).is_err());
}

/// Statements about epochs that never come cannot keep a true one from waiting for its own.
#[test]
fn dmls_20_made_up_statements_keep_no_true_one_from_waiting() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots);
    let signed = trio.alice.group.open_term(&trio.alice.identity, Authority::Members).unwrap();
    let bytes = signed.to_bytes();
    let name_at = bytes.windows(32).position(|window| window == signed.epoch().id.as_bytes()).unwrap();
    for index in 0..100u8 {
        let mut made_up = bytes.clone();
        made_up[name_at] ^= index + 1;
        assert!(matches!(trio.bob.group.receive_statement(&made_up).unwrap(), StatementOutcome::Waits));
    }
    assert!(matches!(trio.bob.group.receive_statement(&bytes).unwrap(), StatementOutcome::Waits));
    trio.bob.place(&commit.pending.commit, &roots);
    assert_eq!(trio.bob.group.graph().term(), 1);
}

/// Two hubs want one term: what the one that does not order it has accepted counts for nothing, in whatever order it comes.
#[test]
fn dmls_22_an_acceptance_waits_for_the_term_that_it_is_made_in() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let authority = Authority::Hub { provider: trio.b.domain.clone(), signature_key: trio.b.hub.signature_public_key() };
    let term = trio.alice.group.open_term(&trio.alice.identity, authority).unwrap();
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots);
    let accepted = trio.alice.group.accept(&trio.b.hub, &commit.id, 1).unwrap();
    // Everything the wrong way round.
    assert!(matches!(trio.bob.group.receive_statement(&accepted.to_bytes()).unwrap(), StatementOutcome::Waits));
    trio.bob.place(&commit.pending.commit, &roots);
    assert!(!trio.bob.group.graph().remembers(accepted.statement()));
    assert!(matches!(trio.bob.group.receive_statement(&term.to_bytes()).unwrap(), StatementOutcome::InForce(_)));
    // It is tried again with whatever comes next.
    let next = trio.alice.commit(&renaming(&trio.alice, "Once more"), &roots);
    trio.bob.place(&next.pending.commit, &roots);
    assert!(trio.bob.group.graph().remembers(accepted.statement()));
}

/// A statement is told on as it came: one that could be altered on the way would be two.
#[test]
fn dmls_3_a_statement_that_somebody_else_has_altered_is_refused() {
    let mut trio = sovereign();
    let signed = trio.alice.group.open_term(&trio.alice.identity, Authority::Members).unwrap().to_bytes();
    let at = signed.len() - 64;
    let altered = [&signed[..at], &crate::bad_input::signatures::malleated(&signed[at..])].concat();
    assert!(matches!(trio.bob.group.receive_statement(&altered).unwrap(), StatementOutcome::Refused(_)));
    assert!(matches!(trio.bob.group.receive_statement(&signed).unwrap(), StatementOutcome::InForce(_)));
}

/// A newcomer cannot check what opened a term before the anchor, and took no notice of it: it ranked commits by other rules.
#[test]
fn dmls_10_a_newcomer_knows_the_terms_from_before_the_anchor() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    trio.alice.group.open_term(&trio.alice.identity, Authority::Members).unwrap();
    for index in 0..7 {
        trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
        trio.alice.group.forget();
    }
    let (invite, dave, bundle) = inviting(&trio.a, "dave");
    let added = trio.alice.commit(&invite, &roots);
    let mut dave = Node::joining(&trio.alice, &join(&added.pending, &bundle, &dave, &roots), dave, &roots);
    assert_eq!(dave.group.graph().term(), 1);
    assert_eq!(dave.known_statements(), trio.alice.known_statements());
    // Of two commits side by side, both have the same one first.
    let (by_alice, by_dave) = (trio.alice.commit(&CommitPlan::default(), &roots), dave.commit(&CommitPlan::default(), &roots));
    dave.place(&by_alice.pending.commit, &roots);
    trio.alice.place(&by_dave.pending.commit, &roots);
    assert_eq!(dave.head(), trio.alice.head());
}

#[test]
fn a_newcomer_believes_no_statement_that_a_member_has_not_signed() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    let signed = trio.alice.group.open_term(&trio.alice.identity, Authority::Members).unwrap().to_bytes();
    for index in 0..7 {
        trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
        trio.alice.group.forget();
    }
    let mut tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
    let mut forged = signed.clone();
    *forged.last_mut().unwrap() ^= 1;
    tail.terms = vec![forged];
    assert_eq!(ForkableGroup::observe(&tail, trio.judge()).unwrap().graph().term(), 0);
    tail.terms = vec![signed];
    assert_eq!(ForkableGroup::observe(&tail, trio.judge()).unwrap().graph().term(), 1);
}

/// Of a group that lives long nobody remembers the first terms: a newcomer, and a graph that began again, counted none of the later
/// ones.
#[test]
fn dmls_15_terms_go_on_where_they_were_for_who_was_not_there_for_the_first() {
    let mut trio = sovereign();
    let roots = trio.roots.clone();
    for round in 0..12 {
        trio.alice.group.open_term(&trio.alice.identity, Authority::Members).unwrap();
        for index in 0..6 {
            trio.alice.commit(&renaming(&trio.alice, &format!("Name {round}/{index}")), &roots);
        }
        trio.alice.group.forget();
    }
    let graph = trio.alice.group.graph();
    assert_eq!(graph.term(), 12);
    assert!(graph.forgotten_terms() > 0 && trio.alice.group.statements().len() < 12);
    let tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
    let newcomer = reloaded(ForkableGroup::observe(&tail, judge(&roots)).unwrap());
    assert_eq!((newcomer.graph().term(), newcomer.head()), (12, trio.alice.group.head()));
    let mut ending = trio.alice.group.clone();
    let terms = ending.end(0);
    let linear = trio.alice.group.head_state().unwrap().clone();
    let again = ForkableGroup::begin(linear, 5, Vec::new(), &terms).unwrap();
    assert_eq!(again.graph().term(), 12);
}

/// The window is not signed by anybody: whoever told a graph could have another one keep secrets for ever.
#[test]
fn a_graph_with_a_window_that_nobody_may_set_is_not_taken() {
    let trio = Trio::new();
    let tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
    for window in [0, 17, u64::MAX] {
        let tail = causeway_mls::Tail { window, ..tail.clone() };
        assert!(matches!(ForkableGroup::observe(&tail, trio.judge()), Err(MlsError::Invalid(_))), "{window}");
    }
}

/// A hub that accepts one commit at ever better positions: what says less than another is not kept beside it.
#[test]
fn dmls_17_what_is_accepted_at_a_better_position_takes_the_place_of_what_was_said() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let one = trio.alice.commit(&renaming(&trio.alice, "One"), &roots);
    for position in (1..40).rev() {
        trio.alice.group.accept(&trio.a.hub, &one.id, position).unwrap();
        trio.alice.group = reloaded(trio.alice.group.clone());
    }
    assert_eq!(trio.alice.group.statements().len(), 1);
}
