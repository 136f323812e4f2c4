//! Nobody's change is lost: what the losing branch did is done again on the head (SPEC §14.6).

use causeway_mls::IntentKind;

use super::*;

fn none() -> BTreeMap<causeway_drafts::mimi_uri::ClientUri, Vec<u8>> {
    BTreeMap::new()
}

#[test]
fn what_the_losing_branch_changed_is_proposed_again_and_only_once() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let carol = trio.c.user("carol");
    let renamed = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    let removal = trio.alice.commit(&removing(&trio.alice, &carol), &roots);
    trio.alice.place(&renamed.pending.commit, &roots);
    trio.bob.place(&removal.pending.commit, &roots);
    assert_eq!(trio.alice.group.settlement().unwrap(), trio.bob.group.settlement().unwrap());
    assert_eq!(trio.bob.settle(&none(), &roots), 1);
    let settled = trio.bob.group.commit_message(&trio.bob.head()).unwrap().to_vec();
    trio.alice.place(&settled, &roots);
    assert_eq!(trio.alice.group.head_state().unwrap().room_state().metadata.name(), "Bob's");
    assert_eq!(trio.alice.settle(&none(), &roots), 0);
    // What is changed later stays changed.
    let back = trio.alice.commit(&renaming(&trio.alice, "Club"), &roots);
    trio.bob.place(&back.pending.commit, &roots);
    assert_eq!((trio.alice.settle(&none(), &roots), trio.bob.settle(&none(), &roots)), (0, 0));
}

#[test]
fn dmls_25_removal_wins_over_what_the_other_branch_did_with_the_user() {
    for promoted_on_the_winner in [false, true] {
        let mut trio = Trio::new();
        let roots = trio.roots.clone();
        let carol = trio.c.user("carol");
        let promotion = trio.bob.commit(&with_role(&trio.bob, &carol, ADMIN), &roots);
        let removal = trio.alice.commit(&removing(&trio.alice, &carol), &roots);
        if promoted_on_the_winner {
            // A term makes the promotion the winner.
            let term = trio.bob.group.override_anchor(&trio.bob.identity, &promotion.id);
            assert!(term.is_err(), "bob lacks canSendMLSReinitProposal in this room");
        }
        trio.alice.place(&promotion.pending.commit, &roots);
        trio.bob.place(&removal.pending.commit, &roots);
        trio.assert_one_head_of_two();
        let settlement = trio.bob.group.settlement().unwrap();
        assert!(settlement.intents.is_empty());
        assert_eq!(settlement.abandoned.iter().map(|abandoned| abandoned.rule).collect::<Vec<_>>(), ["DMLS-25"]);
        assert!(!trio.bob.has_user(&carol));
    }
}

impl Trio {
    fn assert_one_head_of_two(&self) {
        assert_eq!(self.alice.head(), self.bob.head());
    }
}

#[test]
fn a_removal_on_the_losing_branch_is_done_on_the_head() {
    // Both branches remove somebody: whichever loses, both are out in the end.
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (invite, ..) = inviting(&trio.c, "dave");
    let invited = trio.alice.commit(&invite, &roots);
    trio.bob.place(&invited.pending.commit, &roots);
    let (carol, dave) = (trio.c.user("carol"), trio.c.user("dave"));
    let one = trio.alice.commit(&removing(&trio.alice, &carol), &roots);
    let two = trio.bob.commit(&removing(&trio.bob, &dave), &roots);
    trio.alice.place(&two.pending.commit, &roots);
    trio.bob.place(&one.pending.commit, &roots);
    let settler = if trio.alice.head() == one.id { &mut trio.bob } else { &mut trio.alice };
    assert_eq!(settler.settle(&none(), &roots), 1);
    assert!(!settler.has_user(&carol) && !settler.has_user(&dave));
    assert_eq!(settler.group.head_state().unwrap().members().len(), 2);
}

#[test]
fn dmls_27_who_was_removed_on_the_head_has_nothing_carried_over() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let bob = trio.b.user("bob");
    let renamed = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    trio.alice.commit(&removing(&trio.alice, &bob), &roots);
    trio.alice.place(&renamed.pending.commit, &roots);
    let settlement = trio.alice.group.settlement().unwrap();
    assert!(settlement.intents.is_empty());
    assert_eq!(settlement.abandoned[0].rule, "DMLS-27");
}

