//! A room as a homeserver keeps it: the graph, the state at every event, and the rules.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use ruma::events::{StateEventType, TimelineEventType};
use ruma::room_version_rules::RoomVersionRules;
use ruma::state_res::{self, StateMap};
use ruma::{OwnedEventId, RoomVersionId, UserId};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::event::{Event, rules};
use super::keys::now;

/// Which event stands at `(type, state_key)`.
pub(super) type State = BTreeMap<(String, String), OwnedEventId>;

/// Events of a room.
pub(super) type Events = Vec<Arc<Event>>;

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is part of the room now.
    Accepted,
    /// It was before.
    Known,
    /// It is valid at its place, but not any more.
    SoftFailed(String),
    /// A rule forbids it.
    Rejected(String),
    /// The state before it is not known, because these are not.
    Missing(Vec<OwnedEventId>),
}

/// A room.
pub(super) struct Room {
    pub(super) id: String,
    pub(super) version: RoomVersionId,
    rules: RoomVersionRules,
    events: HashMap<OwnedEventId, Arc<Event>>,
    before: HashMap<OwnedEventId, Arc<State>>,
    after: HashMap<OwnedEventId, Arc<State>>,
    extremities: BTreeSet<OwnedEventId>,
    current: Arc<State>,
    /// What was accepted, in order.
    pub(super) timeline: Vec<Arc<Event>>,
}

impl Room {
    /// A room of which nothing is known yet.
    pub(super) fn empty(id: &str, version: RoomVersionId) -> Result<Self> {
        Ok(Self {
            id: id.to_owned(),
            rules: rules(&version)?,
            version,
            events: HashMap::new(),
            before: HashMap::new(),
            after: HashMap::new(),
            extremities: BTreeSet::new(),
            current: Arc::default(),
            timeline: Vec::new(),
        })
    }

    /// A room whose state somebody has told us, with our join on top of it.
    pub(super) fn joined(id: &str, version: RoomVersionId, (state, chain): (Vec<Event>, Vec<Event>), join: Event) -> Result<Self> {
        let mut room = Self::empty(id, version)?;
        let map: State = state.iter().filter_map(|event| Some((key(event)?, event.owned_id().clone()))).collect();
        let mut all: Vec<Event> = chain.into_iter().chain(state).collect();
        all.sort_by_key(Event::depth);
        for event in all {
            room.keep(event)?;
        }
        let before = Arc::new(map);
        for prev in join.prev() {
            room.after.insert(prev.clone(), before.clone());
            room.extremities.insert(prev.clone());
        }
        room.current = before;
        match room.accept(join)? {
            Verdict::Accepted => Ok(room),
            other => bail!("our join: {other:?}"),
        }
    }

    pub(super) fn event(&self, id: &str) -> Option<&Arc<Event>> {
        self.events.iter().find(|(known, _)| known.as_str() == id).map(|(_, event)| event)
    }

    /// Keeps an event that matters only for what others refer to.
    pub(super) fn keep(&mut self, event: Event) -> Result<()> {
        let event = Arc::new(event);
        self.check_named(&event).map_err(|why| anyhow!("{} {}: {why}", event.kind(), event.id()))?;
        self.events.entry(event.owned_id().clone()).or_insert(event);
        Ok(())
    }

    /// Keeps an event whatever the rules say, so that others can be told of it.
    pub(super) fn plant(&mut self, event: Event) {
        self.events.insert(event.owned_id().clone(), Arc::new(event));
    }

    /// Takes an event in.
    pub(super) fn accept(&mut self, event: Event) -> Result<Verdict> {
        let event = Arc::new(event);
        if self.after.contains_key(event.owned_id()) {
            return Ok(Verdict::Known);
        }
        let known = |id: &&OwnedEventId| !self.after.contains_key(*id);
        let mut missing: Vec<OwnedEventId> = event.prev().iter().filter(known).cloned().collect();
        missing.extend(event.auth().iter().filter(|id| !self.events.contains_key(*id)).cloned());
        if !missing.is_empty() {
            return Ok(Verdict::Missing(missing));
        }
        let before: Vec<Arc<State>> = event.prev().iter().filter_map(|id| self.after.get(id).cloned()).collect();
        let before = self.resolve(&before)?;
        if let Err(why) = self.check_named(&event).and_then(|()| self.check_against(&event, &before)) {
            return Ok(Verdict::Rejected(why));
        }
        let after = with(&before, &event);
        let allowed_now = self.check_against(&event, &self.current.clone());
        self.events.insert(event.owned_id().clone(), event.clone());
        self.before.insert(event.owned_id().clone(), before);
        self.after.insert(event.owned_id().clone(), after);
        if let Err(why) = allowed_now {
            return Ok(Verdict::SoftFailed(why));
        }
        for prev in event.prev() {
            self.extremities.remove(prev);
        }
        self.extremities.insert(event.owned_id().clone());
        let states: Vec<Arc<State>> = self.extremities.iter().filter_map(|id| self.after.get(id).cloned()).collect();
        self.current = self.resolve(&states)?;
        self.timeline.push(event);
        Ok(Verdict::Accepted)
    }

