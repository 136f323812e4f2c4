//! What a peer says about a room without a hub.

use causeway_drafts::mimi_uri::ProviderDomain;
use causeway_mls::{
    CommitOutcome, CommitSummary, ForkableGroup, Group, HeadChange, JoinableGroupInfo, Judge, Known, MlsError, News,
    SignedStatement, StatementOutcome, Tail,
};
use serde_bytes::ByteBuf;

use super::claims::WelcomeFor;
use super::peer_message::PeerMessage;
use super::{Conversation, ConversationError, Result, Topology, Turn};
use crate::loss::{Feature, Loss};

/// A peer that does not answer is asked again after so many ms, when there is a reason to.
const ANSWER_PATIENCE: u64 = 30_000;
/// So many messages whose epoch is not known yet are kept,
const EARLY_MESSAGES: usize = 64;
/// and so many octets of them: whoever is a peer can make them up.
const EARLY_OCTETS: usize = 4 << 20;

impl Conversation {
    /// Whether a provider may speak about the room: it has a client in it, or was its hub.
    pub fn is_peer(&self, turn: &Turn<'_>, from: &ProviderDomain) -> bool {
        self.peers(turn).is_ok_and(|peers| peers.contains(from))
    }

    /// What a peer says, in its order. Like with a hub, a message that cannot be used is a loss: the next ones count.
    pub fn peer(
        &mut self,
        turn: &mut Turn<'_>,
        from: &ProviderDomain,
        messages: &[PeerMessage],
        welcomes: Vec<WelcomeFor>,
    ) -> Result<()> {
        let mut welcomes = Some(welcomes);
        for message in messages {
            if message.comes_from_a_graph() {
                self.book.by_fan_out.remove(from.as_str());
            }
            match message {
                PeerMessage::Tail { tail, earlier } => self.peer_tail(turn, from, (tail, earlier))?,
                PeerMessage::Welcome { welcome, ratchet_tree, tail } => {
                    let for_us = welcomes.take().unwrap_or_default();
                    let room = self.mimi_room()?;
                    for_us.iter().try_for_each(|welcome| welcome.check_claim(from, &room))?;
                    self.peer_welcome(turn, (welcome, ratchet_tree), tail, for_us)?;
                }
                message if !self.is_leaderless() => self.peer_of_a_hub_s_room(turn, from, message)?,
                PeerMessage::Statement(statement) => self.peer_statement(turn, from, statement)?,
                PeerMessage::Commit(commit) => self.peer_commit(turn, from, commit)?,
                PeerMessage::Application(sealed) => self.peer_application(turn, from, sealed)?,
                PeerMessage::WantTail => self.give_tail(turn, from)?,
                PeerMessage::WantNews { known, in_return } => self.peer_wants_news(turn, from, (known, *in_return))?,
                PeerMessage::News(news) => self.peer_news(turn, from, news)?,
                PeerMessage::WantGroupInfo => self.give_head(turn, from)?,
                PeerMessage::GroupInfo { group_info, ratchet_tree } => {
                    self.peer_group_info(turn, from, (group_info, ratchet_tree))?;
                }
                PeerMessage::Following { term } => self.peer_follows(turn, from, *term)?,
                PeerMessage::GraphEnded { at } => self.peer_has_ended(turn, from, at)?,
            }
        }
        Ok(())
    }

    /// What a peer that has a graph says while we have none: not yet, or not any more.
    fn peer_of_a_hub_s_room(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, message: &PeerMessage) -> Result<()> {
        let is_over = self.book.term > 0;
        match message {
            PeerMessage::Application(sealed) if is_over => self.peer_application(turn, from, sealed),
            PeerMessage::Application(sealed) => self.too_early(turn, from, sealed),
            // Not all know yet that our graph has ended, the hub included.
            PeerMessage::Commit(commit) if is_over && self.is_hub(from) => self.commit_of_a_hub_that_is_back(turn, commit),
            PeerMessage::Commit(_) if is_over => Ok(()),
            PeerMessage::Statement(statement) if SignedStatement::from_bytes(statement)?.term() <= self.book.term => Ok(()),
            PeerMessage::Commit(_) | PeerMessage::Statement(_) | PeerMessage::News(_) => self.want_news(turn, from),
            _ => Ok(()),
        }
    }

