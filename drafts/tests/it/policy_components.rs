//! The other components of room policy: what their rules allow [mimi-room-policy-04 §§4, 6, 7].

use causeway_drafts::application::MediaType;
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_room_policy_04::Optionality;
use causeway_drafts::mimi_room_policy_04::asset_policy::{AssetPolicy, AssetUploadLocation, DownloadPrivacyType};
use causeway_drafts::mimi_room_policy_04::bot_policy::{Bot, BotPolicy};
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::chat_history_policy::{HistoryPolicy, HistorySharing};
use causeway_drafts::mimi_room_policy_04::join_links::{JoinLink, JoinLinkPolicy, JoinLinks, JoinLinksUpdate};
use causeway_drafts::mimi_room_policy_04::link_preview_policy::{LinkPreviewPolicy, PreviewProxy};
use causeway_drafts::mimi_room_policy_04::logging_policy::{Logging, LoggingPolicy};
use causeway_drafts::mimi_room_policy_04::message_expiration_policy::{Expiration, MessageExpiration};
use causeway_drafts::mimi_room_policy_04::mls_operational_policy::OperationalParameters;
use causeway_drafts::mimi_room_policy_04::preauth_list::{PreAuthList, PreAuthRoleEntry};
use causeway_drafts::mimi_room_policy_04::presets;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList};
use causeway_drafts::mimi_room_policy_04::status_notification_policy::StatusNotificationPolicy;
use causeway_drafts::mimi_uri::UserUri;
use causeway_drafts::uri::Uri;
use causeway_drafts::{decode_exact, encode};

use crate::samples::{assets, bot, claim, markdown, operational};

fn role(index: u32) -> Role {
    Role::new(index, "role", Vec::new(), Vec::new())
}

fn preauth(entries: Vec<(Vec<(&str, &str)>, u32)>) -> PreAuthList {
    let entry = |(claims, index): (Vec<(&str, &str)>, u32)| PreAuthRoleEntry {
        claimset: claims.into_iter().map(|(id, value)| claim(id, value)).collect(),
        target_role: role(index),
    };
    PreAuthList { preauthorized_entries: entries.into_iter().map(entry).collect() }
}

#[test]
fn r_009_r_010_the_first_entry_counts_whose_claims_all_match() {
    let list = preauth(vec![(vec![("org", "x"), ("team", "hr")], 4), (vec![("org", "x")], 3), (vec![("org", "x")], 2)]);
    assert_eq!(list.role_index(&[claim("team", "hr"), claim("org", "x"), claim("else", "y")]), Some(4));
    assert_eq!(list.role_index(&[claim("org", "x")]), Some(3));
    for others in [vec![], vec![claim("org", "X")], vec![claim("team", "hr")], vec![claim("org ", "x")]] {
        assert_eq!(list.role_index(&others), None, "{others:?}");
    }
    // Another type of credential says something else.
    let mut jwt = claim("org", "x");
    jwt.claim_id.credential_type = 1;
    assert_eq!(list.role_index(&[jwt]), None);
}

/// G-60: of the whole role in an entry, the index counts.
#[test]
fn g_60_a_preauthorisation_names_a_role_that_exists() {
    let roles = RolesList { roles: vec![role(2)] };
    assert_eq!(preauth(vec![(vec![], 2)]).validate(&roles), Ok(()));
    assert!(preauth(vec![(vec![], 2), (vec![], 3)]).validate(&roles).unwrap_err().starts_with("G-60"));
}

fn links(texts: &[&str]) -> Vec<JoinLink> {
    texts.iter().map(|text| JoinLink { join_link: text.as_bytes().to_vec().into() }).collect()
}

#[test]
fn r_029_on_request_one_link_is_kept() {
    let policy = |on_request| JoinLinkPolicy { on_request, join_link: Vec::new().into(), multiuser: false, expiration: 60 };
    let two = JoinLinks { links: links(&["a", "b"]) };
    assert_eq!(two.validate(&policy(false)), Ok(()));
    assert!(two.validate(&policy(true)).unwrap_err().starts_with("R-029"));
    assert_eq!(JoinLinks { links: links(&["a"]) }.validate(&policy(true)), Ok(()));
}

