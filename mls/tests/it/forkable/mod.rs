//! Groups of real clients whose commits nobody orders: SPEC §14.

mod anew;
mod commits;
mod hardening;
mod hub;
mod large;
mod matrix;
mod messages;
mod news;
mod retention;
mod settlement;
mod statements;
mod stranded;
mod tail;

use std::collections::BTreeMap;

use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair};
use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::graph::RecentCommit;
use causeway_mls::{
    ClientIdentity, CommitOutcome, CommitPlan, EpochId, ForkableGroup, Group, Judge, KeyPackageBundle, MlsError, Placed, Prepared,
    Received, TrustRoots,
};

use crate::support::*;

/// A group of three: alice and bob, admins of providers a and b, and carol, a member of c.
pub(crate) struct Trio {
    pub(crate) a: Provider,
    pub(crate) b: Provider,
    pub(crate) c: Provider,
    pub(crate) roots: TrustRoots,
    pub(crate) alice: Node,
    pub(crate) bob: Node,
    pub(crate) carol: Node,
}

/// One process with one client in the group. Its state goes through a snapshot after every step.
pub(crate) struct Node {
    pub(crate) group: ForkableGroup,
    pub(crate) identity: ClientIdentity,
}

pub(crate) fn reloaded(mut group: ForkableGroup) -> ForkableGroup {
    group.take_changes().unwrap();
    ForkableGroup::load(group.snapshot().unwrap()).unwrap()
}

impl Trio {
    pub(crate) fn new() -> Self {
        let (a, b, c) = (Provider::new("a.test"), Provider::new("b.test"), Provider::new("c.test"));
        let roots = roots(&[&a, &b, &c]);
        let (alice, bob, carol) = (a.client("alice", "one"), b.client("bob", "one"), c.client("carol", "one"));
        let group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
        let (kp_bob, kp_carol) = (key_package(&bob), key_package(&carol));
        let entries = vec![
            UserRolePair { user: b.user("bob"), role_index: ADMIN },
            UserRolePair { user: c.user("carol"), role_index: MEMBER },
        ];
        let plan = adding(entries, vec![kp_bob.key_package.clone(), kp_carol.key_package.clone()]);
        let (at_alice, pending) = commit(group, &alice, &plan, &roots);
        let (at_bob, at_carol) = (join(&pending, &kp_bob, &bob, &roots), join(&pending, &kp_carol, &carol, &roots));
        let alice = Node {
            group: ForkableGroup::begin(at_alice, 5, vec![RecentCommit::by(a.user("alice"))], &[]).unwrap(),
            identity: alice,
        };
        let bob = Node::joining(&alice, &at_bob, bob, &roots);
        let carol = Node::joining(&alice, &at_carol, carol, &roots);
        Self { a, b, c, roots, alice, bob, carol }
    }

    pub(crate) fn judge(&self) -> Judge<'_> {
        judge(&self.roots)
    }

    /// Everybody hears of everything that anybody knows.
    pub(crate) fn gossip(&mut self) {
        for _ in 0..2 {
            let all: Vec<Vec<u8>> = [&self.alice, &self.bob, &self.carol].iter().flat_map(|node| node.known_commits()).collect();
            let said: Vec<Vec<u8>> =
                [&self.alice, &self.bob, &self.carol].iter().flat_map(|node| node.known_statements()).collect();
            for node in [&mut self.alice, &mut self.bob, &mut self.carol] {
                for commit in &all {
                    node.hear(commit, &self.roots);
                }
                for statement in &said {
                    node.group.receive_statement(statement).unwrap();
                }
            }
        }
    }

    pub(crate) fn assert_agreed(&self) {
        let nodes = [&self.alice, &self.bob, &self.carol];
        assert!(nodes.windows(2).all(|pair| pair[0].group.head() == pair[1].group.head()), "one head");
        let trees: Vec<_> = nodes.iter().map(|node| node.group.head_state().unwrap().ratchet_tree().unwrap()).collect();
        assert!(trees.windows(2).all(|pair| pair[0] == pair[1]), "one tree");
    }
}

pub(crate) fn judge(roots: &TrustRoots) -> Judge<'_> {
    Judge { roots, now_ms: NOW }
}

pub(crate) fn adding(users: Vec<UserRolePair>, key_packages: Vec<Vec<u8>>) -> CommitPlan {
    let participants = (!users.is_empty()).then(|| ParticipantListUpdate { added_participants: users, ..Default::default() });
    CommitPlan { add_key_packages: key_packages, participants, ..Default::default() }
}

