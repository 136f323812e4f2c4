//! A gateway's database with four conversations: a room of ours with a group and a made-up history, a foreign one, a
//! question, and a room with a true history.

use causeway_core::records::{
    AnewRow, AuditRow, ConversationRow, EpochRow, EventRow, GroupValueRow, LossRow, MessageRow, ParkedRow, PinnedRootRow,
    ServerKeyRow,
};
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList};
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_mls::{ClientIdentity, CommitPlan, CreateGroup, CredentialAuthority, Group, GroupChanges, RoomState, TrustRoots};
use causeway_store::testing::Postgres;
use causeway_store::{Keyring, Store, StoreError, Tx};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// 2026-09-21T14:13:20Z
pub(crate) const NOW: i64 = 1_790_000_000_000;

pub(crate) struct Seeded {
    pub(crate) url: String,
    pub(crate) directory: TempDir,
}

/// `causeway.db` in a directory of its own.
pub(crate) async fn sqlite() -> Seeded {
    let directory = TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("causeway.db").display());
    fill(&url).await;
    Seeded { url, directory }
}

pub(crate) async fn postgres(name: &str) -> Seeded {
    let url = Postgres::shared().unwrap().database(name).await.unwrap();
    fill(&url).await;
    Seeded { url, directory: TempDir::new().unwrap() }
}

pub(crate) async fn fill(url: &str) {
    let store = Store::connect(url, Keyring::new(&Zeroizing::new([1; 32]))).await.unwrap();
    store.start(NOW).await.unwrap();
    store.transaction::<_, StoreError, _>("seed", |tx| Box::pin(rows(tx))).await.unwrap();
    forget_past_epochs(&store).await;
}

/// The room of ours has forgotten two epochs: the slice of the first is gone, that of the second not yet.
async fn forget_past_epochs(store: &Store) {
    let hour = std::time::Duration::from_secs(3600);
    for (epoch, now) in [(0xa1u8, NOW + 1000), (0xa2, NOW + 3_601_000)] {
        let forget = store.transaction::<_, StoreError, _>("forget", move |tx| {
            Box::pin(async move { tx.forget_epoch((1, &[epoch; 32]), now).await })
        });
        forget.await.unwrap();
        store.rotate_slices(NOW + 3_600_000, hour, std::time::Duration::ZERO).await.unwrap();
    }
    // From now on so seldom that none is overdue when the tests run.
    store.open_slice(NOW + 3_600_000, 24 * 3650 * hour).await.unwrap();
}

async fn rows(tx: &mut Tx) -> Result<(), StoreError> {
    tx.insert_secret("matrix_signing_key", b"a key").await?;
    let id = tx.insert_conversation(&ours()).await?;
    tx.insert_conversation(&foreign()).await?;
    tx.insert_conversation(&question()).await?;
    for number in 0..3 {
        tx.insert_epoch(&epoch(id, number)).await?;
    }
    put_group(tx, (id, vec![0xa3; 32]), founded("club").group.take_changes()).await?;
    for epoch_id in [vec![0xa1; 32], vec![0xa2; 32]] {
        let client_uri = "mimi://gw.test/d/_causeway/gateway-1".to_owned();
        let row = GroupValueRow { conversation_id: id, epoch_id, client_uri, key: b"key".to_vec(), value: b"past".to_vec() };
        tx.put_group_values(&[row]).await?;
    }
    tx.replace_anew(id, Some(&AnewRow { provider: "a.test".to_owned(), since: NOW })).await?;
    tx.queue("mimi:a.test:mimi://gw.test/r/club", "notify", Some(id), b"content").await?;
    tx.queue("pdu:hs.test", "pdu", None, b"content").await?;
    tx.postpone(&[1], 4_000_000_000_000, "connection refused").await?;
    peers(tx).await?;
    messages(tx, id).await?;
    true_history(tx).await?;
    for (action, subject) in [("queue/retry", "pdu:hs.test"), ("queue/drop", "item 7")] {
        let (action, subject) = (action.to_owned(), subject.to_owned());
        tx.insert_audit(&AuditRow { at: NOW, action, subject, detail: "the peer has closed down".to_owned() }).await?;
    }
    tx.park(&parked()).await?;
    for (conversation_id, feature, detail) in [(id, "media", "an image"), (2, "expiration", "bold\u{1b}[31m")] {
        tx.insert_loss(&LossRow {
            conversation_id,
            source: "$event".to_owned(),
            direction: "matrix_to_mimi".to_owned(),
            feature: feature.to_owned(),
            detail: detail.to_owned(),
            recorded_at: NOW,
        })
        .await?;
    }
    Ok(())
}

