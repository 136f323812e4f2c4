//! The network is whole again, and everybody asks everybody. Then all have one head, what was lost is settled, everybody is
//! back, and the group goes on.

use std::collections::BTreeSet;
use std::sync::Arc;

use causeway_mls::graph::Statement;
use causeway_mls::{EpochId, EpochRef, ForkableGroup, News};

use super::people::judge;
use super::plans::Meant;
use super::settled;
use super::step::{Change, Crash};
use super::thieves;
use super::world::World;
use crate::outcome::Failure;

/// Rounds of asking everybody, until nothing new comes of it.
const MAX_ROUNDS: usize = 24;
/// Overrides until all agree.
const MAX_OVERRIDES: usize = 8;

pub(super) fn come_to_rest(world: &mut World) -> Result<(), Failure> {
    world.deliver_all();
    for (welcome, used) in world.welcomes.clone() {
        if !used {
            world.receive(welcome.to, welcome.to, &super::node::Item::Welcome(welcome.clone()));
        }
    }
    world.check()?;
    exchange(world)?;
    count_forks(world);
    agree(world)?;
    tell_newcomers(world)?;
    deliver_messages(world)?;
    mend(world)?;
    if is_dead(world) {
        world.say(|| "      nobody knows anything of the group any more: it has to be made anew".to_owned());
        return world.ledger.ask_the_witnesses();
    }
    have_converged(world)?;
    undo(world)?;
    mend(world)?;
    go_on(world)?;
    // Who has come back, and alone may add a client, can tell of the graph only by now.
    mend(world)?;
    have_converged(world)?;
    for node in honest(world) {
        settled::all_is_settled(world, node)?;
    }
    thieves::derive_nothing(world)?;
    tell_newcomers(world)?;
    world.ledger.ask_the_witnesses()
}

/// Honest nodes that have a group.
fn honest(world: &World) -> Vec<usize> {
    (0..world.nodes.len()).filter(|node| world.nodes[*node].is_honest && world.nodes[*node].group.is_some()).collect()
}

/// Everybody gets what anybody knows of the graph.
fn exchange(world: &mut World) -> Result<(), Failure> {
    for _ in 0..MAX_ROUNDS {
        let before: Vec<_> = (0..world.nodes.len()).map(|node| stand(world, node)).collect();
        world.deliver_all();
        for node in 0..world.nodes.len() {
            for from in (0..world.nodes.len()).filter(|from| *from != node) {
                tell_news(world, node, from);
            }
        }
        honest(world).into_iter().for_each(|node| world.write(node));
        world.check()?;
        if (0..world.nodes.len()).all(|node| stand(world, node) == before[node]) {
            return Ok(());
        }
    }
    Err(Failure::new("bounded work", format!("{MAX_ROUNDS} rounds have not come to an end: {}", heads(world))))
}

/// What matters of a graph: the last of too many commits is kept wherever it is the last.
type Stand = (EpochRef, EpochRef, EpochRef, Vec<Statement>, [usize; 2]);

fn stand(world: &World, node: usize) -> Option<Stand> {
    let group = world.nodes[node].group.as_ref()?;
    let graph = group.graph();
    let counts = [group.head_state().ok()?.own_clients().count(), world.nodes[node].room.events().len()];
    Some((graph.head(), graph.anchor(), graph.root(), graph.statements().collect(), counts))
}

/// As gateways do it (DMLS-40); who is too far apart hears all.
fn tell_news(world: &mut World, node: usize, from: usize) {
    let Some((group, teller)) = world.nodes[node].group.as_ref().zip(world.nodes[from].group.as_ref()) else { return };
    let news = teller.news_for(&group.known()).unwrap_or_else(|| News {
        commits: world.nodes[from].commits().into_iter().map(|(_, commit)| commit.to_vec()).collect(),
        statements: world.nodes[from].statements(),
    });
    for statement in news.statements {
        world.receive_statement(node, &statement);
    }
    for commit in news.commits {
        world.receive_commit(node, &Arc::new(commit));
    }
    world.backfill(node, from);
}

fn count_forks(world: &mut World) {
    let mut commits = BTreeSet::new();
    for node in honest(world) {
        let Some(group) = &world.nodes[node].group else { continue };
        let graph = group.graph();
        commits.extend(graph.epochs().filter_map(|epoch| Some((graph.commit(&epoch.id)?.parent, epoch.id))));
    }
    let parents: Vec<EpochId> = commits.into_iter().map(|(parent, _)| parent).collect();
    world.figures.forks += parents.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
}

fn head(world: &World, node: usize) -> Option<EpochRef> {
    world.nodes[node].group.as_ref().map(ForkableGroup::head)
}

