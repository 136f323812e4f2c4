//! Fan-out: one lane per peer and room, in order, each body again until the peer has taken it (P-062, P-071).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::client::PeerClient;

/// What is queued for a peer travels together, up to so many messages (P-066).
const BATCH: usize = 16;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// A peer that refuses outright is asked again for so long, since it may be about to learn of the room.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(20);
/// A peer that is away is waited for so long.
const ABSENCE_PATIENCE: Duration = Duration::from_secs(3600);

/// All lanes of a hub.
pub(crate) struct Lanes {
    client: Arc<PeerClient>,
    senders: HashMap<(ProviderDomain, RoomUri), UnboundedSender<Vec<u8>>>,
}

impl Lanes {
    /// No lane yet.
    pub(crate) fn new(client: Arc<PeerClient>) -> Self {
        Self { client, senders: HashMap::new() }
    }

    /// Queues one encoded FanoutMessage.
    pub(crate) fn send(&mut self, peer: &ProviderDomain, room: &RoomUri, message: Vec<u8>) {
        let client = &self.client;
        let sender = self.senders.entry((peer.clone(), room.clone())).or_insert_with(|| {
            let (sender, receiver) = unbounded_channel();
            tokio::spawn(run(client.clone(), peer.clone(), room.clone(), receiver));
            sender
        });
        if sender.send(message).is_err() {
            tracing::error!(%peer, %room, "a lane has ended");
        }
    }
}

async fn run(client: Arc<PeerClient>, peer: ProviderDomain, room: RoomUri, mut receiver: UnboundedReceiver<Vec<u8>>) {
    while let Some(mut body) = receiver.recv().await {
        for _ in 1..BATCH {
            match receiver.try_recv() {
                Ok(next) => body.extend(next),
                Err(_) => break,
            }
        }
        deliver(&client, &peer, &room, &body).await;
    }
}

/// The same bytes each time, so that the peer can tell a repetition (P-072).
async fn deliver(client: &PeerClient, peer: &ProviderDomain, room: &RoomUri, body: &[u8]) {
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let answer = client.post(peer, |directory| &directory.notify, |_| room.to_string(), body.to_vec()).await;
        let (why, patience, wanted) = match answer {
            // G-09: any success is one.
            Ok(answer) if answer.status.is_success() => return,
            Ok(answer) => {
                let patience = if answer.status.is_client_error() { REFUSAL_PATIENCE } else { ABSENCE_PATIENCE };
                (answer.status.to_string(), patience, answer.retry_after.map(Duration::from_secs))
            }
            Err(error) => (error.to_string(), ABSENCE_PATIENCE, None),
        };
        if began.elapsed() > patience {
            tracing::error!(%peer, %room, why, "gave a notify up");
            return;
        }
        tracing::debug!(%peer, %room, why, "will notify again");
        tokio::time::sleep(wanted.unwrap_or(pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