fn parked() -> ParkedRow {
    ParkedRow {
        id: 0,
        kind: "fanout".to_owned(),
        source: "mimi:a.test".to_owned(),
        subject: "mimi://a.test/r/lounge".to_owned(),
        conversation_id: Some(2),
        body: b"content".to_vec(),
        code: "CW-4010".to_owned(),
        reason: "stored group state: a row is missing".to_owned(),
        parked_at: NOW,
        holds_back: true,
        replays: 0,
    }
}

pub(crate) fn conversation() -> ConversationRow {
    ConversationRow {
        id: 0,
        version: 0,
        kind: "bridge".to_owned(),
        status: "active".to_owned(),
        topology: None,
        matrix_room_id: None,
        room_version: None,
        mimi_room: None,
        hub: None,
        group_id: None,
        head_epoch_id: None,
        head_number: None,
        created_at: NOW,
        resync: false,
        bookkeeping: b"sealed".to_vec(),
    }
}

fn ours() -> ConversationRow {
    ConversationRow {
        topology: Some("our_hub".to_owned()),
        matrix_room_id: Some("!club:hs.test".to_owned()),
        room_version: Some("11".to_owned()),
        mimi_room: Some("mimi://gw.test/r/club".to_owned()),
        hub: Some("gw.test".to_owned()),
        group_id: Some(b"mimi://gw.test/g/club".to_vec()),
        head_epoch_id: Some(vec![0xa3; 32]),
        head_number: Some(2),
        ..conversation()
    }
}

fn foreign() -> ConversationRow {
    ConversationRow {
        status: "paused".to_owned(),
        topology: Some("foreign_hub".to_owned()),
        mimi_room: Some("mimi://a.test/r/lounge".to_owned()),
        hub: Some("a.test".to_owned()),
        ..conversation()
    }
}

fn question() -> ConversationRow {
    ConversationRow { kind: "consent".to_owned(), status: "waiting".to_owned(), ..conversation() }
}

fn epoch(conversation_id: i64, number: u8) -> EpochRow {
    EpochRow {
        conversation_id,
        epoch_id: vec![0xa1 + number; 32],
        parent_epoch_id: (number > 0).then(|| vec![0xa0 + number; 32]),
        number: number.into(),
        confirmation_tag: vec![1; 32],
        status: "head".to_owned(),
        origin: if number == 0 { "created" } else { "committed" }.to_owned(),
        committer: (number > 0).then(|| "mimi://gw.test/d/_causeway/gateway-1".to_owned()),
        commit: vec![1],
        created_at: NOW + i64::from(number) * 1000,
    }
}

/// Somebody's roots, somebody's keys.
async fn peers(tx: &mut Tx) -> Result<(), StoreError> {
    let root = PinnedRootRow { domain: "a.test".to_owned(), root: b"root".to_vec(), first_seen: NOW, last_seen: NOW + 1000 };
    tx.put_pinned_root(&root).await?;
    tx.put_server_key(&ServerKeyRow {
        server_name: "hs.test".to_owned(),
        key_id: "ed25519:a".to_owned(),
        public_key: vec![7; 32],
        valid_until: NOW,
        expired_at: None,
    })
    .await
}

/// Two events, one of them a message that became an event of both sides.
async fn messages(tx: &mut Tx, conversation_id: i64) -> Result<(), StoreError> {
    for (event_id, rejected) in [("$event", None), ("$bad", Some("auth rule 5: not joined"))] {
        tx.put_event(&EventRow {
            event_id: event_id.to_owned(),
            room_id: "!club:hs.test".to_owned(),
            stream: 0,
            event_type: "m.room.message".to_owned(),
            state_key: None,
            sender: "@alice:hs.test".to_owned(),
            depth: 7,
            origin_server_ts: NOW,
            json: "{}".to_owned(),
            state_before: None,
            rejected: rejected.map(str::to_owned),
            soft_failed: false,
            outlier: false,
        })
        .await?;
    }
    tx.put_message(&MessageRow {
        conversation_id,
        event_id: "$event".to_owned(),
        message_id: vec![0xb1; 32],
        part: 0,
        first_message_id: vec![0xb1; 32],
        first_event_id: "$event".to_owned(),
        kind: "message".to_owned(),
        matrix_sender: "@alice:hs.test".to_owned(),
        mimi_sender: "mimi://gw.test/u/alice%3Ahs.test".to_owned(),
        direction: "matrix_to_mimi".to_owned(),
        hub_timestamp: Some(NOW + 1000),
        epoch_id: Some(vec![0xa3; 32]),
        frank: None,
    })
    .await
}