#[test]
fn r_031_links_are_removed_by_position_then_added() {
    let before = JoinLinks { links: links(&["a", "b", "c"]) };
    let update = |removed: &[u32], added: &[&str]| JoinLinksUpdate { removed_indices: removed.to_vec(), added_links: links(added) };
    assert_eq!(before.apply(&update(&[2, 0], &["d"])).unwrap().links, links(&["b", "d"]));
    assert_eq!(before.apply(&update(&[], &[])), Ok(before.clone()));
    for odd in [update(&[3], &["d"]), update(&[1, 1], &[]), update(&[u32::MAX], &[])] {
        assert!(before.apply(&odd).unwrap_err().starts_with("R-031"), "{odd:?}");
    }
}

/// G-61: -04 puts links into vectors.
#[test]
fn g_61_links_have_a_length() {
    assert_eq!(encode(&JoinLinks { links: links(&["ab", ""]) }), [4, 2, b'a', b'b', 0]);
    let policy = JoinLinkPolicy { on_request: true, join_link: b"x".to_vec().into(), multiuser: false, expiration: 258 };
    assert_eq!(encode(&policy), [1, 1, b'x', 0, 0, 0, 1, 2]);
}

#[test]
fn r_032_r_033_link_previews() {
    let policy = |autodetect_hyperlinks_in_text, link_preview_proxy| LinkPreviewPolicy {
        autodetect_hyperlinks_in_text,
        send_link_previews: Optionality::Optional,
        automatic_link_previews: Optionality::Optional,
        link_preview_proxy,
    };
    let proxy = || vec!["https://proxy.test".parse::<Uri>().unwrap()];
    assert_eq!(policy(Optionality::Optional, PreviewProxy::Forbidden).validate(), Ok(()));
    assert!(policy(Optionality::Required, PreviewProxy::Forbidden).validate().unwrap_err().starts_with("R-032"));
    for (proxies, fine) in [(proxy(), true), (Vec::new(), false)] {
        let optional = policy(Optionality::Forbidden, PreviewProxy::Optional { link_preview_proxy: proxies.clone() });
        let required = policy(Optionality::Forbidden, PreviewProxy::Required { link_preview_proxy: proxies });
        assert_eq!((optional.validate().is_ok(), required.validate().is_ok()), (fine, fine));
    }
}

/// G-59: where the draft writes `mandatory`, 1 is meant; where it is forbidden, nothing follows.
#[test]
fn g_59_mandatory_is_required() {
    let logging = Logging { logging_clients: Vec::new(), machine_readable_policy: None, human_readable_policy: None };
    assert_eq!(encode(&LoggingPolicy::Optional(logging.clone())), [0, 0, 0, 0]);
    assert_eq!(encode(&LoggingPolicy::Required(logging)), [1, 0, 0, 0]);
    assert_eq!(encode(&LoggingPolicy::Forbidden), [2]);
    for odd in [[3].as_slice(), &[2, 0], &[0, 0, 0], &[255, 0, 0, 0]] {
        assert!(decode_exact::<LoggingPolicy>(odd).is_err(), "{odd:?}");
    }
    for odd in [3, 255] {
        assert!(decode_exact::<StatusNotificationPolicy>(&[0, odd]).is_err());
        assert!(decode_exact::<StatusNotificationPolicy>(&[odd, 0]).is_err());
        assert!(decode_exact::<HistoryPolicy>(&[odd]).is_err());
        assert!(decode_exact::<MessageExpiration>(&[odd]).is_err());
        assert!(decode_exact::<LinkPreviewPolicy>(&[0, 0, 0, odd]).is_err());
    }
}

