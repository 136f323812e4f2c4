//! Groups whose commits nobody ordered: a made-up history for drawing, and a true fork for judging.

use causeway_core::records::{ConversationRow, EpochRow, GroupValueRow};
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList};
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_mls::graph::{DEFAULT_WINDOW, RecentCommit};
use causeway_mls::{
    ClientIdentity, CommitPlan, CreateGroup, CredentialAuthority, EpochRecord, ForkableGroup, Group, GroupChanges, Judge,
    RoomState, TrustRoots, new_key_package,
};
use causeway_store::testing::Postgres;
use causeway_store::{Keyring, Store, StoreError, Tx};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::seed::{NOW, Seeded, conversation};

/// Conversation 1 is made up, 2 has a true fork.
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

async fn fill(url: &str) {
    let store = Store::connect(url, Keyring::new(&Zeroizing::new([1; 32]))).await.unwrap();
    store.start(NOW).await.unwrap();
    store.transaction::<_, StoreError, _>("seed", |tx| Box::pin(rows(tx))).await.unwrap();
}

async fn rows(tx: &mut Tx) -> Result<(), StoreError> {
    made_up(tx).await?;
    true_fork(tx).await
}

// --- made up -------------------------------------------------------------------------------------------------------

/// The last epoch of the head's way.
const HEAD: u8 = 30;

/// Name, parent, number, committer of each epoch. The head's way is 00 to [`HEAD`]; c0 to c3 and d0 have lost; e0 and e1 are
/// from before the gateway came back.
fn history() -> Vec<(u8, Option<u8>, i64, &'static str)> {
    let (alice, bob) = ("mimi://gw.test/d/alice/one", "mimi://a.test/d/bob/one");
    let mut history = vec![(0xe0, None, 3, alice), (0xe1, Some(0xe0), 4, bob)];
    history.extend((0..=HEAD).map(|n| (n, n.checked_sub(1), n.into(), if n % 2 == 0 { alice } else { bob })));
    history.extend([(0xc0, Some(12), 13, bob), (0xc1, Some(0xc0), 14, "mimi://a.test/d/bob/<\"one\" & 'two'>")]);
    history.extend([(0xc2, Some(0xc1), 15, alice), (0xc3, Some(0xc1), 15, bob), (0xd0, Some(12), 13, alice)]);
    history
}

async fn made_up(tx: &mut Tx) -> Result<(), StoreError> {
    let conversation_id = tx
        .insert_conversation(&ConversationRow {
            matrix_room_id: Some("!lost:hs.test".to_owned()),
            mimi_room: Some("mimi://gw.test/r/lost".to_owned()),
            group_id: Some(b"mimi://gw.test/g/lost".to_vec()),
            head_epoch_id: Some(vec![HEAD; 32]),
            head_number: Some(HEAD.into()),
            ..conversation()
        })
        .await?;
    for (place, (id, parent, number, committer)) in history().into_iter().enumerate() {
        tx.insert_epoch(&EpochRow {
            conversation_id,
            epoch_id: vec![id; 32],
            parent_epoch_id: parent.map(|parent| vec![parent; 32]),
            number,
            confirmation_tag: vec![1; 32],
            status: "head".to_owned(),
            origin: if parent.is_some() { "committed" } else { "joined_by_welcome" }.to_owned(),
            committer: parent.is_some().then(|| committer.to_owned()),
            commit: vec![1],
            created_at: NOW + place as i64 * 1000,
        })
        .await?;
    }
    tx.mark_head(conversation_id, &[HEAD; 32]).await
}

// --- true ----------------------------------------------------------------------------------------------------------

struct Node {
    group: ForkableGroup,
    identity: ClientIdentity,
}

impl Node {
    fn commit(&mut self, roots: &TrustRoots) -> Vec<u8> {
        let prepared = self.group.prepare(&self.identity, &CommitPlan::default(), judge(roots)).unwrap();
        self.group.publish(&prepared.id).unwrap();
        prepared.pending.commit
    }

    fn hear(&mut self, commit: &[u8], roots: &TrustRoots) {
        let received = self.group.receive_commit(commit, None, judge(roots)).unwrap();
        assert!(received.head.is_some(), "it wins");
    }
}

fn judge(roots: &TrustRoots) -> Judge<'_> {
    Judge { roots, now_ms: NOW as u64 }
}

fn client(name: &str, domain: &str, roots: &mut TrustRoots) -> (ClientIdentity, CredentialAuthority, ProviderDomain) {
    let domain: ProviderDomain = domain.parse().unwrap();
    let (authority, _) = CredentialAuthority::generate(&domain).unwrap();
    roots.pin(&domain, authority.root_der());
    let user = UserUri::new(&domain, name);
    let identity = authority.issue_client(&ClientUri::new(&user, "one"), &user).unwrap();
    (identity, authority, domain)
}

