//! What a newcomer has to know of the graph: the anchor's public state, and everything since.
//!
//! A Welcome brings a client into one epoch, and says nothing of its siblings. Whoever shall choose the head as the
//! others do needs the tail as well: it builds the graph from it, judging every commit, and puts the state that the
//! Welcome gave it where it belongs. The anchor's name and the terms from before it are all that it has to believe (SPEC §14.7).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{ForkableGroup, Judge, SignedStatement};
use crate::graph::{Authority, MatrixOrder, RecentCommit};
use crate::planted::planted;
use crate::rows::{GroupSnapshot, PastEpoch};
use crate::{ClientIdentity, EpochId, EpochOrigin, EpochRecord, EpochRef, Group, MAX_PAST_EPOCHS, MlsError};

/// A graph from its anchor on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// How many epochs a branch may run ahead before it is final.
    pub window: u64,
    /// The anchor's name.
    pub anchor: EpochId,
    /// Its GroupInfo, bare, without tree.
    #[serde(with = "serde_bytes")]
    pub group_info: Vec<u8>,
    /// Its tree.
    #[serde(with = "serde_bytes")]
    pub ratchet_tree: Vec<u8>,
    /// The last commits up to it, the newest first: who made them, and whether to take something from somebody.
    pub recent_commits: Vec<RecentCommit>,
    /// All commits since, parents first.
    #[serde(with = "crate::octets")]
    pub commits: Vec<Vec<u8>>,
    /// GroupInfos, bare and without tree, of those of them that lead to the head, as far as the teller has any: with them, whoever is
    /// told can tell others when one of these epochs is the anchor.
    #[serde(default)]
    pub infos: BTreeMap<EpochId, ByteBuf>,
    /// All statements about these epochs.
    #[serde(with = "crate::octets")]
    pub statements: Vec<Vec<u8>>,
    /// What has opened terms before: it cannot be judged here, and is believed as the anchor's name is.
    #[serde(default, with = "crate::octets")]
    pub terms: Vec<Vec<u8>>,
    /// Up to this term, nobody remembers what has opened terms; believed likewise.
    #[serde(default)]
    pub forgotten_terms: u64,
    /// What Matrix rooms say that order terms, as far as it is about these epochs: a hint, for until the newcomer has seen
    /// the rooms itself.
    #[serde(default)]
    pub orders: BTreeMap<String, MatrixOrder>,
}

impl ForkableGroup {
    /// [`Self::tail_by`] one own client.
    ///
    /// # Errors
    /// As there.
    pub fn tail(&self, identity: &ClientIdentity) -> Result<Tail, MlsError> {
        self.tail_by([identity])
    }