#[test]
fn r_036_assets_at_the_hub_have_its_domains_alone() {
    let hub = "a.test".parse().unwrap();
    let other = "b.test".parse().unwrap();
    let at_hub = AssetPolicy { asset_upload_location: AssetUploadLocation::Hub, ..assets() };
    assert_eq!(at_hub.validate(&hub), Ok(()));
    assert!(at_hub.validate(&other).unwrap_err().starts_with("R-036"));
    let mut more = at_hub;
    more.upload_domains.push(more.upload_domains[0].clone());
    assert!(more.validate(&hub).is_err());
    assert_eq!(assets().validate(&other), Ok(()));
}

#[test]
fn r_037_assets_are_where_their_senders_provider_puts_them() {
    let (a, b) = ("a.test".parse().unwrap(), "b.test".parse().unwrap());
    assert!(assets().may_be_at(&a, "cdn.a.test") && assets().may_be_at(&a, "a-assets.test"));
    for host in ["a.test", "x.cdn.a.test", "cdn.a.test.evil.test", "CDN.a.test", ""] {
        assert!(!assets().may_be_at(&a, host), "{host}");
    }
    assert!(!assets().may_be_at(&b, "cdn.a.test"));
    let at_hub = AssetPolicy { asset_upload_location: AssetUploadLocation::Hub, ..assets() };
    assert!(at_hub.may_be_at(&b, "cdn.a.test") && !at_hub.may_be_at(&b, "b.test"));
    let anywhere = AssetPolicy { asset_upload_location: AssetUploadLocation::Unspecified, ..assets() };
    assert!(anywhere.may_be_at(&b, "anything.test"));
}

#[test]
fn r_038_forbidden_downloads_win() {
    let mut privacy = assets().download_privacy;
    assert!(privacy.allows(DownloadPrivacyType::Ohttp) && !privacy.allows(DownloadPrivacyType::Direct));
    privacy.allowed_download_types.push(DownloadPrivacyType::Direct);
    assert!(!privacy.allows(DownloadPrivacyType::Direct));
}

/// lists of media types.
#[test]
fn r_040_media_types_are_on_the_list_of_the_permitted() {
    let plain = |text: &str| MediaType { media_type: text.as_bytes().to_vec().into(), parameters: Vec::new() };
    let policy =
        |forbidden_media_types, permitted_media_types| AssetPolicy { forbidden_media_types, permitted_media_types, ..assets() };
    // A parameterised entry means this form only.
    assert!(!policy(vec![markdown()], None).permits(&markdown()));
    assert!(policy(vec![markdown()], None).permits(&plain("text/markdown")));
    // An entry without parameters means all.
    assert!(!policy(vec![plain("Text/Markdown")], None).permits(&markdown()));
    assert!(policy(vec![], Some(vec![plain("text/markdown")])).permits(&markdown()));
    // Where there is a list, what is not on it is not permitted; an empty one permits nothing.
    assert!(!policy(vec![], Some(vec![plain("image/png")])).permits(&markdown()));
    assert!(!policy(vec![], Some(vec![])).permits(&markdown()));
    assert!(!policy(vec![markdown()], Some(vec![plain("text/markdown")])).permits(&markdown()));
}

/// G-58: `optional<MediaType> x<V>` is one presence octet, then the list.
#[test]
fn g_58_an_optional_list_has_one_presence_octet() {
    let tail = |permitted| {
        let policy = AssetPolicy { forbidden_media_types: Vec::new(), permitted_media_types: permitted, ..assets() };
        encode(&policy).split_off(encode(&AssetPolicy { permitted_media_types: None, ..policy }).len() - 1)
    };
    assert_eq!(tail(None), [0]);
    assert_eq!(tail(Some(Vec::new())), [1, 0]);
    let png = MediaType { media_type: b"image/png".to_vec().into(), parameters: Vec::new() };
    assert_eq!(tail(Some(vec![png])), [&[1, 11, 9], b"image/png".as_slice(), &[0]].concat());
}