fn heads(world: &World) -> String {
    let heads = honest(world).into_iter().filter_map(|node| {
        let group = world.nodes[node].group.as_ref()?;
        let (graph, name) = (group.graph(), &world.nodes[node].name);
        let (head, anchor) = (graph.head(), graph.anchor());
        Some(format!(
            "{name}: head {:?}/{}, anchor {:?}/{}, {:?}",
            head.id,
            head.number,
            anchor.id,
            anchor.number,
            graph.conflict()
        ))
    });
    heads.collect::<Vec<_>>().join("; ")
}

/// Overrides, until all have one head.
fn agree(world: &mut World) -> Result<(), Failure> {
    bring_together_who_lost_touch(world)?;
    let mut overrides = 0;
    loop {
        let nodes = honest(world);
        let in_conflict = |node: &usize| world.nodes[*node].group.as_ref().is_some_and(|group| group.conflict().is_some());
        let agreed = nodes.windows(2).all(|pair| head(world, pair[0]) == head(world, pair[1]));
        if agreed && !nodes.iter().any(in_conflict) {
            return Ok(());
        }
        overrides += 1;
        if overrides > MAX_OVERRIDES {
            return Err(Failure::new("convergence", format!("{overrides} overrides have not helped: {}", heads(world))));
        }
        world.figures.conflicts += u64::from(overrides == 1);
        decide(world)?;
        exchange(world)?;
        bring_together_who_lost_touch(world)?;
    }
}

/// Somebody decides: whoever is in conflict, else the operator of some node, for the first epoch after the fork.
fn decide(world: &mut World) -> Result<(), Failure> {
    let nodes = honest(world);
    for ours in [true, false] {
        for node in &nodes {
            if world.decide(*node, ours) == Some(true) {
                return Ok(());
            }
        }
    }
    for one in &nodes {
        for other in &nodes {
            let next = after_fork(world, *one, *other);
            if let Some(anchor) = next
                && nodes.iter().any(|signer| world.override_with(*signer, &anchor))
            {
                return Ok(());
            }
        }
    }
    if begin_anew_together(world) || follow_the_others(world, &nodes) {
        return Ok(());
    }
    Err(Failure::new("convergence", format!("nobody can sign an override: {}", heads(world))))
}

/// Where all have one head, and some remember another side that the others do not, those begin anew.
fn begin_anew_together(world: &mut World) -> bool {
    let nodes = honest(world);
    let in_conflict = |world: &World, node: usize| world.nodes[node].group.as_ref().is_some_and(|group| group.conflict().is_some());
    let agreed = nodes.windows(2).all(|pair| head(world, pair[0]) == head(world, pair[1]));
    let calm = nodes.iter().find(|node| !in_conflict(world, **node) && world.nodes[**node].tail().is_some());
    let Some(calm) = calm.copied().filter(|_| agreed) else { return false };
    nodes
        .into_iter()
        .filter(|node| in_conflict(world, *node))
        .collect::<Vec<_>>()
        .into_iter()
        .all(|node| begin_anew(world, node, calm))
}

/// Somebody decides for the newest epoch that it knows on the way to another head, where the other one remembers nothing in
/// common.
fn follow_the_others(world: &mut World, nodes: &[usize]) -> bool {
    nodes.iter().any(|signer| {
        nodes.iter().any(|other| {
            let groups = world.nodes[*signer].group.as_ref().zip(world.nodes[*other].group.as_ref());
            let newest = groups.and_then(|(ours, theirs)| {
                let path = theirs.graph().path_to(&theirs.head().id);
                path.into_iter().rev().find(|id| ours.graph().contains(id) && !ours.graph().is_ancestor(id, &ours.head().id))
            });
            newest.is_some_and(|anchor| world.override_with(*signer, &anchor))
        })
    })
}

/// The first epoch on the way to one head that is not on the way to the other.
fn after_fork(world: &World, one: usize, other: usize) -> Option<EpochId> {
    let (ours, theirs) = (world.nodes[one].group.as_ref()?.graph(), world.nodes[other].group.as_ref()?.graph());
    let path = ours.path_to(&ours.head().id);
    let fork = path.iter().rposition(|id| theirs.is_ancestor(id, &theirs.head().id))?;
    path.get(fork + 1).copied()
}