    fn check_named(&self, event: &Arc<Event>) -> Result<(), String> {
        let rules = &self.rules.authorization;
        state_res::check_state_independent_auth_rules(rules, event, |id| self.events.get(id).cloned())?;
        let named: Vec<&Arc<Event>> = event.auth().iter().filter_map(|id| self.events.get(id)).collect();
        state_res::check_state_dependent_auth_rules(rules, event, |kind, state_key| {
            let found = named.iter().find(|event| event.kind() == kind.to_string() && event.state_key() == Some(state_key));
            found.map(|event| (*event).clone()).or_else(|| self.implied_create(kind))
        })
    }

    /// Since v12, the room's id names the create event.
    fn implied_create(&self, kind: &StateEventType) -> Option<Arc<Event>> {
        let implied = *kind == StateEventType::RoomCreate && self.rules.authorization.room_create_event_id_as_room_id;
        self.events.values().find(|event| implied && event.kind() == "m.room.create").cloned()
    }

    fn check_against(&self, event: &Arc<Event>, state: &State) -> Result<(), String> {
        state_res::check_state_dependent_auth_rules(&self.rules.authorization, event, |kind, state_key| {
            self.events.get(state.get(&(kind.to_string(), state_key.to_owned()))?).cloned()
        })
    }

    fn resolve(&self, states: &[Arc<State>]) -> Result<Arc<State>> {
        let distinct: BTreeSet<&State> = states.iter().map(AsRef::as_ref).collect();
        match (states.first(), distinct.len()) {
            (None, _) => return Ok(Arc::default()),
            (Some(state), 1) => return Ok(state.clone()),
            _ => {}
        }
        let maps: Vec<StateMap<OwnedEventId>> = distinct.iter().map(|state| to_ruma(state)).collect();
        let chains = distinct.iter().map(|state| self.chain_ids(state.values()).into_iter().collect()).collect();
        let resolved = state_res::resolve(
            &self.rules.authorization,
            self.rules.state_res.v2_rules().context("no state resolution")?,
            maps.iter(),
            chains,
            |id| self.events.get(id).cloned(),
            |conflicted| Some(self.subgraph(conflicted.values().flatten()).into_iter().collect()),
        )?;
        Ok(Arc::new(resolved.into_iter().map(|((kind, key), id)| ((kind.to_string(), key), id)).collect()))
    }