#[test]
fn r_043_r_045_logging() {
    let logging = |clients: &[&str]| Logging {
        logging_clients: clients.iter().map(|client| client.parse().unwrap()).collect(),
        machine_readable_policy: None,
        human_readable_policy: None,
    };
    let client = ["mimi://a.test/d/log/1"];
    assert!(LoggingPolicy::Required(logging(&[])).validate().unwrap_err().starts_with("R-043"));
    assert_eq!(LoggingPolicy::Required(logging(&client)).validate(), Ok(()));
    assert_eq!(LoggingPolicy::Optional(logging(&[])).validate(), Ok(()));
    assert!(LoggingPolicy::Optional(logging(&client)).is_active());
    assert!(!LoggingPolicy::Optional(logging(&[])).is_active() && !LoggingPolicy::Forbidden.is_active());
}

#[test]
fn r_047_history_is_shared_by_roles_with_clients() {
    let roles = presets::cooperatively_administered();
    let policy = |roles_that_can_share: &[u32]| {
        let sharing =
            HistorySharing { roles_that_can_share: roles_that_can_share.to_vec(), automatically_share: false, max_time_period: 0 };
        HistoryPolicy::Required(sharing).validate(&roles)
    };
    assert_eq!(policy(&[2, 3, 4]), Ok(()));
    // Nobody, the banned, and the hub's role, which has no clients.
    for index in [0, 1, 5] {
        assert!(policy(&[2, index]).unwrap_err().starts_with("R-047"), "{index}");
    }
    assert_eq!(HistoryPolicy::Forbidden.validate(&roles), Ok(()));
}

#[test]
fn r_049_a_local_bot_has_no_role() {
    let policy = |bot: Bot| BotPolicy { allowed_bots: vec![bot] }.validate();
    assert_eq!(policy(bot()), Ok(()));
    assert!(policy(Bot { local_client_bot: true, ..bot() }).unwrap_err().starts_with("R-049"));
    assert_eq!(policy(Bot { local_client_bot: true, bot_role_index: 0, ..bot() }), Ok(()));
}

#[test]
fn r_051_messages_expire_within_bounds() {
    let expiration = Expiration { min_expiration_duration: 10, max_expiration_duration: 20, default_expiration_duration: None };
    let (optional, required) = (MessageExpiration::Optional(expiration), MessageExpiration::Required(expiration));
    for (seconds, fits) in [(9, false), (10, true), (20, true), (21, false)] {
        assert_eq!((optional.allows(Some(seconds)), required.allows(Some(seconds))), (fits, fits), "{seconds}");
        assert!(!MessageExpiration::Forbidden.allows(Some(seconds)));
    }
    assert!(optional.allows(None) && !required.allows(None) && MessageExpiration::Forbidden.allows(None));
}

/// G-62: a strategy that the draft does not name is refused, the draft's arm without a value as well.
#[test]
fn g_62_strategies_have_three_values() {
    let body = encode(&operational());
    let delay = [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2];
    let at = body.windows(delay.len()).position(|window| window == delay).unwrap();
    for strategy in [3, 4, 255] {
        let mut odd = body.clone();
        odd[at] = strategy;
        let error = decode_exact::<OperationalParameters>(&odd).unwrap_err().to_string();
        assert!(error.contains(&format!("at byte {at}, in pending_proposal_policy.pending_proposal_strategy")), "{error}");
    }
}

