//! What became of a group whose commits nobody orders: its epochs as a graph, from the table of epochs alone.

mod dot;
mod drawing;
mod svg;
mod tree;

use std::collections::BTreeMap;

use causeway_store::operator::EpochLine;
use serde::Serialize;

pub(crate) use dot::dot;
pub(crate) use svg::svg;
pub(crate) use tree::tree;

use crate::time::rfc3339;

/// Where an epoch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// New messages use it.
    Head,
    /// An ancestor of the head.
    OnTheWay,
    /// On a branch that has lost a fork.
    Lost,
    /// From another beginning of this gateway's knowledge, which no stored commit links to the head.
    Apart,
}

impl Place {
    /// For people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::OnTheWay => "on the head's way",
            Self::Lost => "lost",
            Self::Apart => "apart",
        }
    }
}

/// An epoch.
#[derive(Serialize)]
pub(crate) struct Epoch {
    pub(crate) number: i64,
    pub(crate) epoch_id: String,
    pub(crate) parent: Option<String>,
    pub(crate) committer: Option<String>,
    pub(crate) place: Place,
    pub(crate) created_at: String,
    #[serde(skip)]
    children: Vec<usize>,
    /// How many epochs the longest branch below it has.
    #[serde(skip)]
    height: usize,
}

/// Epochs, parents first.
pub(crate) struct History {
    pub(crate) epochs: Vec<Epoch>,
    roots: Vec<usize>,
}

impl History {
    /// From the table of epochs, in the order of their numbers. `head` is the conversation's.
    pub(crate) fn new(lines: &[EpochLine], head: &[u8]) -> Self {
        let parents = parents(lines);
        let mut epochs: Vec<Epoch> = lines.iter().map(epoch).collect();
        for (index, parent) in parents.iter().enumerate().rev() {
            let Some(parent) = *parent else { continue };
            // From the last on, so that the children come in reverse.
            epochs[parent].children.insert(0, index);
            epochs[parent].height = epochs[parent].height.max(epochs[index].height + 1);
        }
        let head = lines.iter().position(|line| line.epoch_id == head);
        place(&mut epochs, &parents, head);
        let mut roots: Vec<usize> = (0..epochs.len()).filter(|index| parents[*index].is_none()).collect();
        roots.sort_by_key(|root| epochs[*root].place != Place::Apart);
        Self { epochs, roots }
    }

    /// The epochs in which more than one commit was made.
    pub(crate) fn forks(&self) -> impl Iterator<Item = &Epoch> {
        self.epochs.iter().filter(|epoch| epoch.children.len() > 1)
    }

    /// The children of an epoch, oldest first.
    pub(crate) fn children<'a>(&'a self, epoch: &'a Epoch) -> impl Iterator<Item = &'a Epoch> {
        epoch.children.iter().map(|child| &self.epochs[*child])
    }

    /// Where each epoch stands, by name.
    pub(crate) fn places(&self) -> BTreeMap<&str, Place> {
        self.epochs.iter().map(|epoch| (epoch.epoch_id.as_str(), epoch.place)).collect()
    }

    /// In one line.
    pub(crate) fn summary(&self) -> String {
        let count = |place: Place| self.epochs.iter().filter(|epoch| epoch.place == place).count();
        let mut parts = vec![counted(self.forks().count(), "fork")];
        for (place, words) in [(Place::Lost, "lost"), (Place::Apart, "apart from the head")] {
            parts.extend(Some(count(place)).filter(|count| *count > 0).map(|count| format!("{} {words}", counted(count, "epoch"))));
        }
        parts.join(", ")
    }

    /// The child that is drawn straight on: the head's way, else the longest branch.
    fn straight(&self, epoch: usize) -> Option<usize> {
        let children = self.epochs[epoch].children.iter().rev();
        children.max_by_key(|child| (self.epochs[**child].place != Place::Lost, self.epochs[**child].height)).copied()
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

fn epoch(line: &EpochLine) -> Epoch {
    Epoch {
        number: line.number,
        epoch_id: hex::encode(&line.epoch_id),
        parent: line.parent_epoch_id.as_ref().map(hex::encode),
        committer: line.committer.clone(),
        place: Place::Apart,
        created_at: rfc3339(line.created_at),
        children: Vec::new(),
        height: 0,
    }
}

/// A parent comes before its children: whatever a table says, there are no circles.
fn parents(lines: &[EpochLine]) -> Vec<Option<usize>> {
    let known: BTreeMap<&[u8], usize> = lines.iter().enumerate().map(|(index, line)| (line.epoch_id.as_slice(), index)).collect();
    let parent = |(index, line): (usize, &EpochLine)| {
        let parent = known.get(line.parent_epoch_id.as_deref()?).copied()?;
        (parent < index).then_some(parent)
    };
    lines.iter().enumerate().map(parent).collect()
}

fn place(epochs: &mut [Epoch], parents: &[Option<usize>], head: Option<usize>) {
    let Some(head) = head else { return };
    let mut root = head;
    epochs[head].place = Place::Head;
    while let Some(parent) = parents[root] {
        root = parent;
        epochs[root].place = Place::OnTheWay;
    }
    for index in 0..epochs.len() {
        let below = parents[index].is_some_and(|parent| epochs[parent].place != Place::Apart);
        if below && epochs[index].place == Place::Apart {
            epochs[index].place = Place::Lost;
        }
    }
}