/// Adds a new user with one client.
pub(crate) fn inviting(provider: &Provider, name: &str) -> (CommitPlan, ClientIdentity, KeyPackageBundle) {
    let identity = provider.client(name, "one");
    let bundle = key_package(&identity);
    let entry = UserRolePair { user: provider.user(name), role_index: MEMBER };
    (adding(vec![entry], vec![bundle.key_package.clone()]), identity, bundle)
}

pub(crate) fn renaming(node: &Node, name: &str) -> CommitPlan {
    let mut metadata = node.group.head_state().unwrap().room_state().metadata.clone();
    metadata.room_name.0 = name.to_owned();
    CommitPlan { metadata: Some(metadata), ..Default::default() }
}

/// Takes a user out of the room, with its clients.
pub(crate) fn removing(node: &Node, user: &UserUri) -> CommitPlan {
    with_role(node, user, 0)
}

/// Gives a user a role; role 0 is none.
pub(crate) fn with_role(node: &Node, user: &UserUri, role: u32) -> CommitPlan {
    let head = node.group.head_state().unwrap();
    let participants = head.room_state().participants_update(&head.room_state().with_role(user, role));
    let gone = head.members().iter().filter(|member| role == 0 && member.user == *user);
    CommitPlan { participants, remove_clients: gone.map(|member| member.client.clone()).collect(), ..Default::default() }
}

impl Node {
    /// A node that joined by a Welcome and gets the tail from one that is in.
    pub(crate) fn joining(from: &Node, joined: &Group, identity: ClientIdentity, roots: &TrustRoots) -> Self {
        let tail = from.group.tail(&from.identity).unwrap();
        let mut group = ForkableGroup::observe(&tail, judge(roots)).unwrap();
        group.adopt(joined, judge(roots)).unwrap();
        Self { group: reloaded(group), identity }
    }

    pub(crate) fn commit(&mut self, plan: &CommitPlan, roots: &TrustRoots) -> Prepared {
        self.try_commit(plan, roots).unwrap()
    }

    pub(crate) fn try_commit(&mut self, plan: &CommitPlan, roots: &TrustRoots) -> Result<Prepared, MlsError> {
        let prepared = self.group.prepare(&self.identity, plan, judge(roots))?;
        self.group = reloaded(self.group.clone());
        self.group.publish(&prepared.id)?;
        self.group = reloaded(self.group.clone());
        Ok(prepared)
    }

    pub(crate) fn hear(&mut self, commit: &[u8], roots: &TrustRoots) -> Received {
        let received = self.group.receive_commit(commit, None, judge(roots)).unwrap();
        self.group = reloaded(self.group.clone());
        received
    }

    pub(crate) fn place(&mut self, commit: &[u8], roots: &TrustRoots) -> Box<Placed> {
        match self.hear(commit, roots).outcomes.swap_remove(0) {
            CommitOutcome::Placed(placed) => placed,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn seal(&mut self, text: &[u8]) -> Vec<u8> {
        let sealed = self.group.seal(&self.identity, text, [7; 32]).unwrap();
        self.group = reloaded(self.group.clone());
        sealed
    }

    pub(crate) fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, MlsError> {
        let opened = self.group.open(sealed);
        self.group = reloaded(self.group.clone());
        opened.map(|opened| opened.application_data)
    }

    pub(crate) fn head(&self) -> EpochId {
        self.group.head().id
    }

    pub(crate) fn known_commits(&self) -> Vec<Vec<u8>> {
        let graph = self.group.graph();
        let mut epochs: Vec<_> = graph.epochs().collect();
        epochs.sort_by_key(|epoch| epoch.number);
        epochs.iter().filter_map(|epoch| self.group.commit_message(&epoch.id)).map(<[u8]>::to_vec).collect()
    }

    pub(crate) fn known_statements(&self) -> Vec<Vec<u8>> {
        self.group.statements().iter().map(causeway_mls::SignedStatement::to_bytes).collect()
    }

    pub(crate) fn has_user(&self, user: &UserUri) -> bool {
        let head = self.group.head_state().unwrap();
        head.room_state().is_present(user) && head.members().iter().any(|member| member.user == *user)
    }

    /// Settles what it may, as far as KeyPackages are at hand.
    pub(crate) fn settle(
        &mut self,
        key_packages: &BTreeMap<causeway_drafts::mimi_uri::ClientUri, Vec<u8>>,
        roots: &TrustRoots,
    ) -> usize {
        let mut commits = 0;
        loop {
            let settlement = self.group.settlement().unwrap();
            let plan = settlement.plan_for(&self.identity.client_uri, self.group.head_state().unwrap(), key_packages);
            let Some(plan) = plan else { return commits };
            self.commit(&plan, roots);
            commits += 1;
            assert!(commits < 10, "settling does not end: {settlement:?}");
        }
    }
}
