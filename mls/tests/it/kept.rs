//! What an operation leaves does not depend on whether openmls' objects were kept from the one before or are loaded anew:
//! the same operations with the same randomness, both ways.

use std::collections::BTreeMap;
use std::fmt::Debug;

use causeway_drafts::mimi_protocol_06::participant_list::UserRolePair;
use causeway_mls::{ClientIdentity, CommitPlan, Group, GroupChanges, MlsError, PendingCommit, TrustRoots, seed};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::support::*;

#[derive(Clone, Debug)]
enum Act {
    /// A client of a side says something, which the other side will hear sooner or later.
    Seal(Side, usize),
    /// One of what has been said is heard: for the first time or again, in order or not.
    Open(Index),
    /// As it is not.
    OpenSpoilt(Index),
    /// A commit of a side is taken by both.
    Commit(Side, usize),
    /// A commit of a side is refused.
    Abandon(Side, usize),
    /// A commit with a broken signature comes.
    StageSpoilt(Side, usize),
    /// A client asks to have its user's clients taken out; so the next commit does.
    Leave(Side),
    /// The tree, the GroupInfo and the epoch's authenticator are asked for.
    Ask(Side, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Alice,
    Bob,
}

fn act() -> impl Strategy<Value = Act> {
    let side = || select(vec![Side::Alice, Side::Bob]);
    let index = any::<Index>;
    prop_oneof![
        8 => (side(), 0..3usize).prop_map(|(side, client)| Act::Seal(side, client)),
        8 => index().prop_map(Act::Open),
        2 => index().prop_map(Act::OpenSpoilt),
        5 => (side(), 0..3usize).prop_map(|(side, client)| Act::Commit(side, client)),
        1 => (side(), 0..3usize).prop_map(|(side, client)| Act::Abandon(side, client)),
        1 => (side(), 0..3usize).prop_map(|(side, client)| Act::StageSpoilt(side, client)),
        1 => side().prop_map(Act::Leave),
        2 => (side(), 0..3usize).prop_map(|(side, client)| Act::Ask(side, client)),
    ]
}

/// Two sides with three clients each, more than are kept.
struct Room {
    roots: TrustRoots,
    sides: [(Group, Vec<ClientIdentity>); 2],
    said: Vec<(Side, Vec<u8>)>,
    acts: u64,
    /// Whether what follows is compared with nothing: openmls puts a commit's proposals in the order of a hash table.
    is_left_to_chance: bool,
}

impl Room {
    fn new() -> Self {
        let provider = Provider::new("a.test");
        let roots = roots(&[&provider]);
        let clients = |name: &str| ["one", "three", "two"].map(|device| provider.client(name, device)).to_vec();
        let (alice, bob) = (clients("alice"), clients("bob"));
        let bundles: Vec<_> = alice.iter().skip(1).chain(&bob).map(key_package).collect();
        let room = room(&provider, &[(provider.user("alice"), ADMIN)]);
        let update = causeway_drafts::mimi_protocol_06::participant_list::ParticipantListUpdate {
            added_participants: vec![UserRolePair { user: provider.user("bob"), role_index: MEMBER }],
            ..Default::default()
        };
        let add_key_packages = bundles.iter().map(|bundle| bundle.key_package.clone()).collect();
        let plan = CommitPlan { add_key_packages, participants: Some(update), ..Default::default() };
        let (at_alice, pending) = commit(create(&provider, room, &alice[0]), &alice[0], &plan, &roots);
        let welcome = (pending.welcome.as_deref().unwrap(), pending.ratchet_tree.as_slice());
        let join = |group: Option<Group>, place: usize, client: &ClientIdentity| {
            Group::join(welcome, &bundles[place], client, group, (&roots, NOW)).unwrap()
        };
        let at_alice = (1..3).fold(at_alice, |group, place| join(Some(group), place - 1, &alice[place]));
        let at_bob = (0..3).fold(None, |group, place| Some(join(group, 2 + place, &bob[place]))).unwrap();
        Self {
            sides: [(stored(at_alice), alice), (stored(at_bob), bob)],
            roots,
            said: Vec::new(),
            acts: 0,
            is_left_to_chance: false,
        }
    }

    fn client(&self, side: Side, client: usize) -> ClientIdentity {
        self.sides[side as usize].1[client].clone()
    }

