//! What a handshake does, as everybody who sees it can tell: the input of the room's policy.

use causeway_drafts::mimi_protocol_06::participant_list::ParticipantListUpdate;
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_drafts::{decode_exact, numbers};
use openmls::group::QueuedProposal;
use openmls::prelude::{AppDataUpdateOperation, LeafNode, LeafNodeIndex, Proposal, ProposalOrRefType, Sender, StagedCommit};

use super::credentials::{Trust, named_client};
use super::error::{Error, Result};
use super::room_state::RoomState;

/// A client in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its leaf.
    pub(crate) leaf: u32,
    /// The client.
    pub(crate) client: ClientUri,
}

/// The clients in a group.
///
/// # Errors
/// If a leaf names none.
pub(crate) fn roster(members: impl Iterator<Item = openmls::prelude::Member>) -> Result<Vec<Member>> {
    members.map(|member| Ok(Member { leaf: member.index.u32(), client: named_client(&member.credential)? })).collect()
}

/// One AppDataUpdate.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// In whose name; none for the hub, whose word orders the room.
    pub(crate) actor: Option<UserUri>,
    /// Which component.
    pub(crate) component: u16,
    /// Before it.
    pub(crate) before: RoomState,
    /// After it.
    pub(crate) after: RoomState,
    /// The update, if it is one of the participant list.
    pub(crate) participants: Option<ParticipantListUpdate>,
}

/// A client that comes or goes.
#[derive(Clone, Debug)]
pub(crate) struct ClientChange {
    /// In whose name; none for the hub.
    pub(crate) actor: Option<UserUri>,
    /// The client.
    pub(crate) client: ClientUri,
}

/// What a handshake does.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// Who made it; of an external commit, who joins.
    pub(crate) author: ClientUri,
    /// An external commit.
    pub(crate) external: bool,
    /// Updates of the dictionary, in the order in which they take effect.
    pub(crate) steps: Vec<Step>,
    /// Clients that come, an external joiner included.
    pub(crate) added: Vec<ClientChange>,
    /// KeyPackageRefs of those that were added.
    pub(crate) added_references: Vec<Vec<u8>>,
    /// Clients that go.
    pub(crate) removed: Vec<ClientChange>,
    /// ProposalRefs that are included.
    pub(crate) references: Vec<Vec<u8>>,
    /// The room before.
    pub(crate) before: RoomState,
    /// The room after.
    pub(crate) after: RoomState,
    /// The group before.
    pub(crate) members: Vec<Member>,
}

/// What a handshake is judged against.
pub(crate) struct Scene<'a> {
    /// The room before.
    pub(crate) state: &'a RoomState,
    /// The group before.
    pub(crate) members: Vec<Member>,
    /// Pinned roots.
    pub(crate) trust: &'a Trust,
}

impl Scene<'_> {
    /// The client at a leaf.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn client_at(&self, leaf: LeafNodeIndex) -> Result<&ClientUri> {
        let member = self.members.iter().find(|member| member.leaf == leaf.u32());
        member.map(|member| &member.client).ok_or_else(|| Error::invalid("no such leaf"))
    }

    fn certify(&self, leaf: &LeafNode) -> Result<ClientUri> {
        self.trust.certify(leaf.credential(), leaf.signature_key().as_slice())
    }
}

impl View {
    /// Of a commit.
    ///
    /// # Errors
    /// If it does what no commit of a MIMI room may do, or a credential in it does not hold.
    pub(crate) fn of_commit(scene: Scene<'_>, staged: &StagedCommit, sender: &Sender) -> Result<Self> {
        let path_leaf = staged.update_path_leaf_node().map(|leaf| scene.certify(leaf)).transpose()?;
        let (author, external) = match (sender, &path_leaf) {
            (Sender::Member(leaf), _) => (scene.client_at(*leaf)?.clone(), false),
            (Sender::NewMemberCommit, Some(joiner)) => (joiner.clone(), true),
            _ => return Err(Error::invalid("only members and joiners commit")),
        };
        if path_leaf.is_some_and(|leaf| leaf != author) {
            return Err(Error::NotAllowed("G-28: the committer's new leaf names another client".to_owned()));
        }
        let mut view = Self::begin(scene.state.clone(), author, external);
        for proposal in staged.queued_proposals() {
            view.include(&scene, proposal)?;
        }
        view.step_through(&scene, staged.queued_proposals())?;
        if external {
            let joiner = ClientChange { actor: Some(view.author.user_uri()), client: view.author.clone() };
            view.added.push(joiner);
        }
        let announced = RoomState::of(staged.group_context().extensions())?;
        if announced.participants != view.after.participants || announced.metadata != view.after.metadata {
            return Err(Error::invalid("P-126: the new dictionary is not what the proposals make of the old one"));
        }
        view.members = scene.members;
        Ok(view)
    }

