//! What our engine takes, and what it writes.

use std::time::{Duration, Instant};

use anyhow::Result;
use causeway_mls::{CommitPlan, Group, GroupChanges, GroupSnapshot, Nodes, RowChanges};

use crate::clock::{cpu, median, timed};
use crate::room::{NOW, Room};
use crate::stored::Stored;

/// Octets that sealing adds to a private value (SPEC §11.3).
const SEAL: usize = 4 + 16 + 12 + 16;

/// CPU times, and octets.
#[derive(Default)]
pub(crate) struct Ours {
    pub(crate) seal: Duration,
    pub(crate) open: Duration,
    pub(crate) create: Duration,
    pub(crate) process: Duration,
    pub(crate) merge: Duration,
    pub(crate) load: Duration,
    /// Of what a received commit changes: CPU of this process, and time until it is on the disk.
    pub(crate) sqlite: (Duration, Duration),
    pub(crate) postgres: (Duration, Duration),
    pub(crate) commit_octets: usize,
    pub(crate) pending_octets: usize,
    pub(crate) received_octets: usize,
    pub(crate) first_message_octets: usize,
    pub(crate) message_octets: usize,
    pub(crate) state_octets: usize,
}

/// Octets of rows that are put: keys and values, sealed where they are, commits included.
fn written(changes: &GroupChanges) -> usize {
    let rows = |rows: &RowChanges, more: usize| rows.put.iter().map(|(key, value)| key.len() + value.len() + more).sum::<usize>();
    let states = changes
        .states
        .values()
        .map(|state| rows(&state.public, 0) + state.clients.values().map(|changes| rows(changes, SEAL)).sum::<usize>());
    let records = changes.epochs.iter().map(|record| record.commit.len() + record.confirmation_tag.len() + 2 * 32);
    rows(&changes.nodes, 0) + states.sum::<usize>() + records.sum::<usize>()
}

/// Octets of all that is stored of a group with one client.
fn state_octets(snapshot: &GroupSnapshot) -> usize {
    let nodes: usize = snapshot.nodes.to_rows().iter().map(|(key, value)| key.len() + value.len()).sum();
    let public: usize = snapshot.public.iter().map(|(key, value)| key.len() + value.len()).sum();
    let private: usize = snapshot.clients.values().flatten().map(|(key, value)| key.len() + value.len() + SEAL).sum();
    nodes + public + private
}

pub(crate) async fn measure(members: usize, rounds: usize, stores: &mut [Stored]) -> Result<Ours> {
    let Room { issuer, alice: (mut at_alice, alice), bob: (mut at_bob, _) } = Room::of(members)?;
    let roots = &issuer.roots;
    let mut ours = Ours::default();
    at_alice.take_changes();
    at_bob.take_changes();
    for store in stores.iter_mut() {
        store.begin(at_bob.snapshot()).await?;
    }
    let (mut seal, mut open, mut create, mut process, mut merge) = <(Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
    let mut persist = vec![(Vec::new(), Vec::new()); stores.len()];
    for _ in 0..rounds {
        let (pending, took) = timed(|| {
            let pending = at_alice.commit(&alice, &CommitPlan::default(), roots, NOW)?;
            ours.pending_octets = written(&at_alice.take_changes());
            Ok(pending)
        })?;
        create.push(took);
        let (staged, took) = timed(|| Ok(at_bob.stage(&pending.commit, roots, NOW)?))?;
        process.push(took);
        let (changes, took) = timed(|| {
            at_bob.merge(staged)?;
            Ok(at_bob.take_changes())
        })?;
        merge.push(took);
        (ours.received_octets, ours.commit_octets) = (written(&changes), pending.commit.len());
        for (store, (used, waited)) in stores.iter_mut().zip(&mut persist) {
            let (start, start_cpu) = (Instant::now(), cpu());
            store.apply(&changes).await?;
            used.push(cpu() - start_cpu);
            waited.push(start.elapsed());
        }
        at_alice.merge_pending(&alice.client_uri, roots, NOW)?;
        at_alice.take_changes();
        for number in 0..3 {
            let (sealed, took) = timed(|| Ok(at_alice.seal(&alice, &[42; 256], [7; 32])?))?;
            at_alice.take_changes();
            let (_, opened) = timed(|| Ok(at_bob.open(&sealed)?))?;
            let octets = written(&at_bob.take_changes());
            match number {
                0 => ours.first_message_octets = octets,
                _ => {
                    ours.message_octets = octets;
                    seal.push(took);
                    open.push(opened);
                }
            }
        }
    }
    let rows = at_bob.snapshot().nodes.to_rows();
    let loads = (0..3.max(rounds / 2)).map(|_| {
        let (rows, snapshot) = (rows.clone(), at_bob.snapshot().clone());
        Ok(timed(|| Ok(Group::load(GroupSnapshot { nodes: Nodes::from_rows(rows), ..snapshot })?))?.1)
    });
    ours.load = median(loads.collect::<Result<_>>()?);
    ours.state_octets = state_octets(at_bob.snapshot());
    (ours.seal, ours.open, ours.create) = (median(seal), median(open), median(create));
    (ours.process, ours.merge) = (median(process), median(merge));
    let mut persist = persist.into_iter().map(|(used, waited)| (median(used), median(waited)));
    ours.sqlite = persist.next().unwrap_or_default();
    ours.postgres = persist.next().unwrap_or_default();
    Ok(ours)
}