#[test]
fn dmls_28_what_both_branches_replaced_stays_as_the_head_has_it() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let one = trio.alice.commit(&renaming(&trio.alice, "Alice's"), &roots);
    let two = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    trio.alice.place(&two.pending.commit, &roots);
    trio.bob.place(&one.pending.commit, &roots);
    for node in [&mut trio.alice, &mut trio.bob] {
        let settlement = node.group.settlement().unwrap();
        assert!(settlement.intents.is_empty());
        assert_eq!(settlement.abandoned[0].rule, "DMLS-28");
        assert_eq!(node.settle(&none(), &roots), 0);
    }
}

#[test]
fn a_renewal_that_lost_is_made_again_by_its_owner_only() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let renewal = trio.bob.commit(&CommitPlan::default(), &roots);
    let renamed = trio.alice.commit(&renaming(&trio.alice, "Alice's"), &roots);
    trio.alice.place(&renewal.pending.commit, &roots);
    trio.bob.place(&renamed.pending.commit, &roots);
    assert_eq!(trio.alice.head(), renamed.id);
    assert_eq!(trio.alice.settle(&none(), &roots), 0);
    assert_eq!(trio.bob.settle(&none(), &roots), 1);
}

#[test]
fn several_losing_branches_are_settled_in_few_commits() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (invite_dave, dave, _) = inviting(&trio.a, "dave");
    let (invite_erin, erin, _) = inviting(&trio.b, "erin");
    let by_alice = trio.alice.commit(&invite_dave, &roots);
    let by_bob = trio.bob.commit(&invite_erin, &roots);
    let key_packages = [&dave, &erin].map(|identity| (identity.client_uri.clone(), key_package(identity).key_package));
    trio.alice.place(&by_bob.pending.commit, &roots);
    trio.bob.place(&by_alice.pending.commit, &roots);
    let settler = if trio.alice.head() == by_alice.id { &mut trio.bob } else { &mut trio.alice };
    assert_eq!(settler.settle(&BTreeMap::from(key_packages), &roots), 1);
    let members = settler.group.head_state().unwrap().members().len();
    assert_eq!(members, 5);
    let turn = |node: &Node, user: &UserUri| {
        let settlement = node.group.settlement().unwrap();
        node.group.settling_turn(&settlement, user).unwrap()
    };
    let (alice, bob) = (trio.a.user("alice"), trio.b.user("bob"));
    assert_ne!(turn(&trio.alice, &alice), turn(&trio.alice, &bob));
}

/// A client that the losing branch added is not added where the winning branch has taken its user out.
#[test]
fn dmls_26_a_client_of_who_was_removed_on_the_head_is_not_added() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let phone = trio.c.client("carol", "phone");
    let bundle = key_package(&phone);
    let addition = trio.alice.commit(&adding(vec![], vec![bundle.key_package.clone()]), &roots);
    let removal = trio.bob.commit(&removing(&trio.bob, &trio.c.user("carol")), &roots);
    trio.alice.place(&removal.pending.commit, &roots);
    trio.bob.place(&addition.pending.commit, &roots);
    for node in [&trio.alice, &trio.bob] {
        assert_eq!(node.head(), removal.id);
        let settlement = node.group.settlement().unwrap();
        assert_eq!(settlement.intents, []);
        let [given_up] = settlement.abandoned.as_slice() else { panic!("{settlement:?}") };
        assert_eq!((given_up.rule, &given_up.intent.kind), ("DMLS-26", &IntentKind::AddClient(phone.client_uri.clone())));
    }
    // Not even by somebody who has a KeyPackage at hand.
    let key_packages = BTreeMap::from([(phone.client_uri.clone(), key_package(&phone).key_package)]);
    assert_eq!(trio.alice.settle(&key_packages, &roots), 0);
}

/// The same for one client: the losing branch has it come back, the winning one has removed it.
#[test]
fn dmls_26_a_client_that_was_removed_on_the_head_is_not_added_again() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let client = trio.c.client("carol", "one");
    let resync = {
        let info = trio.alice.group.joinable(&trio.alice.identity, trio.a.hub.signature_public_key()).unwrap();
        causeway_mls::Group::join_externally(&info, &trio.carol.identity, (&roots, NOW)).unwrap()
    };
    let kick = CommitPlan { remove_clients: vec![client.client_uri.clone()], ..Default::default() };
    let kicked = trio.bob.commit(&kick, &roots);
    trio.alice.place(&resync.commit, &roots);
    trio.alice.place(&kicked.pending.commit, &roots);
    trio.bob.place(&resync.commit, &roots);
    assert_eq!((trio.alice.head(), trio.bob.head()), (kicked.id, kicked.id));
    let settlement = trio.alice.group.settlement().unwrap();
    assert!(settlement.clients_to_add().next().is_none(), "{settlement:?}");
}