/// A node that meets no epoch of others, or hears of a statement whose epoch it can never come to know, begins anew from
/// somebody's tail (SPEC §14.3); so does one that belongs to the group and has not got its Welcome.
fn bring_together_who_lost_touch(world: &mut World) -> Result<(), Failure> {
    let all = honest(world);
    let lost = |node: usize| all.iter().filter(|other| has_lost(world, node, **other)).count();
    let told = all.iter().copied().filter(|node| world.nodes[*node].tail().is_some());
    let Some(first) = told.min_by_key(|node| (lost(*node), *node)) else { return Ok(()) };
    let mut apart: Vec<usize> =
        all.iter().copied().filter(|node| has_lost(world, *node, first) || has_lost(world, first, *node)).collect();
    let present = |node: &usize| {
        let head = world.nodes[first].group.as_ref().and_then(|group| group.head_state().ok());
        let user = world.nodes[*node].user();
        world.nodes[*node].group.is_none() && head.zip(user).is_some_and(|(head, user)| head.room_state().is_present(user))
    };
    apart.extend((0..world.nodes.len()).filter(present));
    for node in &apart {
        begin_anew(world, *node, first);
    }
    if apart.is_empty() {
        return Ok(());
    }
    exchange(world)?;
    match apart.iter().find(|node| has_lost(world, **node, first)) {
        Some(node) => Err(Failure::new("newcomers", format!("node {node} has begun anew, and has lost touch: {}", heads(world)))),
        None => Ok(()),
    }
}

fn has_lost(world: &World, node: usize, other: usize) -> bool {
    let graphs = world.nodes[node].group.as_ref().zip(world.nodes[other].group.as_ref());
    let Some((ours, theirs)) = graphs.map(|(ours, theirs)| (ours.graph(), theirs.graph())) else { return false };
    let meets = theirs.path_to(&theirs.head().id).iter().any(|id| ours.contains(id));
    let opens = |said: &Statement| !matches!(said, Statement::Acceptance(_));
    let is_out_of_reach = |said: &Statement| opens(said) && !ours.contains(&said.epoch()) && !ours.remembers(said);
    !meets || theirs.statements().any(|said| is_out_of_reach(&said))
}

fn begin_anew(world: &mut World, node: usize, from: usize) -> bool {
    let Some(tail) = world.nodes[from].tail() else { return false };
    let begun = match world.nodes[node].group.take() {
        Some(group) => group.begin_anew(&tail, [], judge()),
        None => ForkableGroup::observe(&tail, judge()),
    };
    let Ok(group) = begun else {
        world.fail("validity", format!("the tail of node {from} does not hold at node {node}"));
        return false;
    };
    world.say(|| format!("      node {node} begins anew from node {from}"));
    world.nodes[node].group = Some(group);
    world.nodes[node].own.clear();
    world.ledger.has_forgotten(node);
    world.after_change(node);
    true
}

/// Whatever has not been opened is sent once more.
fn deliver_messages(world: &mut World) -> Result<(), Failure> {
    for message in 0..world.ledger.sent.len() {
        for node in 0..world.nodes.len() {
            world.receive_message(node, message);
        }
    }
    world.check()
}

/// Everybody comes back, and what is lost is settled.
fn mend(world: &mut World) -> Result<(), Failure> {
    let lost =
        honest(world).iter().filter_map(|node| world.nodes[*node].group.as_ref().map(|group| group.graph().losing().len())).max();
    let clients: usize = world.nodes.iter().map(|node| node.clients.len()).sum();
    let bound = lost.unwrap_or(0) + 2 * clients + 2 * world.nodes.len();
    let mut commits = 0;
    loop {
        let done = one_comes_back(world)? || one_settles(world)? || one_goes_on_beside(world)?;
        if !done {
            return Ok(());
        }
        commits += 1;
        agree(world)?;
        if commits > bound {
            return Err(Failure::new("bounded work", format!("{commits} commits have not mended the group: {}", heads(world))));
        }
    }
}