    /// Does something on a side with what is kept there, and in a copy, which keeps nothing.
    fn both<T: Debug>(&mut self, side: Side, act: impl Fn(&mut Group, &TrustRoots) -> Result<T, MlsError>) -> Result<T, MlsError> {
        self.acts += 1;
        let group = &mut self.sides[side as usize].0;
        let mut fresh = group.clone();
        if self.is_left_to_chance {
            let of_kept = act(group, &self.roots);
            group.take_changes();
            return of_kept;
        }
        seed(Some(self.acts));
        let of_fresh = act(&mut fresh, &self.roots);
        seed(Some(self.acts));
        let of_kept = act(group, &self.roots);
        seed(None);
        assert_eq!(format!("{of_kept:?}"), format!("{of_fresh:?}"));
        let changes = group.take_changes();
        let (of_object, of_rows) = (timeless(changes.clone()), timeless(fresh.take_changes()));
        assert!(of_object == of_rows, "not the same: {:?}", differences(&of_object, &of_rows));
        assert_eq!((group.members(), group.room_state()), (fresh.members(), fresh.room_state()));
        assert!(of_kept.is_ok() || (changes.states.is_empty() && changes.epochs.is_empty()), "a failed operation leaves nothing");
        of_kept
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Seal(side, client) => {
                let client = self.client(side, client);
                let sealed = self.both(side, |group, _| group.seal(&client, b"hello", [7; 32]));
                self.said.extend(sealed.ok().map(|sealed| (side, sealed)));
            }
            Act::Open(index) if !self.said.is_empty() => {
                let (from, sealed) = index.get(&self.said).clone();
                let opened = self.both(other(from), |group, _| group.open(&sealed).map(|opened| opened.application_data));
                if opened.is_ok() {
                    let again = self.both(other(from), |group, _| group.open(&sealed).map(|opened| opened.application_data));
                    assert!(again.is_err(), "a message has opened twice");
                }
            }
            Act::OpenSpoilt(index) if !self.said.is_empty() => {
                let (from, mut sealed) = index.get(&self.said).clone();
                sealed.last_mut().into_iter().for_each(|octet| *octet ^= 1);
                self.both(other(from), |group, _| group.open(&sealed).map(|_| ())).unwrap_err();
            }
            Act::Commit(side, client) => self.commit(side, client),
            Act::Abandon(side, client) => {
                let client = self.client(side, client);
                if self.make(side, &client).is_ok() {
                    self.both(side, |group, _| group.clear_pending(&client.client_uri)).unwrap();
                }
            }
            Act::StageSpoilt(side, client) => self.stage_spoilt(side, client),
            Act::Leave(side) => {
                let client = self.client(side, 0);
                let Ok(proposals) = self.both(side, |group, _| group.leave_proposals(&client)) else { return };
                let proposals: Vec<_> = proposals.iter().map(Vec::as_slice).collect();
                for taker in [side, other(side)] {
                    self.both(taker, |group, _| group.queue_proposals(&proposals)).unwrap();
                }
            }
            Act::Ask(side, client) => {
                let client = self.client(side, client);
                let asked = self.both(side, |group, _| {
                    Ok((group.ratchet_tree()?, group.group_info(&client)?, group.epoch_authenticator(&client.client_uri)?))
                });
                assert_eq!(asked.is_ok(), self.sides[side as usize].0.holds(&client.client_uri));
            }
            Act::Open(_) | Act::OpenSpoilt(_) => {}
        }
    }

    fn make(&mut self, side: Side, client: &ClientIdentity) -> Result<PendingCommit, MlsError> {
        self.is_left_to_chance = self.sides[side as usize].0.has_pending_proposals();
        let made = self.both(side, |group, roots| group.commit(client, &CommitPlan::default(), roots, NOW));
        self.is_left_to_chance = false;
        made
    }

    fn commit(&mut self, side: Side, client: usize) {
        let client = self.client(side, client);
        let Ok(pending) = self.make(side, &client) else { return };
        self.both(side, |group, roots| group.merge_pending(&client.client_uri, roots, NOW)).unwrap();
        let follow = |group: &mut Group, roots: &TrustRoots| {
            let staged = group.stage(&pending.commit, roots, NOW)?;
            group.merge(staged)
        };
        self.both(other(side), follow).unwrap();
        self.both(other(side), follow).unwrap_err();
    }