/// No settler took out a client of its own user, and nobody else may.
#[test]
fn another_client_of_the_settler_is_removed_though_that_lost() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let tablet = trio.c.client("carol", "tablet");
    let bundle = key_package(&tablet);
    let added = trio.carol.commit(&adding(Vec::new(), vec![bundle.key_package]), &roots);
    trio.alice.place(&added.pending.commit, &roots);
    let gone = CommitPlan { remove_clients: vec![tablet.client_uri.clone()], ..Default::default() };
    let removed = trio.carol.commit(&gone, &roots);
    let bob = trio.b.user("bob");
    let other = trio.alice.commit(&with_role(&trio.alice, &bob, MEMBER), &roots);
    trio.carol.place(&other.pending.commit, &roots);
    trio.alice.place(&removed.pending.commit, &roots);
    assert_eq!((trio.alice.head(), trio.carol.head()), (other.id, other.id));
    let is_in = |node: &Node| node.group.head_state().unwrap().members().iter().any(|member| member.client == tablet.client_uri);
    assert!(is_in(&trio.carol));
    assert_eq!(trio.carol.settle(&none(), &roots), 1);
    assert!(!is_in(&trio.carol));
}

/// Each of the two had its own removal in its plan, which MLS lets nobody commit: nothing was settled any more.
#[test]
fn two_who_have_removed_each_other_on_branches_that_lost_settle_one_of_it() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let early = trio.bob.commit(&renaming(&trio.bob, "Early"), &roots);
    for node in [&mut trio.alice, &mut trio.carol] {
        node.place(&early.pending.commit, &roots);
    }
    let (alice, bob) = (trio.a.user("alice"), trio.b.user("bob"));
    trio.alice.commit(&renaming(&trio.alice, "Alice's"), &roots);
    trio.alice.commit(&removing(&trio.alice, &bob), &roots);
    trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    trio.bob.commit(&removing(&trio.bob, &alice), &roots);
    // It is carol's turn.
    let tablet = trio.c.client("carol", "tablet");
    let head = trio.carol.commit(&adding(Vec::new(), vec![key_package(&tablet).key_package]), &roots);
    trio.gossip();
    trio.assert_agreed();
    assert_eq!(trio.alice.head(), head.id);
    assert_eq!(trio.alice.settle(&none(), &roots), 1);
    trio.gossip();
    trio.assert_agreed();
    assert!(!trio.bob.has_user(&bob) && trio.bob.has_user(&alice));
    assert!(trio.carol.group.settlement().unwrap().intents.is_empty());
}

/// A branch had added somebody and taken it out again, and lost: it was let in on the head, for good.
#[test]
fn what_a_losing_branch_took_back_itself_is_not_done_on_the_head() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (invite, dave, _) = inviting(&trio.b, "dave");
    let (carol, gone) = (trio.c.user("carol"), trio.b.user("dave"));
    trio.bob.commit(&invite, &roots);
    trio.bob.commit(&removing(&trio.bob, &gone), &roots);
    trio.bob.commit(&with_role(&trio.bob, &carol, ADMIN), &roots);
    trio.bob.commit(&with_role(&trio.bob, &carol, MEMBER), &roots);
    let lost = trio.bob.known_commits();
    let kick = CommitPlan { remove_clients: vec![trio.carol.identity.client_uri.clone()], ..Default::default() };
    let head = trio.alice.commit(&kick, &roots);
    for commit in &lost {
        trio.alice.hear(commit, &roots);
    }
    assert_eq!(trio.alice.head(), head.id);
    let settlement = trio.alice.group.settlement().unwrap();
    assert_eq!(settlement.intents, []);
    let key_packages = BTreeMap::from([(dave.client_uri.clone(), key_package(&dave).key_package)]);
    assert_eq!(trio.alice.settle(&key_packages, &roots), 0);
    let room = trio.alice.group.head_state().unwrap().room_state();
    assert_eq!((room.is_present(&gone), room.role_of(&carol)), (false, MEMBER));
}