    /// The tail, from whichever of these own clients holds the anchor's secrets, or has before they went by
    /// [age](Self::forget_aged); or from somebody else's [GroupInfo](Self::take_infos).
    ///
    /// # Errors
    /// If there is no such.
    pub fn tail_by<'a>(&self, identities: impl IntoIterator<Item = &'a ClientIdentity> + Clone) -> Result<Tail, MlsError> {
        let anchor = self.graph.anchor();
        let state = self.state(&anchor.id)?;
        let since = self.since_anchor();
        let told: BTreeSet<EpochId> = since.iter().map(|epoch| epoch.id).collect();
        let is_told = |signed: &SignedStatement| told.contains(&signed.epoch().id);
        let commits = since.iter().filter(|epoch| epoch.id != anchor.id).filter_map(|epoch| self.commit_message(&epoch.id));
        let statements = self.statements.iter().filter(|_| !planted!(TailWithoutStatements));
        let rooms = self.graph.ordering_rooms().filter(|_| !planted!(TailWithoutOrders));
        let orders = rooms.filter_map(|room| {
            let order = self.graph.order_of(room)?.iter().filter(|(parent, _)| told.contains(parent));
            Some((room.to_owned(), order.map(|(parent, child)| (*parent, *child)).collect()))
        });
        let on_the_way = self.after_anchor().into_iter().filter_map(|id| Some((id, self.info_by(&id, identities.clone())?)));
        let terms = statements.clone().filter(|signed| signed.statement().opens_a_term());
        Ok(Tail {
            window: self.graph.window(),
            anchor: anchor.id,
            group_info: self.info_by(&anchor.id, identities.clone()).ok_or_else(no_info)?,
            ratchet_tree: state.ratchet_tree()?,
            recent_commits: self.graph.recent_commits(&anchor.id),
            commits: commits.map(<[u8]>::to_vec).collect(),
            infos: on_the_way.map(|(id, info)| (id, ByteBuf::from(info))).collect(),
            statements: statements.filter(|signed| is_told(signed)).map(SignedStatement::to_bytes).collect(),
            terms: terms.filter(|signed| !is_told(signed)).map(SignedStatement::to_bytes).collect(),
            forgotten_terms: self.graph.forgotten_terms(),
            orders: orders.collect(),
        })
    }

    /// The epochs after the anchor that lead to the head.
    fn after_anchor(&self) -> Vec<EpochId> {
        let path = self.graph.path_to(&self.graph.head().id).into_iter();
        path.skip_while(|id| *id != self.graph.anchor().id).skip(1).collect()
    }

    /// The GroupInfo of an epoch: one that is kept, if the epoch's tags are still the same, or by an own client.
    fn info_by<'a>(&self, id: &EpochId, identities: impl IntoIterator<Item = &'a ClientIdentity>) -> Option<Vec<u8>> {
        let state = self.state(id).ok()?;
        let kept = self.infos.get(id).filter(|info| state.check_own_group_info(info).is_ok());
        kept.cloned().or_else(|| identities.into_iter().find_map(|identity| state.group_info(identity).ok()))
    }

    /// Whether any of these own clients could [tell](Self::tail_by) the graph.
    pub fn can_tell<'a>(&self, identities: impl IntoIterator<Item = &'a ClientIdentity>) -> bool {
        self.info_by(&self.graph.anchor().id, identities).is_some()
    }

    /// Keeps what somebody has told of epochs that lead to the head and in which no own client was, for whom it may have to be told
    /// when they are the anchor. What does not hold is of no use, and nothing else.
    pub fn take_infos(&mut self, tail: &Tail) {
        let head = self.graph.head().id;
        let anchors = tail.infos.iter().map(|(id, info)| (*id, info.as_slice()));
        for (id, info) in anchors.chain([(tail.anchor, tail.group_info.as_slice())]) {
            let leads_to_head = self.graph.is_ancestor(&id, &head) && !self.graph.is_final(&id);
            let is_wanted = leads_to_head && !self.infos.contains_key(&id);
            let holds = |state: &Group| state.own_clients().next().is_none() && state.check_own_group_info(info).is_ok();
            if is_wanted && self.state(&id).is_ok_and(holds) {
                self.infos.insert(id, info.to_vec());
            }
        }
    }

    /// The epochs that are not final, parents first, from the anchor on.
    pub(super) fn since_anchor(&self) -> Vec<EpochRef> {
        let mut since: Vec<_> = self.graph.epochs().filter(|epoch| !self.graph.is_final(&epoch.id)).collect();
        since.sort_by_key(|epoch| (epoch.number, epoch.id));
        since
    }

    /// A group seen from outside: its graph, without a client of ours. A delivery service stays like that.
    ///
    /// # Errors
    /// If the window is none, or the anchor's GroupInfo, or anything after it, does not hold.
    pub fn observe(tail: &Tail, judge: Judge<'_>) -> Result<Self, MlsError> {
        if !(1..=MAX_PAST_EPOCHS).contains(&tail.window) {
            return Err(MlsError::Invalid(format!("SPEC §11.4: a graph's window is from 1 to {MAX_PAST_EPOCHS} epochs")));
        }
        let anchor = Group::observe((&tail.group_info, &tail.ratchet_tree), tail.anchor, (judge.roots, judge.now_ms))?;
        let record = EpochRecord {
            id: tail.anchor,
            parent: None,
            number: anchor.epoch().number,
            confirmation_tag: anchor.confirmation_tag()?,
            committer: None,
            commit: Vec::new(),
            origin: EpochOrigin::Told,
        };
        let mut group = Self::begin(anchor, tail.window, tail.recent_commits.clone(), &[])?;
        group.records.push(record);
        // None of our clients was in: what others are told of the anchor is what we were told.
        group.infos.insert(tail.anchor, tail.group_info.clone());
        // Statements first: the head of before a change of authority is nobody's concern.
        group.graph.begin_after_term(tail.forgotten_terms);
        group.believe(&tail.terms);
        for statement in &tail.statements {
            group.receive_statement(statement)?;
        }
        group.believe_orders(&tail.orders);
        for commit in &tail.commits {
            group.receive_commit(commit, None, judge)?;
        }
        group.believe_orders(&tail.orders);
        group.take_infos(tail);
        Ok(group)
    }

    /// What rooms say, by hearsay: nobody loses anything by what is no room's.
    fn believe_orders(&mut self, orders: &BTreeMap<String, MatrixOrder>) {
        for (room_id, order) in orders.iter().filter(|(room_id, _)| Authority::is_room_id(room_id)) {
            self.graph.follow_room(room_id, order);
            self.drop_unknown_states();
        }
    }

    /// What opened terms at epochs that the tail does not contain: its signatures are checked as far as the signers are there
    /// at the anchor, and for the rest, it has to be believed like the anchor's name.
    fn believe(&mut self, terms: &[Vec<u8>]) {
        for signed in terms.iter().filter_map(|bytes| SignedStatement::from_bytes(bytes).ok()) {
            let is_news = !self.graph.contains(&signed.epoch().id) && !planted!(NewcomerBelievesNothing);
            if is_news && self.may_be_true(&signed) && self.graph.believe(signed.statement().clone()) {
                self.remember(signed);
            }
        }
    }

    /// Puts the state of clients of ours, from a Welcome or from before the group was forkable, where it belongs. They follow what
    /// is known to have been built on it.
    ///
    /// # Errors
    /// If its epoch is not in the graph.
    pub fn adopt(&mut self, joined: &Group, judge: Judge<'_>) -> Result<EpochId, MlsError> {
        let context = joined.group_context()?;
        for id in self.graph.with_number(joined.epoch().number) {
            if self.state(&id)?.group_context()? == context {
                // The same epoch may be stored under a name of our own: that one is not used any more.
                self.forgotten.extend(Some(joined.epoch().id).filter(|own| *own != id).map(|own| (own, None)));
                let GroupSnapshot { clients, nodes, mut past, .. } = joined.snapshot().clone();
                for (client, rows) in past.values_mut().flat_map(|past| &mut past.clients) {
                    let blanks = clients.get(client).map(crate::storage::blanks).transpose()?;
                    rows.extend(blanks.into_iter().flatten());
                }
                self.own.extend(clients.keys().cloned());
                let (known, unknown) = past.into_iter().partition(|(id, _)| self.states.contains_key(id));
                let known = BTreeMap::into_iter(known).map(|(id, past): (EpochId, PastEpoch)| (id, past.clients));
                for (id, clients) in known.chain([(id, clients)]) {
                    let state = self.state_mut(&id)?;
                    // A Welcome that is replayed takes no ratchet back.
                    let news: Vec<_> = clients.into_iter().filter(|(client, _)| !state.holds(client)).collect();
                    news.into_iter().for_each(|(client, rows)| state.hold(&client, rows));
                }
                self.state_mut(&id)?.keep_past(unknown, &nodes);
                self.remake_below(&id, judge)?;
                return Ok(id);
            }
        }
        Err(MlsError::FutureEpoch { current: self.head().number })
    }
}

fn no_info() -> MlsError {
    MlsError::Invalid("nobody here was in the anchor's epoch, or has been told its GroupInfo".to_owned())
}