    /// The events and everything that allows them.
    fn chain_ids<'a>(&self, from: impl IntoIterator<Item = &'a OwnedEventId>) -> HashSet<OwnedEventId> {
        let mut queue: Vec<OwnedEventId> = from.into_iter().cloned().collect();
        let mut seen = HashSet::new();
        while let Some(id) = queue.pop() {
            if let Some(event) = self.events.get(&id)
                && seen.insert(id)
            {
                queue.extend(event.auth().iter().cloned());
            }
        }
        seen
    }

    fn subgraph<'a>(&self, conflicted: impl IntoIterator<Item = &'a OwnedEventId>) -> HashSet<OwnedEventId> {
        let conflicted: HashSet<OwnedEventId> = conflicted.into_iter().cloned().collect();
        let leads_to_one = |id: &OwnedEventId| self.chain_ids([id]).iter().any(|ancestor| conflicted.contains(ancestor));
        self.chain_ids(&conflicted).into_iter().filter(leads_to_one).collect()
    }

    /// An event on top of what is known, not hashed or signed yet.
    pub(super) fn draft(&self, sender: &str, (kind, state_key): (&str, Option<&str>), content: &Value) -> Result<Value> {
        let types = state_res::auth_types_for_event(
            &TimelineEventType::from(kind),
            <&UserId>::try_from(sender)?,
            state_key,
            &to_raw_value(content)?,
            &self.rules.authorization,
        )
        .map_err(|why| anyhow!(why))?;
        let auth: Vec<_> = types.iter().filter_map(|(kind, key)| self.current.get(&(kind.to_string(), key.clone()))).collect();
        let depth = self.extremities.iter().filter_map(|id| self.events.get(id)).map(|event| event.depth()).max().unwrap_or(0);
        let prev: Vec<_> = self.extremities.iter().take(10).collect();
        let mut draft = json!({
            "type": kind, "room_id": self.id, "sender": sender, "content": content, "origin_server_ts": now(),
            "prev_events": prev, "auth_events": auth, "depth": (depth + 1).min((1 << 53) - 1),
        });
        if let Some(state_key) = state_key {
            draft["state_key"] = json!(state_key);
        }
        if kind == "m.room.create" && self.rules.authorization.room_create_event_id_as_room_id {
            draft.as_object_mut().map(|draft| draft.remove("room_id"));
        }
        Ok(draft)
    }

    /// The state event at a place now.
    pub(super) fn state(&self, kind: &str, state_key: &str) -> Option<&Arc<Event>> {
        self.events.get(self.current.get(&(kind.to_owned(), state_key.to_owned()))?)
    }

    /// The state before an event, with everything that allows it.
    pub(super) fn state_before(&self, id: &str) -> Option<(Events, Events)> {
        let state = self.before.get(self.event(id)?.owned_id())?;
        let events: Vec<Arc<Event>> = state.values().filter_map(|id| self.events.get(id)).cloned().collect();
        Some((events, self.chain(state.values())))
    }

    /// Everything that allows the given events, and they themselves.
    pub(super) fn chain<'a>(&self, from: impl IntoIterator<Item = &'a OwnedEventId>) -> Vec<Arc<Event>> {
        self.chain_ids(from).iter().filter_map(|id| self.events.get(id)).cloned().collect()
    }

    /// Whether a user is in the room.
    pub(super) fn membership(&self, user: &str) -> String {
        let content = self.state("m.room.member", user).map(|event| event.content()).unwrap_or_default();
        content["membership"].as_str().unwrap_or("leave").to_owned()
    }

    /// The homeservers in the room.
    pub(super) fn servers(&self) -> BTreeSet<String> {
        let members = self.current.keys().filter(|(kind, user)| kind == "m.room.member" && self.membership(user) == "join");
        members.filter_map(|(_, user)| Some(user.split_once(':')?.1.to_owned())).collect()
    }

    /// The newest events.
    pub(super) fn extremities(&self) -> Vec<String> {
        self.extremities.iter().map(ToString::to_string).collect()
    }

    /// Events before the given ones, newest first.
    pub(super) fn walk(&self, from: &[String], until: &[String], limit: usize) -> Vec<Arc<Event>> {
        let mut queue: Vec<Arc<Event>> = from.iter().filter_map(|id| self.event(id)).cloned().collect();
        let mut seen: BTreeSet<String> = until.iter().cloned().collect();
        let mut found = Vec::new();
        while let Some(at) = newest(&queue) {
            let event = queue.swap_remove(at);
            if found.len() >= limit || !seen.insert(event.id().to_owned()) {
                continue;
            }
            queue.extend(event.prev().iter().filter_map(|id| self.events.get(id)).cloned());
            found.push(event);
        }
        found
    }
}

fn newest(events: &[Arc<Event>]) -> Option<usize> {
    (0..events.len()).max_by_key(|at| events.get(*at).map(|event| event.depth()))
}

fn key(event: &Event) -> Option<(String, String)> {
    Some((event.kind(), event.state_key()?.to_owned()))
}

fn with(before: &Arc<State>, event: &Event) -> Arc<State> {
    let Some(key) = key(event) else { return before.clone() };
    let mut after = State::clone(before);
    after.insert(key, event.owned_id().clone());
    Arc::new(after)
}

fn to_ruma(state: &State) -> StateMap<OwnedEventId> {
    state.iter().map(|((kind, key), id)| ((StateEventType::from(kind.as_str()), key.clone()), id.clone())).collect()
}