    fn stage_spoilt(&mut self, side: Side, client: usize) {
        let client = self.client(side, client);
        let made = self.sides[side as usize].0.clone().commit(&client, &CommitPlan::default(), &self.roots, NOW);
        let Ok(mut commit) = made.map(|pending| pending.commit) else { return };
        if self.sides[other(side) as usize].0.own_clients().next().is_none() {
            return;
        }
        // The membership tag comes last: members see that it is wrong, others do not.
        commit.last_mut().into_iter().for_each(|octet| *octet ^= 1);
        let follow = |group: &mut Group, roots: &TrustRoots| {
            let staged = group.stage(&commit, roots, NOW)?;
            group.merge(staged)
        };
        self.both(other(side), follow).unwrap_err();
    }
}

/// Without when an epoch's secrets came to be, which is how their row ends: an array of seconds and nanoseconds.
fn timeless(mut changes: GroupChanges) -> GroupChanges {
    let private = changes.states.values_mut().flat_map(|state| state.clients.values_mut()).flat_map(|rows| &mut rows.put);
    for (key, value) in private.filter(|(key, _)| key.ends_with(b"MessageSecrets/")) {
        let end = value.len();
        let time = (end - 11..end - 6).find(|start| value[*start..].starts_with(&[0x92, 0xce]));
        value.truncate(time.unwrap_or_else(|| panic!("{} ends otherwise", String::from_utf8_lossy(key))));
    }
    changes
}

/// What of the rows is not the same, by key: their values are long.
fn differences(left: &GroupChanges, right: &GroupChanges) -> Vec<String> {
    let rows = |changes: &GroupChanges| -> BTreeMap<String, Vec<u8>> {
        let states = changes.states.iter().flat_map(|(id, state)| {
            let private = state.clients.iter().map(|(client, rows)| (client.to_string(), rows));
            private.chain([("public".to_owned(), &state.public)]).map(move |(whose, rows)| (format!("{id} {whose}"), rows))
        });
        states
            .flat_map(|(of, rows)| rows.put.iter().map(move |(key, value)| (format!("{of} {}", key.escape_ascii()), value.clone())))
            .collect()
    };
    let (left, right) = (rows(left), rows(right));
    left.keys().chain(right.keys()).filter(|key| left.get(*key) != right.get(*key)).cloned().collect()
}

fn other(side: Side) -> Side {
    match side {
        Side::Alice => Side::Bob,
        Side::Bob => Side::Alice,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn an_operation_leaves_the_same_with_kept_objects_as_with_loaded_ones(acts in proptest::collection::vec(act(), 1..24)) {
        let mut room = Room::new();
        acts.into_iter().for_each(|act| room.act(act));
    }
}

/// Objects that are kept are those of the head: of a client that has been taken out, and after [`Group::rest`], none is left
/// that could do anything.
#[test]
fn what_is_kept_is_used_in_its_epoch_only() {
    let mut room = Room::new();
    room.act(Act::Seal(Side::Bob, 0));
    room.act(Act::Commit(Side::Alice, 0));
    let (_, sealed) = room.said[0].clone();
    // Of the epoch before: from the rows that stragglers have.
    assert_eq!(room.both(Side::Alice, |group, _| group.open(&sealed).map(|opened| opened.application_data)).unwrap(), b"hello");
    room.sides[0].0.rest();
    assert!(room.both(Side::Alice, |group, _| group.open(&sealed).map(|_| ())).is_err());
    room.act(Act::Leave(Side::Bob));
    room.act(Act::Commit(Side::Alice, 0));
    let bob = room.client(Side::Bob, 0);
    assert!(matches!(room.both(Side::Bob, |group, _| group.seal(&bob, b"still here", [7; 32])), Err(MlsError::NoSuchClient(_))));
}

/// What is proposed twice counts once (P-042): else its committer would apply it twice, and nobody could open its commit.
#[test]
fn what_is_proposed_twice_is_committed_once() {
    for is_kept in [true, false] {
        let mut room = Room::new();
        let client = room.client(Side::Alice, 0);
        for _ in 0..2 {
            let proposals = room.both(Side::Alice, |group, _| group.leave_proposals(&client)).unwrap();
            let proposals: Vec<_> = proposals.iter().map(Vec::as_slice).collect();
            for taker in [Side::Alice, Side::Bob] {
                room.both(taker, |group, _| group.queue_proposals(&proposals)).unwrap();
                if !is_kept {
                    room.sides[taker as usize].0.rest();
                }
            }
        }
        room.commit(Side::Bob, 0);
        let users: Vec<_> = room.sides[1].0.room_state().participants.participants.iter().map(|p| p.user.clone()).collect();
        assert_eq!(users, [room.client(Side::Bob, 0).user_uri]);
    }
}