/// Appendix A, as it stands there: roles, how many capabilities each has, and how many participants.
#[test]
fn the_example_roles_are_the_drafts() {
    let shape = |roles: &RolesList| -> Vec<(u32, String, usize)> {
        roles.roles.iter().map(|role| (role.role_index, role.role_name.0.clone(), role.role_capabilities.len())).collect()
    };
    let expect = |roles: RolesList, expected: &[(&str, usize)]| {
        let expected = expected.iter().zip(0..).map(|((name, count), index)| (index, (*name).to_owned(), *count));
        assert_eq!(shape(&roles), expected.collect::<Vec<_>>());
        // hold; nobody has a capability twice; all of them are registered.
        assert_eq!(roles.validate(), Ok(()));
        for role in &roles.roles {
            let distinct: std::collections::BTreeSet<_> = role.role_capabilities.iter().collect();
            let twice = role.role_capabilities.len() - distinct.len();
            assert_eq!(twice, 0, "{}", role.role_name.0);
            assert!(role.role_capabilities.iter().all(|capability| capability.entry().is_some()));
        }
        let enforcer = roles.roles.last().unwrap();
        assert_eq!((enforcer.minimum_participants_constraint, enforcer.maximum_participants_constraint), (1, Some(2)));
        assert_eq!(enforcer.maximum_active_participants_constraint, Some(0));
    };
    let hierarchy = ["no_role", "banned", "ordinary_user", "group_admin", "super_admin", "policy_enforcer"];
    let counted = |counts: [usize; 6]| hierarchy.into_iter().zip(counts).collect::<Vec<_>>();
    expect(presets::cooperatively_administered(), &counted([0, 0, 37, 44, 47, 9]));
    expect(presets::strictly_administered(), &counted([1, 0, 31, 48, 53, 9]));
    expect(
        presets::moderated(),
        &[
            ("no_role", 1),
            ("banned", 0),
            ("guest", 10),
            ("attendee", 20),
            ("speaker", 30),
            ("moderator", 46),
            ("super_admin", 52),
            ("policy_enforcer", 9),
        ],
    );
    expect(
        presets::multi_organization(),
        &[
            ("no_role", 0),
            ("banned", 0),
            ("org_a_user", 24),
            ("org_b_user", 22),
            ("org_c_user", 22),
            ("org_a_admin", 35),
            ("org_b_admin", 33),
            ("org_c_admin", 33),
            ("super_admin", 50),
            ("policy_enforcer", 9),
        ],
    );
}

/// What the examples are for, seen from outside.
#[test]
fn the_example_roles_do_what_they_say() {
    let (cooperative, strict) = (presets::cooperatively_administered(), presets::strictly_administered());
    assert!(cooperative.has(2, Capability::CAN_ADD_PARTICIPANT) && !strict.has(2, Capability::CAN_ADD_PARTICIPANT));
    assert!(strict.has(0, Capability::CAN_USE_JOIN_CODE) && !cooperative.has(0, Capability::CAN_USE_JOIN_CODE));
    let moderated = presets::moderated();
    let speaks: Vec<bool> = (0..8).map(|index| moderated.has(index, Capability::CAN_SEND_MESSAGE)).collect();
    assert_eq!(speaks, [false, false, false, false, true, true, true, false]);
    // Administrators of B move their own people, not C's.
    let organizations = presets::multi_organization();
    let admin = organizations.role(6).unwrap();
    assert!(admin.may_change(3, 1) && admin.may_change(0, 3) && !admin.may_change(4, 0) && !admin.may_change(1, 3));
    assert_eq!(admin.maximum_participants_constraint, Some(3));
    // A.1 wants an administrator and the hub among its participants.
    let domain = "a.test".parse().unwrap();
    let with = |indexes: &[u32]| {
        let entry = |index: &u32| UserRolePair { user: UserUri::new(&domain, &index.to_string()), role_index: *index };
        cooperative.validate_participants(&ParticipantListData { participants: indexes.iter().map(entry).collect() })
    };
    assert!(with(&[2]).unwrap_err().starts_with("R-003") && with(&[2, 3]).is_err());
    assert_eq!(with(&[2, 3, 5]), Ok(()));
}

#[test]
fn uris_have_a_scheme() {
    for fine in ["https://a.test", "mimi://a.test/u/x", "mailto:a@b.test", "urn:x:%41", "http://[2001:db8::1]:80/?q=/?#f/?", "x:"] {
        let uri: Uri = fine.parse().unwrap();
        assert_eq!((uri.as_str(), uri.scheme()), (fine, fine.split(':').next().unwrap()));
    }
    for odd in
        ["", "a.test", "//a.test", ":x", "1a:b", "ht tp://a", "http://a.test/ä", "http://a/%4", "http://a/%zz", "a:b#c#d", "a:b[c]"]
    {
        assert!(odd.parse::<Uri>().is_err(), "{odd}");
    }
}