/// One branch adds a client of whom another takes out: the plan held both, nobody could commit it, and the removal was never done.
#[test]
fn dmls_25_a_client_that_another_losing_branch_added_keeps_nobody_in() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (invite, ..) = inviting(&trio.a, "dave");
    let invited = trio.alice.commit(&invite, &roots);
    trio.bob.place(&invited.pending.commit, &roots);
    trio.carol.place(&invited.pending.commit, &roots);
    let (carol, dave) = (trio.c.user("carol"), trio.a.user("dave"));
    let phone = trio.c.client("carol", "phone");
    let added = trio.carol.commit(&adding(Vec::new(), vec![key_package(&phone).key_package]), &roots);
    trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    trio.bob.commit(&removing(&trio.bob, &carol), &roots);
    let head = trio.alice.commit(&removing(&trio.alice, &dave), &roots);
    for commit in trio.bob.known_commits().iter().chain([&added.pending.commit]) {
        trio.alice.hear(commit, &roots);
    }
    assert_eq!(trio.alice.head(), head.id);
    let key_packages = BTreeMap::from([(phone.client_uri.clone(), key_package(&phone).key_package)]);
    trio.alice.settle(&key_packages, &roots);
    assert!(!trio.alice.has_user(&carol) && !trio.alice.has_user(&dave));
    assert_eq!(trio.alice.group.settlement().unwrap().intents, []);
}

/// Who added somebody may not do so any more: the client was left to settle for as long as the epoch was remembered, and the graph
/// could not end.
#[test]
fn dmls_27_a_client_whose_user_does_not_come_in_is_given_up() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (invite, ..) = inviting(&trio.b, "dave");
    let invited = trio.bob.commit(&invite, &roots);
    let demoted = trio.alice.commit(&with_role(&trio.alice, &trio.b.user("bob"), MEMBER), &roots);
    trio.alice.hear(&invited.pending.commit, &roots);
    assert_eq!(trio.alice.head(), demoted.id);
    let settlement = trio.alice.group.settlement().unwrap();
    assert_eq!(settlement.intents, []);
    assert_eq!(settlement.abandoned.iter().map(|abandoned| abandoned.rule).collect::<Vec<_>>(), ["DMLS-27", "DMLS-27"]);
}

/// Whoever was an admin had clients added and removed on the head, long after it was none.
#[test]
fn dmls_27_who_is_no_admin_any_more_adds_and_removes_no_clients_of_others() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (tablet, phone) = (trio.c.client("carol", "tablet"), trio.c.client("carol", "phone"));
    let added = trio.carol.commit(&adding(Vec::new(), vec![key_package(&tablet).key_package]), &roots);
    trio.alice.place(&added.pending.commit, &roots);
    trio.bob.place(&added.pending.commit, &roots);
    let gone = CommitPlan { remove_clients: vec![tablet.client_uri.clone()], ..Default::default() };
    trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    trio.bob.commit(&gone, &roots);
    trio.bob.commit(&adding(Vec::new(), vec![key_package(&phone).key_package]), &roots);
    let mut lost = trio.bob.known_commits();
    let demoted = trio.alice.commit(&with_role(&trio.alice, &trio.b.user("bob"), MEMBER), &roots);
    // Its own clients are still its own to bring in, and carol's are carol's.
    lost.extend([trio.carol.commit(&gone, &roots).pending.commit]);
    for commit in &lost {
        trio.alice.hear(commit, &roots);
    }
    assert_eq!(trio.alice.head(), demoted.id);
    let settlement = trio.alice.group.settlement().unwrap();
    let due: Vec<_> = settlement.intents.iter().map(|intent| (&intent.author, &intent.kind)).collect();
    assert_eq!(due, [(&trio.c.user("carol"), &IntentKind::RemoveClient(tablet.client_uri.clone()))]);
    let rules: Vec<_> = settlement.abandoned.iter().map(|abandoned| abandoned.rule).collect();
    assert_eq!(rules, ["DMLS-27"; 3], "{settlement:?}");
}

#[test]
fn dmls_28_another_policy_of_the_room_is_carried_over() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let mut policy = trio.bob.group.head_state().unwrap().room_state().base_policy.clone();
    policy.discoverable = true;
    let plan = CommitPlan { base_policy: Some(policy.clone()), ..Default::default() };
    let lost = trio.bob.commit(&plan, &roots);
    let removal = trio.alice.commit(&removing(&trio.alice, &trio.c.user("carol")), &roots);
    trio.alice.place(&lost.pending.commit, &roots);
    trio.bob.place(&removal.pending.commit, &roots);
    assert_eq!((trio.alice.head(), trio.bob.head()), (removal.id, removal.id));
    assert_eq!(trio.bob.settle(&none(), &roots), 1);
    assert_eq!(trio.bob.group.head_state().unwrap().room_state().base_policy, policy);
    assert_eq!(trio.bob.group.settlement().unwrap().intents, []);
}