    /// Asks a peer for what we lack, once at a time: a peer's answer is behind all that it has said before.
    ///
    /// # Errors
    /// If the question cannot be put.
    pub fn want_news(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain) -> Result<()> {
        if self.owes_an_answer(turn, from) {
            return Ok(());
        }
        let message = match &self.forkable {
            Some(forkable) if self.is_leaderless() => PeerMessage::WantNews { known: forkable.known(), in_return: false },
            _ => PeerMessage::WantTail,
        };
        self.ask(turn, from, &message)
    }

    /// Asks a peer for something of its graph, if it owes us no answer.
    pub(super) fn ask(&mut self, turn: &mut Turn<'_>, peer: &ProviderDomain, question: &PeerMessage) -> Result<()> {
        if self.owes_an_answer(turn, peer) {
            return Ok(());
        }
        self.book.asked.insert(peer.to_string(), turn.now);
        self.tell(turn, peer, question)
    }

    fn owes_an_answer(&self, turn: &Turn<'_>, peer: &ProviderDomain) -> bool {
        self.book.asked.get(peer.as_str()).is_some_and(|asked| turn.now < asked + ANSWER_PATIENCE)
    }

    /// A peer says what it has: it is told what it lacks, and asked for what we lack.
    fn peer_wants_news(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, (known, in_return): (&Known, bool)) -> Result<()> {
        let forkable = self.forkable()?;
        let (news, lacking) = (forkable.news_for(known), forkable.lacks(known).then(|| forkable.known()));
        match news {
            Some(news) if in_return && news.is_empty() => {}
            Some(news) => self.answer_peer(turn, from, &PeerMessage::News(news))?,
            None => self.give_tail(turn, from)?,
        }
        match lacking.filter(|_| !in_return) {
            Some(known) => self.tell(turn, from, &PeerMessage::WantNews { known, in_return: true }),
            None => Ok(()),
        }
    }

    fn peer_news(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, news: &News) -> Result<()> {
        self.book.asked.remove(from.as_str());
        self.take_news(turn, &news.statements, &news.commits)?;
        self.after_head(turn)?;
        self.open_early(turn)
    }

