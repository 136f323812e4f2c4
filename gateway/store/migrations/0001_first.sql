-- One schema for both databases. {bytes} and {identity} are the only words that differ; times are ms since 1970.

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value {bytes} NOT NULL -- sealed
);

CREATE TABLE conversations (
    id {identity},
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    topology TEXT,
    matrix_room_id TEXT UNIQUE,
    room_version TEXT,
    mimi_room TEXT UNIQUE,
    hub TEXT,
    group_id {bytes},
    head_epoch_id {bytes},
    head_number BIGINT,
    created_at BIGINT NOT NULL,
    bookkeeping {bytes} NOT NULL -- sealed
);

CREATE TABLE events (
    stream {identity},
    event_id TEXT NOT NULL UNIQUE,
    room_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    state_key TEXT,
    sender TEXT NOT NULL,
    depth BIGINT NOT NULL,
    origin_server_ts BIGINT NOT NULL,
    json TEXT NOT NULL,
    state_before {bytes},
    rejected TEXT,
    soft_failed BIGINT NOT NULL,
    outlier BIGINT NOT NULL
);
CREATE INDEX events_by_room ON events (room_id, depth);

CREATE TABLE state_maps (
    hash {bytes} PRIMARY KEY,
    body {bytes} NOT NULL
);

CREATE TABLE extremities (
    room_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    state_after {bytes} NOT NULL,
    PRIMARY KEY (room_id, event_id)
);

CREATE TABLE epochs (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    epoch_id {bytes} NOT NULL,
    parent_epoch_id {bytes},
    number BIGINT NOT NULL,
    confirmation_tag {bytes} NOT NULL,
    status TEXT NOT NULL,
    origin TEXT NOT NULL,
    committer TEXT,
    commit_message {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, epoch_id)
);

CREATE TABLE group_values (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    client_uri TEXT NOT NULL, -- empty for the public part
    key {bytes} NOT NULL,
    value {bytes} NOT NULL, -- sealed, but for the public part
    PRIMARY KEY (conversation_id, client_uri, key)
);

CREATE TABLE clients (
    client_uri TEXT PRIMARY KEY,
    user_uri TEXT NOT NULL,
    identity {bytes} NOT NULL -- sealed
);

CREATE TABLE key_packages (
    reference {bytes} PRIMARY KEY,
    user_uri TEXT NOT NULL,
    client_uri TEXT NOT NULL,
    key_package {bytes} NOT NULL,
    private {bytes} NOT NULL, -- sealed; empty once spent
    not_after BIGINT NOT NULL,
    claimed_by TEXT,
    claimed_room TEXT,
    claimed_at BIGINT
);
CREATE INDEX key_packages_by_user ON key_packages (user_uri, claimed_by);

CREATE TABLE messages (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    event_id TEXT NOT NULL,
    message_id {bytes} NOT NULL,
    part BIGINT NOT NULL,
    first_message_id {bytes} NOT NULL,
    first_event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    matrix_sender TEXT NOT NULL,
    mimi_sender TEXT NOT NULL,
    direction TEXT NOT NULL,
    hub_timestamp BIGINT,
    epoch_id {bytes},
    frank {bytes},
    PRIMARY KEY (conversation_id, event_id)
);

CREATE TABLE consents (
    requester TEXT NOT NULL,
    target TEXT NOT NULL,
    room TEXT NOT NULL,
    conversation_id BIGINT NOT NULL, -- 0 for none
    status TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (requester, target, room, conversation_id)
);

CREATE TABLE outbox (
    id {identity},
    lane TEXT NOT NULL,
    kind TEXT NOT NULL,
    conversation_id BIGINT,
    body {bytes} NOT NULL, -- sealed
    attempts BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    leased_by BIGINT, -- the process, by its number
    batch BIGINT,
    last_error TEXT
);
CREATE INDEX outbox_by_lane ON outbox (lane, id);

CREATE TABLE inbox (
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    answer {bytes} NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (source, digest)
);

CREATE TABLE server_keys (
    server_name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    public_key {bytes} NOT NULL,
    valid_until BIGINT NOT NULL,
    expired_at BIGINT,
    PRIMARY KEY (server_name, key_id)
);

CREATE TABLE profiles (
    user_id TEXT PRIMARY KEY,
    mimi_user TEXT NOT NULL,
    kind TEXT NOT NULL,
    display_name TEXT
);

CREATE TABLE pinned_roots (
    domain TEXT NOT NULL,
    root {bytes} NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (domain, root)
);

CREATE TABLE losses (
    id {identity},
    conversation_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    direction TEXT NOT NULL,
    feature TEXT NOT NULL,
    detail TEXT NOT NULL,
    recorded_at BIGINT NOT NULL
);
