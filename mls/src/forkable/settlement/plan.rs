//! The commit that settles: what of the intents one member may do, as one commit.

use std::collections::BTreeMap;

use causeway_drafts::mimi_room_policy_04::roles_list::{BANNED, NO_ROLE};
use causeway_drafts::mimi_uri::{ClientUri, UserUri};

use super::{Intent, IntentKind, Settlement};
use crate::key_package::can_be_hardened;
use crate::planted::planted;
use crate::policy::ClientChange;
use crate::{CommitPlan, Group, RoomState};

impl Settlement {
    /// The clients that have to be added again: a new KeyPackage of each is needed.
    pub fn clients_to_add(&self) -> impl Iterator<Item = &ClientUri> {
        self.intents.iter().filter_map(|intent| match &intent.kind {
            IntentKind::AddClient(client) => Some(client),
            _ => None,
        })
    }

    /// The room as it will be once everything is settled: what is shown to people meanwhile, so that nobody is sent away
    /// who is about to be let in again.
    pub fn anticipated(&self, state: &RoomState) -> RoomState {
        self.intents.iter().fold(state.clone(), |state, intent| intent.kind.applied_to(&state))
    }

    /// One commit with as much as a client, `settler`, may do at the head. What is missing for the rest (another's right, a
    /// KeyPackage, a second commit since roles and participants do not change in one: R-006) is left for the next. None if
    /// there is nothing that it may do.
    pub fn plan_for(&self, settler: &ClientUri, head: &Group, key_packages: &BTreeMap<ClientUri, Vec<u8>>) -> Option<CommitPlan> {
        let user = settler.user_uri();
        let mut planned = Planned::at(head, (settler, &user));
        for intent in &self.intents {
            planned.take(intent, key_packages);
        }
        planned.finish()
    }
}

struct Planned<'a> {
    head: &'a Group,
    client: &'a ClientUri,
    settler: &'a UserUri,
    after: RoomState,
    plan: CommitPlan,
    renews: bool,
}

impl<'a> Planned<'a> {
    fn at(head: &'a Group, (client, settler): (&'a ClientUri, &'a UserUri)) -> Self {
        Self { head, client, settler, after: head.room_state().clone(), plan: CommitPlan::default(), renews: false }
    }

    fn take(&mut self, intent: &Intent, key_packages: &BTreeMap<ClientUri, Vec<u8>>) {
        match &intent.kind {
            IntentKind::AddClient(client) => return self.add(client, key_packages),
            IntentKind::RemoveClient(client) => return self.remove(client),
            IntentKind::Renew(client) => self.renews |= client.user_uri() == *self.settler,
            // Nobody commits its own removal (RFC 9420 §12.2): that is for somebody else to settle.
            IntentKind::Role { user, role: NO_ROLE | BANNED } if user == self.settler => return,
            IntentKind::Role { .. } | IntentKind::Metadata(_) | IntentKind::Roles(_) => {}
            IntentKind::Policy(_) | IntentKind::Hardening(_) => {}
        }
        let (state, after) = (self.head.room_state(), intent.kind.applied_to(&self.after));
        let crowded = after.roles != state.roles && after.participants != state.participants;
        if !crowded && self.after.may_become(&after, self.settler).is_ok() {
            self.after = after;
        }
    }

    fn add(&mut self, client: &ClientUri, key_packages: &BTreeMap<ClientUri, Vec<u8>>) {
        let change = ClientChange::Added(client.user_uri());
        let allowed = self.head.room_state().may_change_client(&self.after, self.settler, &change).is_ok();
        let is_fit = |key_package: &&Vec<u8>| !self.head.room_state().hardening.is_on() || can_be_hardened(key_package);
        if let Some(key_package) = key_packages.get(client).filter(|_| allowed).filter(is_fit) {
            self.plan.add_key_packages.push(key_package.clone());
        }
    }

    fn remove(&mut self, client: &ClientUri) {
        let change = ClientChange::Removed(client.user_uri());
        let allowed = self.head.room_state().may_change_client(&self.after, self.settler, &change).is_ok();
        // A client does not remove itself.
        let is_kept = planted!(SettlerKeepsItsClients) && client.user_uri() == *self.settler;
        if allowed && client != self.client && !is_kept {
            self.plan.remove_clients.push(client.clone());
        }
    }

    fn finish(mut self) -> Option<CommitPlan> {
        let state = self.head.room_state();
        self.plan.participants = state.participants_update(&self.after);
        self.plan.metadata = (state.metadata != self.after.metadata).then(|| self.after.metadata.clone());
        self.plan.roles = (state.roles != self.after.roles).then(|| self.after.roles.clone());
        self.plan.base_policy = (state.base_policy != self.after.base_policy).then(|| self.after.base_policy.clone());
        // What is added goes first; whoever cannot take part ends the other wish (DMLS-34).
        let waits = self.after.hardening.is_on() && !self.plan.add_key_packages.iter().all(|bytes| can_be_hardened(bytes));
        self.plan.hardening = (state.hardening != self.after.hardening && !waits).then_some(self.after.hardening);
        for member in self.head.members() {
            let leaves = self.after.role_of(&member.user) == NO_ROLE || self.after.is_banned(&member.user);
            if leaves && !self.plan.remove_clients.contains(&member.client) {
                self.plan.remove_clients.push(member.client.clone());
            }
        }
        let plan = &self.plan;
        let does_something =
            plan.participants.is_some() || plan.metadata.is_some() || plan.roles.is_some() || plan.hardening.is_some();
        let does_something = does_something || plan.base_policy.is_some() || self.renews;
        (does_something || !plan.add_key_packages.is_empty() || !plan.remove_clients.is_empty()).then_some(self.plan)
    }
}
