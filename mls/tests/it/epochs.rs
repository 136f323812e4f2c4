use causeway_mls::{CommitPlan, EpochId};

use crate::support::*;

/// The tags that no signature covers do not enter an epoch's name; every signed byte does.
#[test]
fn unsigned_bytes_mint_no_variants() {
    let a = Provider::new("a.test");
    let roots = roots(&[&a]);
    let (alice, two) = (a.client("alice", "one"), a.client("alice", "two"));
    let group = create(&a, room(&a, &[(a.user("alice"), ADMIN)]), &alice);
    let parent = group.epoch().id;
    let plan = CommitPlan { add_key_packages: vec![key_package(&two).key_package], ..Default::default() };
    let (group, pending) = commit(group, &alice, &plan, &roots);
    let commit = pending.commit;
    let name = parent.child(&commit).unwrap();
    assert_eq!(name, group.epoch().id);
    // confirmation_tag and membership_tag: 33 octets each, length included.
    let tags = commit.len() - 66;
    for at in (tags..commit.len()).filter(|at| (at - tags) % 33 != 0) {
        let mut variant = commit.clone();
        variant[at] ^= 1;
        assert_eq!(parent.child(&variant).unwrap(), name, "unsigned byte {at}");
    }
    for at in (8..tags).step_by(7) {
        let mut other = commit.clone();
        other[at] ^= 1;
        assert_ne!(parent.child(&other).ok(), Some(name), "signed byte {at}");
    }
    assert_ne!(EpochId::from_bytes([0; 32]).child(&commit).unwrap(), name);
}