/// As the gateway of alice has it: epoch 0 by the hub; in epoch 1, alice commits twice while bob commits once. It is his
/// turn, so that hers lose, and she commits on his. What was changed, in turn.
fn fork(group_id: &[u8]) -> (GroupChanges, causeway_mls::ForkableChanges) {
    let mut roots = TrustRoots::default();
    let (alice, authority, domain) = client("alice", "gw.test", &mut roots);
    let (bob, ..) = client("bob", "a.test", &mut roots);
    let hub = authority.issue_hub(&domain).unwrap();
    let may = vec![Capability::CAN_SEND_MESSAGE, Capability::CAN_ADD_PARTICIPANT, Capability::CAN_ADD_OWN_CLIENT];
    let none = [Role::new(0, "no_role", vec![], vec![]), Role::new(1, "banned", vec![], vec![])];
    let roles = RolesList { roles: none.into_iter().chain([Role::new(2, "member", may, vec![])]).collect() };
    let participants = [&alice, &bob].map(|client| UserRolePair { user: client.user_uri.clone(), role_index: 2 }).to_vec();
    let metadata = RoomMetadata::named(&RoomUri::new(&domain, "fork"), "fork");
    let room_state = RoomState::baseline(&hub, ParticipantListData { participants }, metadata, roles);
    let mut group = Group::create(CreateGroup { group_id: group_id.to_vec(), room_state, hub: &hub }, &alice).unwrap();
    let bundle = new_key_package(&bob, NOW as u64).unwrap();
    let plan = CommitPlan { add_key_packages: vec![bundle.key_package.clone()], ..CommitPlan::default() };
    let pending = group.commit(&alice, &plan, &roots, NOW as u64).unwrap();
    group.merge_pending(&alice.client_uri, &roots, NOW as u64).unwrap();
    let before = group.take_changes();
    let welcome = (pending.welcome.as_deref().unwrap(), pending.ratchet_tree.as_slice());
    let joined = Group::join(welcome, &bundle, &bob, None, (&roots, NOW as u64)).unwrap();
    let by_alice = RecentCommit { committer: alice.user_uri.clone(), removes: false };
    let mut alice = Node { group: ForkableGroup::begin(group, DEFAULT_WINDOW, vec![by_alice], &[]).unwrap(), identity: alice };
    let tail = alice.group.tail(&alice.identity).unwrap();
    let mut bob = Node { group: ForkableGroup::observe(&tail, judge(&roots)).unwrap(), identity: bob };
    bob.group.adopt(&joined, judge(&roots)).unwrap();
    alice.commit(&roots);
    alice.commit(&roots);
    let by_bob = bob.commit(&roots);
    alice.hear(&by_bob, &roots);
    alice.commit(&roots);
    (before, alice.group.take_changes().unwrap())
}

async fn true_fork(tx: &mut Tx) -> Result<(), StoreError> {
    let group_id = b"mimi://gw.test/g/fork";
    let (before, after) = fork(group_id);
    let head = after.group.head;
    let id = tx
        .insert_conversation(&ConversationRow {
            mimi_room: Some("mimi://gw.test/r/fork".to_owned()),
            group_id: Some(group_id.to_vec()),
            head_epoch_id: Some(head.id.as_bytes().to_vec()),
            head_number: Some(head.number as i64),
            ..conversation()
        })
        .await?;
    for changes in [before, after.group] {
        put(tx, id, changes).await?;
    }
    tx.put_graph(id, &after.core.unwrap(), (1, "members")).await?;
    tx.mark_head(id, head.id.as_bytes()).await
}

/// As the gateway stores changes.
async fn put(tx: &mut Tx, conversation_id: i64, changes: GroupChanges) -> Result<(), StoreError> {
    for (place, record) in changes.epochs.into_iter().enumerate() {
        tx.insert_epoch(&row(conversation_id, NOW + place as i64, record)).await?;
    }
    let nodes: Vec<_> = changes.nodes.put.iter().map(|(digest, body)| (&digest[..], &body[..])).collect();
    tx.put_group_nodes(conversation_id, &nodes).await?;
    for (epoch, state) in changes.states {
        let public = state.public.put.into_iter().map(|(key, value)| (String::new(), key, value));
        let private = state.clients.into_iter().flat_map(|(client, rows)| {
            let client = client.to_string();
            rows.put.into_iter().map(move |(key, value)| (client.clone(), key, value))
        });
        let row = |(client_uri, key, value)| GroupValueRow {
            conversation_id,
            epoch_id: epoch.as_bytes().to_vec(),
            client_uri,
            key,
            value,
        };
        tx.put_group_values(&public.chain(private).map(row).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

fn row(conversation_id: i64, created_at: i64, record: EpochRecord) -> EpochRow {
    EpochRow {
        conversation_id,
        epoch_id: record.id.as_bytes().to_vec(),
        parent_epoch_id: record.parent.map(|parent| parent.as_bytes().to_vec()),
        number: record.number as i64,
        confirmation_tag: record.confirmation_tag,
        status: "head".to_owned(),
        origin: record.origin.as_str().to_owned(),
        committer: record.committer.as_ref().map(ToString::to_string),
        commit: record.commit,
        created_at,
    }
}