/// A group whose epochs follow from each other.
async fn true_history(tx: &mut Tx) -> Result<(), StoreError> {
    let Founded { mut group, identity, roots } = founded("den");
    for _ in 0..2 {
        group.commit(&identity, &CommitPlan::default(), &roots, NOW as u64).unwrap();
        group.merge_pending(&identity.client_uri, &roots, NOW as u64).unwrap();
    }
    let changes = group.take_changes();
    let id = tx
        .insert_conversation(&ConversationRow {
            topology: Some("our_hub".to_owned()),
            mimi_room: Some("mimi://gw.test/r/den".to_owned()),
            hub: Some("gw.test".to_owned()),
            group_id: Some(group.group_id().to_vec()),
            head_epoch_id: Some(changes.head.id.as_bytes().to_vec()),
            head_number: Some(changes.head.number as i64),
            ..conversation()
        })
        .await?;
    for record in &changes.epochs {
        tx.insert_epoch(&EpochRow {
            conversation_id: id,
            epoch_id: record.id.as_bytes().to_vec(),
            parent_epoch_id: record.parent.map(|parent| parent.as_bytes().to_vec()),
            number: record.number as i64,
            confirmation_tag: record.confirmation_tag.clone(),
            status: "head".to_owned(),
            origin: record.origin.as_str().to_owned(),
            committer: record.committer.as_ref().map(ToString::to_string),
            commit: record.commit.clone(),
            created_at: NOW,
        })
        .await?;
    }
    put_group(tx, (id, changes.head.id.as_bytes().to_vec()), changes).await
}

/// The head's rows, in the name of an epoch.
async fn put_group(tx: &mut Tx, (conversation_id, epoch_id): (i64, Vec<u8>), mut changes: GroupChanges) -> Result<(), StoreError> {
    let nodes: Vec<_> = changes.nodes.put.iter().map(|(digest, body)| (&digest[..], &body[..])).collect();
    tx.put_group_nodes(conversation_id, &nodes).await?;
    let state = changes.states.remove(&changes.head.id).unwrap();
    let public = state.public.put.into_iter().map(|(key, value)| (String::new(), key, value));
    let private = state
        .clients
        .into_iter()
        .flat_map(|(client, rows)| rows.put.into_iter().map(move |(key, value)| (client.to_string(), key, value)));
    let row = |(client_uri, key, value)| GroupValueRow { conversation_id, epoch_id: epoch_id.clone(), client_uri, key, value };
    tx.put_group_values(&public.chain(private).map(row).collect::<Vec<_>>()).await
}

pub(crate) struct Founded {
    pub(crate) group: Group,
    pub(crate) identity: ClientIdentity,
    pub(crate) roots: TrustRoots,
}

/// A group of one client, with a participant that has none.
pub(crate) fn founded(name: &str) -> Founded {
    let domain: ProviderDomain = "gw.test".parse().unwrap();
    let (authority, _) = CredentialAuthority::generate(&domain).unwrap();
    let mut roots = TrustRoots::default();
    roots.pin(&domain, authority.root_der());
    let hub = authority.issue_hub(&domain).unwrap();
    let listener = UserUri::new(&domain, "_causeway");
    let carol = UserUri::new(&"a.test".parse().unwrap(), "carol");
    let identity = authority.issue_client(&ClientUri::new(&listener, "gateway-1"), &listener).unwrap();
    let participants = vec![UserRolePair { user: listener, role_index: 5 }, UserRolePair { user: carol, role_index: 2 }];
    let roles = RolesList {
        roles: vec![
            Role::new(0, "no_role", vec![], vec![]),
            Role::new(1, "banned", vec![], vec![]),
            Role::new(2, "member", vec![Capability::CAN_SEND_MESSAGE], vec![]),
            Role::new(5, "gateway", vec![Capability::CAN_SEND_MESSAGE], vec![]),
        ],
    };
    let metadata = RoomMetadata::named(&RoomUri::new(&domain, name), name);
    let room_state = RoomState::baseline(&hub, ParticipantListData { participants }, metadata, roles);
    let group_id = format!("mimi://gw.test/g/{name}").into_bytes();
    let group = Group::create(CreateGroup { group_id, room_state, hub: &hub }, &identity).unwrap();
    Founded { group, identity, roots }
}
