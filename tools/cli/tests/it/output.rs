use crate::seed::{self, Seeded};
use crate::support::*;

/// Both databases give the operator the same picture.
async fn both() -> Vec<Seeded> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("output_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    vec![seed::sqlite().await, seed::postgres(&name).await]
}

/// Compared without the spaces that only align.
async fn assert_prints(arguments: &[&str], expected: &str) {
    for seeded in both().await {
        assert_eq!(stdout(&seeded.url, arguments), expected, "{arguments:?} on {}", seeded.url);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn room_list_names_every_conversation() {
    assert_prints(
        &["room", "list"],
        "\
id  kind     status   topology     matrix room    mimi room               hub      epoch
1   bridge   active   our_hub      !club:hs.test  mimi://gw.test/r/club   gw.test  2
2   bridge   paused   foreign_hub  -              mimi://a.test/r/lounge  a.test   -
3   consent  waiting  -            -              -                       -        -
4   bridge   active   our_hub      -              mimi://gw.test/r/den    gw.test  2
",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ndjson_is_one_object_a_line() {
    assert_prints(
        &["-o", "ndjson", "room", "list"],
        r#"{"id":1,"kind":"bridge","status":"active","topology":"our_hub","matrix_room":"!club:hs.test","mimi_room":"mimi://gw.test/r/club","hub":"gw.test","epoch":2}
{"id":2,"kind":"bridge","status":"paused","topology":"foreign_hub","matrix_room":null,"mimi_room":"mimi://a.test/r/lounge","hub":"a.test","epoch":null}
{"id":3,"kind":"consent","status":"waiting","topology":null,"matrix_room":null,"mimi_room":null,"hub":null,"epoch":null}
{"id":4,"kind":"bridge","status":"active","topology":"our_hub","matrix_room":null,"mimi_room":"mimi://gw.test/r/den","hub":"gw.test","epoch":2}
"#,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn room_show_takes_every_name_of_a_room() {
    let seeded = seed::sqlite().await;
    let by_id = stdout(&seeded.url, &["room", "show", "1"]);
    for name in ["!club:hs.test", "mimi://gw.test/r/club"] {
        assert_eq!(stdout(&seeded.url, &["room", "show", name]), by_id);
    }
    assert_prints(
        &["room", "show", "!club:hs.test"],
        "\
id            1
kind          bridge
status        active
topology      our_hub
matrix room   !club:hs.test
room version  11
mimi room     mimi://gw.test/r/club
hub           gw.test
group         mimi://gw.test/g/club
epoch         2
epoch id      a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3
own clients   mimi://gw.test/d/_causeway/gateway-1
waiting       1
losses        1
created       2026-09-21T14:13:20Z
",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn group_list_shows_heads() {
    for seeded in both().await {
        let text = stdout(&seeded.url, &["group", "list"]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "conversation  room                  group                  hub      epoch  epoch id");
        assert_eq!(lines[1], "1             !club:hs.test         mimi://gw.test/g/club  gw.test  2      a3a3a3a3");
        assert!(lines[2].starts_with("4             mimi://gw.test/r/den  mimi://gw.test/g/den   gw.test  2      "), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn group_epochs_is_the_whole_history() {
    let ids = ["a1".repeat(32), "a2".repeat(32), "a3".repeat(32)];
    let committer = "mimi://gw.test/d/_causeway/gateway-1";
    assert_prints(
        &["group", "epochs", "mimi://gw.test/r/club"],
        &format!(
            "\
number  short     parent    status  origin     committer                             created               secrets                                                       epoch id
0       a1a1a1a1  -         past    created    -                                     2026-09-21T14:13:20Z  destroyed 2026-09-21T15:13:20Z                                {}
1       a2a2a2a2  a1a1a1a1  past    committed  {committer}  2026-09-21T14:13:21Z  forgotten, slice 2 to be destroyed from 2036-09-18T15:13:20Z  {}
2       a3a3a3a3  a2a2a2a2  head    committed  {committer}  2026-09-21T14:13:22Z  kept, slice 2, the next one due 2036-09-18T15:13:20Z          {}
",
            ids[0], ids[1], ids[2]
        ),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn group_epochs_as_json_has_full_names() {
    let seeded = seed::sqlite().await;
    let epochs: serde_json::Value = serde_json::from_str(&stdout(&seeded.url, &["-o", "json", "group", "epochs", "1"])).unwrap();
    assert_eq!(epochs.as_array().unwrap().len(), 3);
    assert_eq!(epochs[0]["parent"], serde_json::Value::Null);
    assert_eq!(epochs[1]["parent"], epochs[0]["epoch_id"]);
    assert_eq!(epochs[2]["epoch_id"], "a3".repeat(32));
    let secrets = |index: usize| {
        ["secrets", "slice", "forgotten_at", "destroyed_at", "next_slice_at"].map(|field| epochs[index][field].clone())
    };
    let none = serde_json::Value::Null;
    assert_eq!(
        secrets(0),
        ["destroyed".into(), 1.into(), "2026-09-21T14:13:21Z".into(), "2026-09-21T15:13:20Z".into(), none.clone()]
    );
    let next = "2036-09-18T15:13:20Z";
    assert_eq!(secrets(1), ["forgotten".into(), 2.into(), "2026-09-21T15:13:21Z".into(), none.clone(), next.into()]);
    assert_eq!(secrets(2), ["kept".into(), 2.into(), none.clone(), none, next.into()]);
}

/// From the public part alone: the program has no key.
#[tokio::test(flavor = "multi_thread")]
async fn group_members_shows_participants_with_and_without_clients() {
    assert_prints(
        &["group", "members", "1"],
        "\
user                        role     client                                leaf  ours
mimi://gw.test/u/_causeway  gateway  mimi://gw.test/d/_causeway/gateway-1  0     yes
mimi://a.test/u/carol       member   -                                     -     no
",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_list_says_what_waits_and_why() {
    assert_prints(
        &["queue", "list"],
        "\
id  lane                               kind    conversation  state    attempts  not before            last error
1   mimi:a.test:mimi://gw.test/r/club  notify  1             waiting  0         2096-10-02T07:06:40Z  connection refused
2   pdu:hs.test                        pdu     -             due      0         -                     -
",
    )
    .await;
}

/// Control characters that peers wrote do not reach the terminal.
#[tokio::test(flavor = "multi_thread")]
async fn loss_list_is_of_all_rooms_or_of_one() {
    assert_prints(
        &["loss", "list"],
        "\
recorded              conversation  direction       code     feature     detail          source
2026-09-21T14:13:20Z  1             matrix_to_mimi  CW-6001  media       an image        $event
2026-09-21T14:13:20Z  2             matrix_to_mimi  CW-6012  expiration  bold\\u{1b}[31m  $event
",
    )
    .await;
    assert_prints(
        &["loss", "list", "!club:hs.test"],
        "\
recorded              conversation  direction       code     feature  detail    source
2026-09-21T14:13:20Z  1             matrix_to_mimi  CW-6001  media    an image  $event
",
    )
    .await;
}

/// Without a database.
#[test]
fn explain_prints_the_page_of_a_code() {
    for code in ["CW-4002", "cw-4002", "4002"] {
        let ran = crate::support::causewayctl(&["explain", code]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        assert_eq!(ran.stdout, include_str!("../../../../docs/errors/CW-4002.md"));
    }
    let all = crate::support::causewayctl(&["explain"]);
    assert!(all.stdout.contains("CW-2005  peer      no         The room's rules refuse the event\n"), "{}", all.stdout);
    let json = crate::support::causewayctl(&["explain", "7001", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json["code"].as_str(), json["retryable"].as_bool()), (Some("CW-7001"), Some(true)));
    let unknown = crate::support::causewayctl(&["explain", "CW-4000"]);
    assert_eq!(
        (unknown.code, unknown.stderr.as_str()),
        (1, "causewayctl: no such code: CW-4000; near: CW-4001, CW-4002, CW-4003\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_status_counts_values_by_key() {
    assert_prints(
        &["keys", "status"],
        "\
table          column       key  format  values
secrets        value        1    2       1
conversations  bookkeeping  1    2       4
outbox         body         1    2       2
parked         body         1    2       1
",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_list_says_what_waits_for_the_operator_and_why() {
    assert_prints(
        &["parked", "list"],
        "\
id  parked                kind    source       subject                 conversation  code     replays  reason
1   2026-09-21T14:13:20Z  fanout  mimi:a.test  mimi://a.test/r/lounge  2             CW-4010  0        stored group state: a row is missing
",
    )
    .await;
}

/// Metadata only: the program has no key.
#[tokio::test(flavor = "multi_thread")]
async fn parked_show_says_what_to_do() {
    assert_prints(
        &["parked", "show", "1"],
        "\
id               1
kind             fanout
source           mimi:a.test
subject          mimi://a.test/r/lounge
conversation     2
octets, sealed   59
parked           2026-09-21T14:13:20Z
later ones wait  yes
replays in vain  0
code             CW-4010
reason           stored group state: a row is missing
meaning          The stored state of a group is not what it should be
what to do       Restore the whole database, or let the gateway leave and join again. Report it if nobody touched the database.
",
    )
    .await;
}
