//! What a translation could not carry, as a value: audited, shown to operators, tested.

use std::fmt;

/// The features that can be lost; the names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// Images, files, audio, video, stickers.
    Media,
    /// Polls.
    Poll,
    /// Locations.
    Location,
    /// An event or content type that nobody has mapped yet.
    UnknownType,
    /// `m.notice` as opposed to text.
    NoticeStyle,
    /// `m.emote` as opposed to text.
    EmoteStyle,
    /// Markup without a counterpart.
    Markup,
    /// A mention that its text does not show.
    Mention,
    /// A reply to something that the other side has not seen.
    UnknownReplyTarget,
    /// An edit, reaction or deletion of something that the other side has not seen.
    UnknownTarget,
    /// All alternatives but the one chosen.
    Alternatives,
    /// A language tag.
    Language,
    /// A lifetime.
    Expiration,
    /// A topic that is no message id.
    Topic,
    /// The reason of a redaction.
    RedactionReason,
    /// Text beyond what an event carries.
    TooLong,
    /// A message that cannot be translated at all.
    Untranslatable,
    /// The sender is not in the participant list.
    SenderNotParticipant,
    /// A message that no own client can open.
    Unreadable,
    /// A message that the receiver's rules discard.
    Discarded,
    /// The conversation is paused.
    Paused,
    /// The Matrix room's rules refuse the event.
    RefusedByMatrix,
    /// The hub refuses it.
    RefusedByHub,
    /// The hub's timestamps ran backwards.
    HubClockRegressed,
    /// A commit of the hub's order that we find invalid.
    CommitRefused,
    /// A proposal of the hub's order that we find invalid.
    ProposalRefused,
    /// In a room without a hub: a peer's graph that has no epoch in common with ours.
    GraphApart,
    /// In a room without a hub: two sides have taken different branches for final.
    GraphConflict,
    /// In a room that a Matrix room orders: somebody does not see that, or cannot write there.
    GraphOrderUnseen,
    /// A puppet could not join.
    JoinRefused,
    /// A KeyPackage that must not be added.
    KeyPackageRefused,
    /// A user whose clients gave no KeyPackage.
    NoKeyMaterial,
}

/// All of them.
const FEATURES: [Feature; 32] = [
    Feature::Media,
    Feature::Poll,
    Feature::Location,
    Feature::UnknownType,
    Feature::NoticeStyle,
    Feature::EmoteStyle,
    Feature::Markup,
    Feature::Mention,
    Feature::UnknownReplyTarget,
    Feature::UnknownTarget,
    Feature::Alternatives,
    Feature::Language,
    Feature::Expiration,
    Feature::Topic,
    Feature::RedactionReason,
    Feature::TooLong,
    Feature::Untranslatable,
    Feature::SenderNotParticipant,
    Feature::Unreadable,
    Feature::Discarded,
    Feature::Paused,
    Feature::RefusedByMatrix,
    Feature::RefusedByHub,
    Feature::HubClockRegressed,
    Feature::CommitRefused,
    Feature::ProposalRefused,
    Feature::GraphApart,
    Feature::GraphConflict,
    Feature::GraphOrderUnseen,
    Feature::JoinRefused,
    Feature::KeyPackageRefused,
    Feature::NoKeyMaterial,
];

impl Feature {
    /// A feature by its name.
    pub fn named(name: &str) -> Option<Self> {
        FEATURES.into_iter().find(|feature| feature.to_string() == name)
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = String::new();
        for character in format!("{self:?}").chars() {
            if character.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(character.to_ascii_lowercase());
        }
        f.write_str(&name)
    }
}

/// A loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Of what.
    pub feature: Feature,
    /// In words; never content.
    pub detail: String,
}

impl Loss {
    /// A loss.
    pub fn new(feature: Feature, detail: impl Into<String>) -> Self {
        Self { feature, detail: detail.into() }
    }
}
