//! Parts by their index [mimi-content-09 §4.4].

use causeway_drafts::mimi_content_09::{MimiContent, PartBody};

use crate::content_vectors::vectors;

fn nested() -> MimiContent {
    let (_, bytes, _) = vectors().into_iter().find(|(name, _, _)| *name == "multipart-3").unwrap();
    MimiContent::decode(bytes).unwrap()
}

/// C-024: the table of the draft's complicated example.
#[test]
fn c_024_parts_are_numbered_depth_first() {
    let content = nested();
    assert_eq!(content.nested_part.iter().count(), 11);
    let kind = |index| match &content.part(index).unwrap().body {
        PartBody::Single { content_type, .. } => content_type.as_str(),
        PartBody::Multi { .. } => "multi",
        other => panic!("{other:?}"),
    };
    for (index, expected) in
        ["multi", "multi", "multi", "text/html;charset=utf-8", "text/html;charset=utf-8", "image/gif"].into_iter().enumerate()
    {
        assert_eq!(kind(index), expected, "{index}");
    }
    assert_eq!((kind(6), kind(7), kind(10)), ("multi", "multi", "image/png"));
    assert_eq!(content.part(4).unwrap().language, "fr");
    assert!(content.part(11).is_none());
}

/// C-025: `cid:` names a part that has content, and only in its one form.
#[test]
fn c_025_cids_name_parts_with_content() {
    let content = nested();
    assert_eq!(content.part_of_cid("cid:5@local.invalid"), content.part(5));
    assert_eq!(content.part_of_cid("cid:10@local.invalid"), content.part(10));
    for uri in ["cid:0@local.invalid", "cid:6@local.invalid", "cid:11@local.invalid", "cid:+5@local.invalid", "cid:@local.invalid"]
    {
        assert_eq!(content.part_of_cid(uri), None, "{uri}");
    }
    for uri in ["cid:5@a.test", "cid:5", "5@local.invalid", "cid:99999999999999999999999@local.invalid", "CID:5@local.invalid"] {
        assert_eq!(content.part_of_cid(uri), None, "{uri}");
    }
}