    /// Of proposals that wait together for a commit.
    ///
    /// # Errors
    /// As [`Self::of_commit`].
    pub(crate) fn of_proposals<'a>(
        scene: Scene<'_>,
        author: ClientUri,
        proposals: impl Iterator<Item = &'a QueuedProposal> + Clone,
    ) -> Result<Self> {
        let mut view = Self::begin(scene.state.clone(), author, false);
        for proposal in proposals.clone() {
            view.include(&scene, proposal)?;
        }
        view.step_through(&scene, proposals)?;
        view.members = scene.members;
        Ok(view)
    }

    fn begin(state: RoomState, author: ClientUri, external: bool) -> Self {
        Self {
            author,
            external,
            steps: Vec::new(),
            added: Vec::new(),
            added_references: Vec::new(),
            removed: Vec::new(),
            references: Vec::new(),
            before: state.clone(),
            after: state,
            members: Vec::new(),
        }
    }

    /// The clients in the group afterwards.
    pub(crate) fn remaining(&self) -> impl Iterator<Item = &ClientUri> {
        let stays = |client: &&ClientUri| !self.removed.iter().any(|gone| gone.client == **client);
        self.members.iter().map(|member| &member.client).filter(stays).chain(self.added.iter().map(|added| &added.client))
    }

    /// In whose name a proposal is made.
    fn actor(&self, scene: &Scene<'_>, sender: &Sender) -> Result<Option<UserUri>> {
        match sender {
            Sender::Member(leaf) => Ok(Some(scene.client_at(*leaf)?.user_uri())),
            Sender::NewMemberCommit => Ok(Some(self.author.user_uri())),
            Sender::External(_) => Ok(None),
            Sender::NewMemberProposal => Err(Error::NotAllowed("R-055: nobody proposes itself from outside".to_owned())),
        }
    }

    fn include(&mut self, scene: &Scene<'_>, queued: &QueuedProposal) -> Result<()> {
        if queued.proposal_or_ref_type() == ProposalOrRefType::Reference {
            self.references.push(queued.proposal_reference_ref().as_slice().to_vec());
        }
        let actor = self.actor(scene, queued.sender())?;
        match queued.proposal() {
            Proposal::Add(add) => {
                let client = scene.certify(add.key_package().leaf_node())?;
                self.added_references.push(super::device::reference(add.key_package())?);
                self.added.push(ClientChange { actor, client });
            }
            Proposal::Update(update) => {
                let client = scene.certify(update.leaf_node())?;
                if let Sender::Member(leaf) = queued.sender()
                    && *scene.client_at(*leaf)? != client
                {
                    return Err(Error::NotAllowed("G-28: an updated leaf names another client".to_owned()));
                }
            }
            Proposal::Remove(remove) => {
                let client = scene.client_at(remove.removed())?.clone();
                // RFC 9420 §12.2: an external commit may replace the joiner's own former leaf, no other.
                if self.external && *queued.sender() == Sender::NewMemberCommit && client != self.author {
                    return Err(Error::NotAllowed("an external commit removes another client".to_owned()));
                }
                self.removed.push(ClientChange { actor, client });
            }
            Proposal::SelfRemove => {
                let Sender::Member(leaf) = queued.sender() else { return Err(Error::invalid("a SelfRemove of no member")) };
                self.removed.push(ClientChange { actor, client: scene.client_at(*leaf)?.clone() });
            }
            Proposal::AppDataUpdate(_) | Proposal::ExternalInit(_) => {}
            other => {
                return Err(Error::NotAllowed(format!("P-010: {:?} has no place in a MIMI room", other.proposal_type())));
            }
        }
        Ok(())
    }

    fn step_through<'a>(&mut self, scene: &Scene<'_>, proposals: impl Iterator<Item = &'a QueuedProposal>) -> Result<()> {
        let mut updates: Vec<_> = proposals
            .filter_map(|queued| match queued.proposal() {
                Proposal::AppDataUpdate(update) => Some((queued.sender(), update)),
                _ => None,
            })
            .collect();
        updates.sort_by_key(|(_, update)| update.component_id());
        for (sender, update) in updates {
            let before = self.after.clone();
            let after = before.after(update)?;
            let participants = match update.operation() {
                AppDataUpdateOperation::Update(data) if update.component_id() == numbers::COMPONENT_PARTICIPANT_LIST => {
                    Some(decode_exact(data.as_slice())?)
                }
                _ => None,
            };
            let actor = self.actor(scene, sender)?;
            self.after = after.clone();
            self.steps.push(Step { actor, component: update.component_id(), before, after, participants });
        }
        Ok(())
    }
}