fn one_comes_back(world: &mut World) -> Result<bool, Failure> {
    for node in honest(world) {
        if world.come_back(node) > 0 {
            exchange(world)?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn one_settles(world: &mut World) -> Result<bool, Failure> {
    let mut plans = Vec::new();
    for node in honest(world) {
        plans.extend(world.settling_plan(node).map(|(turn, identity, plan)| (turn, node, identity, plan)));
    }
    plans.sort_by_key(|(turn, node, ..)| (*turn, *node));
    for (_, node, identity, plan) in plans {
        if world.settle_with(node, identity, &plan).is_some() {
            exchange(world)?;
            return Ok(true);
        }
    }
    world.check()?;
    Ok(false)
}

/// Of those who belong to the head, no honest admin knows any epoch that leads to it, because they were restored from backups:
/// there is nobody who could let anybody in.
fn is_dead(world: &World) -> bool {
    let can_decide = |node: &super::node::Node| {
        let group = node.group.as_ref()?;
        let client = &node.outside().first()?.client_uri;
        let room = group.state(&group.newest_held(client)?).ok()?.room_state();
        (room.role_of(node.user()?) == super::people::ADMIN).then_some(())
    };
    let holds = |node: &super::node::Node| node.holder(0).is_some();
    !world.nodes.iter().any(|node| node.is_honest && (holds(node) || can_decide(node).is_some()))
}

/// Nobody holds the head.
fn one_goes_on_beside(world: &mut World) -> Result<bool, Failure> {
    let nodes = honest(world);
    let is_outside = |node: &&usize| !world.nodes[**node].outside().is_empty();
    if nodes.iter().filter(is_outside).count() == 0 || nodes.iter().any(|node| world.nodes[*node].holder(0).is_some()) {
        return Ok(false);
    }
    for node in nodes {
        if world.go_on_beside(node) {
            exchange(world)?;
            return Ok(true);
        }
    }
    if is_dead(world) {
        return Ok(false);
    }
    Err(Failure::new("stranded", format!("nobody holds the head, and nobody can go on beside it: {}", heads(world))))
}

/// One head, one tree, one room, and whoever belongs to it is there.
fn have_converged(world: &World) -> Result<(), Failure> {
    let state = |node: &usize| {
        let head = world.nodes[*node].group.as_ref()?.head_state().ok()?;
        Some((
            head.epoch(),
            head.group_context().ok()?,
            head.ratchet_tree().ok()?,
            head.room_state().clone(),
            head.members().to_vec(),
        ))
    };
    let nodes = honest(world);
    let states: Vec<_> = nodes.iter().map(state).collect();
    if states.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(Failure::new("convergence", format!("one head, but different states: {}", heads(world))));
    }
    for node in nodes {
        if let Some(client) = world.nodes[node].outside().first() {
            return Err(Failure::new("stranded", format!("{} is not back: {}", client.client_uri, heads(world))));
        }
    }
    Ok(())
}

/// What was settled is undone. It stays undone: whoever settles it again, fails.
fn undo(world: &mut World) -> Result<(), Failure> {
    for node in honest(world) {
        let Some(identity) = world.nodes[node].holder(0) else { continue };
        let Some(plan) = world.nodes[node].group.as_ref().and_then(|group| settled::undoing(group, &identity.user_uri)) else {
            continue;
        };
        if world.commit(node, identity, (&plan, Meant::Mend), Crash::No).is_some() {
            exchange(world)?;
            return agree(world);
        }
    }
    Ok(())
}

/// Whoever comes now, and is told the graph by anybody, has the same head, and the same terms.
fn tell_newcomers(world: &World) -> Result<(), Failure> {
    for node in honest(world) {
        let Some((tail, group)) = world.nodes[node].tail().zip(world.nodes[node].group.as_ref()) else { continue };
        let newcomer = ForkableGroup::observe(&tail, judge());
        let newcomer =
            newcomer.map_err(|error| Failure::new("newcomers", format!("the tail of node {node} does not hold: {error}")))?;
        let (ours, theirs) = (group.graph(), newcomer.graph());
        if (ours.head(), ours.term(), ours.authority()) != (theirs.head(), theirs.term(), theirs.authority()) {
            let what = format!("a newcomer told by node {node} has {:?}, term {}", theirs.head(), theirs.term());
            return Err(Failure::new("newcomers", format!("{what}, not {:?}, term {}", ours.head(), ours.term())));
        }
    }
    Ok(())
}

/// Everybody commits in turn, and says something.
fn go_on(world: &mut World) -> Result<(), Failure> {
    for index in 0..=world.setup.window as usize {
        let able: Vec<usize> = honest(world).into_iter().filter(|node| world.nodes[*node].holder(0).is_some()).collect();
        let Some(node) = able.get(index % able.len().max(1)).copied() else {
            return Err(Failure::new("liveness", format!("nobody is in the group: {}", heads(world))));
        };
        let before = head(world, node);
        let made = world.change(node, Change::Renew, Crash::No);
        exchange(world)?;
        agree(world)?;
        let extends = |node: &usize| {
            let graph = world.nodes[*node].group.as_ref().map(ForkableGroup::graph);
            graph.is_some_and(|graph| {
                let parent = graph.commit(&graph.head().id).map(|commit| commit.parent);
                Some(graph.head().id) == made && parent == before.map(|before| before.id)
            })
        };
        if !honest(world).iter().all(extends) {
            return Err(Failure::new("liveness", format!("a commit in {before:?} does not extend it: {}", heads(world))));
        }
        let message = world.ledger.sent.len();
        world.send_message(node, index, Crash::No);
        world.deliver_all();
        world.check()?;
        let reads = |reader: &usize| *reader == node || world.ledger.opened.contains(&(*reader, message));
        if message == world.ledger.sent.len() || !able.iter().all(reads) {
            return Err(Failure::new("liveness", format!("not everybody reads message {message} in {made:?}")));
        }
    }
    have_converged(world)
}