    fn take_news<'a>(
        &mut self,
        turn: &mut Turn<'_>,
        statements: impl IntoIterator<Item = &'a Vec<u8>>,
        commits: &[Vec<u8>],
    ) -> Result<()> {
        for statement in statements {
            self.take_statement(turn, statement)?;
        }
        for commit in commits {
            self.take_commit(turn, commit)?;
        }
        Ok(())
    }

    /// Until the hub has heard that our graph has ended, it tells us its own commits alone. What it has built on others' comes by its
    /// fan-out, with these, as soon as it has.
    fn commit_of_a_hub_that_is_back(&mut self, turn: &mut Turn<'_>, commit: &[u8]) -> Result<()> {
        match self.group()?.stage(commit, turn.roots, turn.now) {
            Err(MlsError::FutureEpoch { .. }) => Ok(()),
            _ => self.hub_commit(turn, commit, &[]),
        }
    }

    /// The graph: begins ours, or brings what we miss of it.
    fn peer_tail(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, (tail, earlier): (&Tail, &[ByteBuf])) -> Result<()> {
        self.book.asked.remove(from.as_str());
        if self.takes_anew(turn, from, tail)? {
            self.after_head(turn)?;
            return self.open_early(turn);
        }
        if !self.is_leaderless() {
            return self.begin_with(turn, tail, earlier);
        }
        self.notice_distance(turn, from, tail)?;
        self.take_news(turn, tail.terms.iter().chain(&tail.statements), &tail.commits)?;
        self.forkable()?.take_infos(tail);
        self.after_head(turn)?;
        self.open_early(turn)
    }

    /// Our group becomes forkable: the graph has to contain the epoch that we are in, so that nobody can pass off another
    /// group as this one, and a term that somebody was allowed to open.
    fn begin_with(&mut self, turn: &mut Turn<'_>, tail: &Tail, earlier: &[ByteBuf]) -> Result<()> {
        let judge = Judge { roots: turn.roots, now_ms: turn.now };
        let mut graph = ForkableGroup::observe(tail, judge)?;
        if graph.graph().term() <= self.book.term {
            // Somebody whose graph has not ended yet.
            return Ok(());
        }
        if !graph.graph().has_judged_its_term() {
            return Err(ConversationError::refused("DMLS-21", "the graph has no term that anybody was allowed to open"));
        }
        let head_before = self.group()?.room_state().clone();
        self.catch_up(turn, &graph, earlier)?;
        // What our hub had accepted and the peer has not heard of is one more branch.
        for commit in self.book.earlier_commits.clone() {
            graph.receive_commit(&commit, None, judge)?;
        }
        let joined = self.group()?.clone();
        graph.adopt(&joined, judge).map_err(|_| ConversationError::refused("DMLS-29", "the graph does not contain our epoch"))?;
        self.forkable = Some(graph);
        self.follow_head()?;
        let after = self.group()?.room_state().clone();
        self.mirror_between(turn, head_before, after)?;
        if self.topology() == Some(Topology::OurHub) {
            // Whoever cannot be asked knows MIMI alone, and is to be found out before anything is said.
            self.tell_all(turn, &self.peers(turn)?, &PeerMessage::WantTail)?;
        } else {
            // The hub may have had something from us, and takes us for somebody who knows MIMI alone.
            let hub = self.hub()?;
            self.give_tail(turn, &hub)?;
        }
        self.after_head(turn)?;
        self.open_early(turn)
    }

    /// Commits of the hub's time that we have missed.
    fn catch_up(&mut self, turn: &mut Turn<'_>, graph: &ForkableGroup, earlier: &[ByteBuf]) -> Result<()> {
        for commit in earlier {
            let group = self.group_mut()?;
            if group.epoch().number >= graph.graph().root().number {
                break;
            }
            let Ok(staged) = group.stage(commit, turn.roots, turn.now) else { continue };
            let summary = staged.summary().clone();
            group.merge(staged)?;
            self.mirror_commit(turn, &summary)?;
        }
        Ok(())
    }

    /// Whether somebody of ours is in the group that we know.
    fn are_we_in(&self, turn: &Turn<'_>) -> bool {
        let members = self.group.as_ref().map(Group::members).unwrap_or_default();
        members.iter().any(|member| turn.gateway.names.is_ours(&member.user.provider()))
    }

    fn peer_welcome(
        &mut self,
        turn: &mut Turn<'_>,
        (welcome, tree): (&[u8], &[u8]),
        tail: &Tail,
        for_us: Vec<WelcomeFor>,
    ) -> Result<()> {
        let judge = Judge { roots: turn.roots, now_ms: turn.now };
        if self.forkable.is_none() && !for_us.is_empty() && self.are_we_in(turn) {
            // Whoever has a KeyPackage of ours may welcome it into a group of the same name.
            self.begin_with(turn, tail, &[])?;
            if self.forkable.is_none() {
                return Err(ConversationError::refused("DMLS-29", "the room has a hub, and no term has ended that"));
            }
        }
        for WelcomeFor { bundle, identity, .. } in for_us {
            let joined = Group::join((welcome, tree), &bundle, &identity, None, (turn.roots, turn.now))?;
            if self.forkable.is_none() {
                self.forkable = Some(ForkableGroup::observe(tail, judge)?);
            }
            let forkable = self.forkable()?;
            for commit in &tail.commits {
                forkable.receive_commit(commit, None, judge)?;
            }
            forkable.take_infos(tail);
            forkable.adopt(&joined, judge)?;
            turn.decision.spent_key_packages.push(bundle.reference);
            self.clients.insert(identity.client_uri.clone(), identity);
        }
        if self.forkable.is_none() {
            return Ok(());
        }
        self.follow_head()?;
        match &self.room {
            None => self.open_mirror(turn)?,
            Some(_) => self.invite_missing(turn)?,
        }
        self.after_head(turn)?;
        self.open_early(turn)
    }

    fn peer_statement(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, statement: &[u8]) -> Result<()> {
        if matches!(self.take_statement(turn, statement)?, StatementOutcome::Waits) {
            self.want_news(turn, from)?;
        }
        self.after_head(turn)
    }

    fn take_statement(&mut self, turn: &mut Turn<'_>, statement: &[u8]) -> Result<StatementOutcome> {
        let outcome = self.forkable()?.receive_statement(statement)?;
        match &outcome {
            StatementOutcome::InForce(Some(change)) => self.head_moved(turn, change, &[])?,
            StatementOutcome::Refused(error) => self.refused(turn, "statement", error),
            _ => {}
        }
        Ok(outcome)
    }

    fn peer_commit(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, commit: &[u8]) -> Result<()> {
        if self.take_commit(turn, commit)? {
            self.want_news(turn, from)?;
        }
        self.after_head(turn)?;
        self.open_early(turn)
    }

    /// Takes a commit, whoever brought it. Whether it waits for a parent that we do not know.
    pub(super) fn take_commit(&mut self, turn: &mut Turn<'_>, commit: &[u8]) -> Result<bool> {
        let judge = Judge { roots: turn.roots, now_ms: turn.now };
        let received = self.forkable()?.receive_commit(commit, None, judge)?;
        let mut waits = false;
        let mut made: Vec<CommitSummary> = Vec::new();
        for outcome in &received.outcomes {
            turn.decision.placements.push(outcome.name());
            match outcome {
                CommitOutcome::Placed(placed) => made.push(placed.summary.clone()),
                CommitOutcome::Refused(error) => self.refused(turn, "commit", error),
                CommitOutcome::Waits => waits = true,
                CommitOutcome::Duplicate(_) | CommitOutcome::Variant { .. } => {}
            }
        }
        if let Some(change) = &received.head {
            self.head_moved(turn, change, &made)?;
        }
        Ok(waits)
    }

    pub(super) fn head_moved(&mut self, turn: &mut Turn<'_>, change: &HeadChange, made: &[CommitSummary]) -> Result<()> {
        self.fan_out_head(turn, change)?;
        let forkable = self.forkable()?;
        let states = forkable.state(&change.from.id).ok().zip(forkable.state(&change.to.id).ok());
        let states = states.map(|(before, after)| (before.room_state().clone(), after.room_state().clone()));
        let settlement = forkable.settlement()?;
        let states = states.map(|(before, after)| (before, settlement.anticipated(&after)));
        self.follow_head()?;
        match (made.is_empty(), states) {
            (false, _) => self.mirror_head_change(turn, change, made),
            (true, Some((before, after))) => self.mirror_between(turn, before, after),
            (true, None) => Ok(()),
        }
    }

    /// Two states of the room, whoever led from one to the other.
    pub(super) fn mirror_between(
        &mut self,
        turn: &mut Turn<'_>,
        before: causeway_mls::RoomState,
        after: causeway_mls::RoomState,
    ) -> Result<()> {
        let head = self.forkable()?.head().id;
        let committer = self.forkable()?.graph().commit(&head).map(|commit| commit.committer.clone());
        let first = || self.group.as_ref().and_then(|group| Some(group.members().first()?.client.clone()));
        let Some(committer) = committer.or_else(first) else { return Ok(()) };
        let (added, removed, actors) = (Vec::new(), Vec::new(), Vec::new());
        let summary = CommitSummary { committer, external: false, added, removed, before, after, actors };
        self.mirror_commit(turn, &summary)
    }

    fn refused(&self, turn: &mut Turn<'_>, what: &str, error: &MlsError) {
        self.lose(turn, what, "mimi_to_matrix", vec![Loss::new(Feature::CommitRefused, error.to_string())]);
    }

    fn peer_application(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, sealed: &[u8]) -> Result<()> {
        let opened = self.open(sealed)?;
        match opened {
            Err(error) if self.may_open_later(sealed, &error) => self.too_early(turn, from, sealed),
            Err(error @ MlsError::Stranded(_)) if self.is_leaderless() => {
                self.want_group_info_again(turn)?;
                self.heard(turn, Err(error), None, turn.now)
            }
            Ok(opened) if self.is_leaderless() => {
                let tagged = opened.franking_tag.map(|tag| (opened.user.clone(), tag));
                self.heard(turn, Ok(opened), None, turn.now)?;
                match tagged {
                    Some((sender, tag)) => self.fan_out_application(turn, (&sender, tag), sealed).map(|_| ()),
                    None => Ok(()),
                }
            }
            opened => self.heard(turn, opened, None, turn.now),
        }
    }

    /// Whether a message that does not open may do so when more of the graph is known: its epoch is ahead, or one beside those
    /// that we know, since a message names its epoch by the number only.
    fn may_open_later(&self, sealed: &[u8], error: &MlsError) -> bool {
        match error {
            MlsError::FutureEpoch { .. } => true,
            MlsError::Invalid(_) => self.forkable.as_ref().is_some_and(|forkable| forkable.is_open_for(sealed)),
            _ => false,
        }
    }

    /// A message waits for its epoch.
    fn too_early(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, sealed: &[u8]) -> Result<()> {
        self.book.early_messages.push(ByteBuf::from(sealed.to_vec()));
        let octets = |early: &[ByteBuf]| early.iter().map(|sealed| sealed.len()).sum::<usize>();
        while self.book.early_messages.len() > EARLY_MESSAGES || octets(&self.book.early_messages) > EARLY_OCTETS {
            self.book.early_messages.remove(0);
            self.unheard(turn, from.as_str(), Feature::Unreadable, "its epoch is not known, and too much waits for the like")?;
        }
        self.want_news(turn, from)
    }

    /// Messages that came before the epoch that they were sealed in.
    pub(super) fn open_early(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        for sealed in std::mem::take(&mut self.book.early_messages) {
            match self.open(&sealed)? {
                Err(error) if self.may_open_later(&sealed, &error) => self.book.early_messages.push(sealed),
                opened => self.heard(turn, opened, None, turn.now)?,
            }
        }
        Ok(())
    }

    /// Gives a peer the graph. Where none of our clients was in at its anchor, since they came later or anew, others have to: the
    /// question counts as heard, or nothing that the peer says behind it would ever come.
    fn give_tail(&mut self, turn: &mut Turn<'_>, to: &ProviderDomain) -> Result<()> {
        match self.tail_message() {
            Ok(message) => self.answer_peer(turn, to, &message),
            Err(ConversationError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Gives a peer what its stranded clients need to come back. The question counts as heard where nobody of ours can, or where
    /// nobody joins, since the group has no franking agent (P-078).
    fn give_head(&mut self, turn: &mut Turn<'_>, to: &ProviderDomain) -> Result<()> {
        let info = match self.joinable_head() {
            Err(ConversationError::Missing(_)) => None,
            info => info?,
        };
        match info {
            Some(info) => {
                let (group_info, ratchet_tree) = (ByteBuf::from(info.group_info), ByteBuf::from(info.ratchet_tree));
                self.answer_peer(turn, to, &PeerMessage::GroupInfo { group_info, ratchet_tree })
            }
            None => Ok(()),
        }
    }

    /// What somebody needs to join the head, from any own client that holds it.
    pub(super) fn joinable_head(&self) -> Result<Option<JoinableGroupInfo>> {
        let hub_key = self.hub_key()?;
        let forkable = self.forkable.as_ref().ok_or(ConversationError::Missing("graph of epochs"))?;
        Ok(self.clients.values().find_map(|identity| forkable.joinable(identity, hub_key.clone()).ok()))
    }

    /// The stranded come back.
    fn peer_group_info(
        &mut self,
        turn: &mut Turn<'_>,
        from: &ProviderDomain,
        (group_info, ratchet_tree): (&[u8], &[u8]),
    ) -> Result<()> {
        let stranded = self.forkable()?.stranded()?;
        let (Some(client), Ok(hub_key)) = (stranded.first(), self.hub_key()) else { return Ok(()) };
        let info = JoinableGroupInfo {
            group_info: group_info.to_vec(),
            ratchet_tree: ratchet_tree.to_vec(),
            pending_proposals: Vec::new(),
            hub_key,
        };
        match self.join_head(turn, client, &info) {
            Ok(()) => self.after_head(turn),
            Err(ConversationError::Mls(MlsError::Invalid(_) | MlsError::WrongEpoch { .. })) => self.is_of_another_head(turn, from),
            Err(error) => Err(error),
        }
    }
}
