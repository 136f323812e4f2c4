//! A fork of many branches, until everybody is in one head and nothing is left to settle.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use causeway_mls::graph::RecentCommit;
use causeway_mls::{ClientIdentity, CommitPlan, ForkableGroup, Group, Judge, new_key_package};

use crate::clock::timed;
use crate::room::{ADMIN, Issuer, MEMBER, NOW, entry};

const WINDOW: u64 = 5;

/// What settling took.
pub(crate) struct Settled {
    pub(crate) branches: usize,
    /// Commits after those that made the fork.
    pub(crate) commits: usize,
    /// Deliveries of all commits, those that made the fork included.
    pub(crate) messages: usize,
    /// CPU of all sides together.
    pub(crate) cpu: Duration,
}

/// So many sides with an admin each promote a user each at the same time, and hear of each other afterwards.
pub(crate) fn settle(branches: usize) -> Result<Settled> {
    let issuer = Issuer::new()?;
    let judge = Judge { roots: &issuer.roots, now_ms: NOW };
    let admins = (0..branches).map(|side| issuer.client(&format!("admin-{side}"))).collect::<Result<Vec<_>>>()?;
    let others = (0..branches).map(|side| issuer.client(&format!("user-{side}"))).collect::<Result<Vec<_>>>()?;
    let entries = admins.iter().map(|admin| entry(&admin.user_uri, ADMIN));
    let entries = entries.chain(others.iter().map(|other| entry(&other.user_uri, MEMBER)));
    let mut sides = together(&issuer, judge, &admins, issuer.found(&admins[0], entries.collect())?)?;

    let mut made = Vec::new();
    for ((side, admin), other) in sides.iter_mut().zip(&admins).zip(&others) {
        let head = side.head_state()?.room_state();
        let participants = head.participants_update(&head.with_role(&other.user_uri, ADMIN));
        let prepared = side.prepare(admin, &CommitPlan { participants, ..CommitPlan::default() }, judge)?;
        side.publish(&prepared.id)?;
        made.push(prepared.pending.commit);
    }
    let (mut commits, mut messages) = (0, 0);
    let ((), cpu) = timed(|| {
        for (author, commit) in made.iter().enumerate() {
            messages += tell(&mut sides, author, commit, judge)?;
        }
        while let Some((author, commit)) = settle_once(&mut sides, &admins, judge)? {
            commits += 1;
            messages += tell(&mut sides, author, &commit, judge)?;
        }
        Ok(())
    })?;
    let head = sides[0].head();
    ensure!(sides.iter().all(|side| side.head() == head), "there is more than one head");
    let room = sides[0].head_state()?.room_state();
    ensure!(others.iter().all(|other| room.role_of(&other.user_uri) == ADMIN), "somebody is not promoted");
    Ok(Settled { branches, commits, messages, cpu })
}

/// All of them in one group that nobody orders, each in a process of its own.
fn together(issuer: &Issuer, judge: Judge<'_>, admins: &[ClientIdentity], mut group: Group) -> Result<Vec<ForkableGroup>> {
    let bundles = admins.iter().skip(1).map(|admin| new_key_package(admin, NOW)).collect::<Result<Vec<_>, _>>()?;
    let add_key_packages = bundles.iter().map(|bundle| bundle.key_package.clone()).collect();
    let pending = group.commit(&admins[0], &CommitPlan { add_key_packages, ..CommitPlan::default() }, judge.roots, NOW)?;
    group.merge_pending(&admins[0].client_uri, judge.roots, NOW)?;
    let welcome = pending.welcome.context("no Welcome")?;
    let first = ForkableGroup::begin(group, WINDOW, vec![RecentCommit::by(admins[0].user_uri.clone())], &[])?;
    let tail = first.tail(&admins[0])?;
    let mut sides = vec![first];
    for (bundle, admin) in bundles.iter().zip(admins.iter().skip(1)) {
        let joined = Group::join((&welcome, &pending.ratchet_tree), bundle, admin, None, (&issuer.roots, NOW))?;
        let mut side = ForkableGroup::observe(&tail, judge)?;
        side.adopt(&joined, judge)?;
        sides.push(side);
    }
    Ok(sides)
}

fn tell(sides: &mut [ForkableGroup], author: usize, commit: &[u8], judge: Judge<'_>) -> Result<usize> {
    let others = sides.iter_mut().enumerate().filter(|(side, _)| *side != author);
    let mut told = 0;
    for (_, side) in others {
        side.receive_commit(commit, None, judge)?;
        side.take_changes()?;
        told += 1;
    }
    Ok(told)
}

/// Whoever's turn it is and who may do something commits it.
fn settle_once(sides: &mut [ForkableGroup], admins: &[ClientIdentity], judge: Judge<'_>) -> Result<Option<(usize, Vec<u8>)>> {
    let settlement = sides[0].settlement()?;
    let turns = admins.iter().enumerate().map(|(side, admin)| Ok((sides[0].settling_turn(&settlement, &admin.user_uri)?, side)));
    let mut turns = turns.collect::<Result<Vec<_>>>()?;
    turns.sort_unstable();
    for (_, side) in turns {
        let (group, admin) = (&mut sides[side], &admins[side]);
        let settlement = group.settlement()?;
        let plan = settlement.plan_for(&admin.client_uri, group.head_state()?, &Default::default());
        if let Some(plan) = plan {
            let prepared = group.prepare(admin, &plan, judge)?;
            group.publish(&prepared.id)?;
            group.take_changes()?;
            return Ok(Some((side, prepared.pending.commit)));
        }
    }
    Ok(None)
}
