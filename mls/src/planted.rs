//! Bugs, planted to see whether the simulation finds them; with the feature `planted-bugs`, which no build but the
//! simulation's has.

/// `planted!(Bug)`: whether this bug is switched on. Without the feature, it never is, and costs nothing.
#[cfg(feature = "planted-bugs")]
macro_rules! planted {
    ($bug:ident) => {
        $crate::planted::is_planted($crate::planted::Bug::$bug)
    };
}
#[cfg(not(feature = "planted-bugs"))]
macro_rules! planted {
    ($bug:ident) => {
        false
    };
}
pub(crate) use planted;

#[cfg(feature = "planted-bugs")]
mod switch {
    use std::cell::Cell;

    macro_rules! bugs {
        ($($(#[doc = $what:literal])+ $bug:ident),+ $(,)?) => {
            /// A bug.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
            pub enum Bug { $($(#[doc = $what])+ $bug),+ }

            impl Bug {
                /// All of them.
                pub const ALL: &[Self] = &[$(Self::$bug),+];

                /// What is wrong.
                pub fn what(self) -> &'static str {
                    match self { $(Self::$bug => concat!($($what),+)),+ }
                }
            }
        };
    }

    bugs! {
        /// What a commit does is not ranked.
        ClassIgnored,
        /// A removal goes before other changes, however many its committer has just made.
        RemovalsRepeat,
        /// The draw between equal turns goes the other way.
        DrawReversed,
        /// Whose turn it is does not count.
        TurnsIgnored,
        /// The longer of two branches wins.
        LongerBranchWins,
        /// The later term does not go first.
        TermsIgnored,
        /// An acceptance counts in whatever term it was made.
        AcceptanceOfAnyTerm,
        /// An acceptance counts, whoever orders by now.
        AcceptanceOfAnybody,
        /// What a Matrix room's state said first stays, though the state has changed.
        FirstOrderKept,
        /// A Matrix room's order counts in terms that others order.
        OrderOfAnyTerm,
        /// Another Matrix room's order counts.
        OrderOfAnyRoom,
        /// A Matrix room's order is not stored.
        OrderLostAtRestart,
        /// What leads to the head is written over what a Matrix room's state says.
        OrderWrittenOver,
        /// The anchor follows the head one epoch too near.
        AnchorTooNear,
        /// The anchor follows the head back.
        AnchorGoesBack,
        /// Two commits of one user in one epoch are as good as one.
        EquivocationIgnored,
        /// Equivocation is looked for among commits that say the same term only.
        EquivocationByCarriedTerm,
        /// Of too many commits in one epoch the first ones are kept.
        FirstChildrenKept,
        /// Commits of one user are kept without a limit.
        CommitsUnlimited,
        /// A statement that could not count when it came is not looked at again.
        StatementsNotWeighedAgain,
        /// Statements beyond a number are refused in the order of their coming.
        FirstStatementsKept,
        /// Terms may be skipped.
        TermsSkipped,
        /// A signer opens as many terms as it likes.
        SignersRepeat,
        /// An override leads nowhere.
        OverrideIgnored,
        /// An override does not take the anchor back.
        OverrideKeepsAnchor,
        /// A conflict is not noticed.
        ConflictMissed,
        /// A conflict is noticed by those only whose branch is final.
        ConflictHalfSeen,
        /// A newcomer does not learn whose turn it is.
        NewcomerWithoutTurns,
        /// A newcomer does not learn of terms from before.
        NewcomerWithoutTerms,
        /// Long final epochs are never forgotten.
        NothingForgotten,
        /// Preparing a commit puts it into the graph.
        AppliedBeforePublished,
        /// What is prepared is not stored.
        PreparedNotStored,
        /// What a sealed message has used up is not kept.
        GenerationNotKept,
        /// A message leaves before its generation is stored.
        SentBeforeStored,
        /// Following a commit deletes its parent's secrets.
        ParentDeletedAtMerge,
        /// Secrets outlive the window.
        SecretsKept,
        /// Rows that go are not named.
        DeletionsForgotten,
        /// Records of epochs are not stored.
        RecordsForgotten,
        /// What was settled and undone is settled again.
        SettledAgain,
        /// Removals are not settled.
        RemovalsNotSettled,
        /// Of two roles the greater stays.
        PromotionWins,
        /// What somebody wanted who is out is settled all the same.
        IntentsOutliveAuthors,
        /// Messages are sealed in the head's parent.
        SealedBehindHead,
        /// The first variant of a commit stays.
        FirstVariantKept,
        /// A commit that comes twice is applied twice.
        DuplicateApplied,
        /// An epoch's state keeps the secrets of the epochs before.
        PastSecretsKept,
        /// A message opens at each own client.
        EachClientOpens,
        /// An epoch that was given up is made anew though its secrets were used.
        UsedEpochsMadeAgain,
        /// A settler takes out no client of its own user.
        SettlerKeepsItsClients,
        /// Which clients are own is not stored.
        OwnClientsNotStored,
        /// A newcomer takes no notice of terms from before the anchor.
        NewcomerBelievesNothing,
        /// A newcomer's tail has no statements.
        TailWithoutStatements,
        /// A newcomer's tail does not have what Matrix rooms say.
        TailWithoutOrders,
        /// A client that cannot follow does not notice.
        StrandedUnnoticed,
        /// Who has come back has no secrets.
        RejoinerWithoutSecrets,
        /// What was restored from a backup is used again.
        IncarnationIgnored,
        /// KeyPackages are used after their private parts came back from a backup.
        KeyPackagesOutliveRestore,
        /// A KeyPackage stays when it has been used.
        KeyPackageKept,
        /// A PRF is not punctured where a commit was followed.
        PprfUnpunctured,
        /// What commits in a hardened group carry is not checked.
        HardeningUnchecked,
    }

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Switches one bug on in this thread, or all off.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    /// Whether a bug is switched on in this thread.
    pub fn is_planted(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted-bugs")]
pub use switch::{Bug, is_planted, plant};
