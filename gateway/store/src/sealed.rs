//! Which columns are sealed, and how their rows are named: one list for sealing anew and for counting.

use crate::keyring::Place;

/// What names a row of any of these tables: a number, a text, bytes; unused ones are empty.
pub(crate) type RowName = (i64, String, Vec<u8>);

/// A sealed column.
pub(crate) struct SealedColumn {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    /// The three parts of a row's name, as SQL.
    name: &'static str,
    /// The condition for one row; `$3` to `$5` are the parts of its name.
    is: &'static str,
    /// The condition for the rows behind that one, and their order.
    behind: (&'static str, &'static str),
    /// Which rows have a sealed value at all.
    filter: &'static str,
    /// What the value is bound to.
    place: fn(&RowName) -> Vec<u8>,
    /// What it was bound to in the first format.
    first_place: fn(&RowName) -> Vec<u8>,
}

const NUMBERED: (&str, &str) = ("id > $3 AND $4 = $4 AND $5 = $5", "id");

/// All of them.
pub(crate) const SEALED: &[SealedColumn] = &[
    SealedColumn {
        table: "secrets",
        column: "value",
        name: "CAST(0 AS BIGINT), name, {empty}",
        is: "$3 = 0 AND name = $4 AND $5 = $5",
        behind: ("$3 = $3 AND name > $4 AND $5 = $5", "name"),
        filter: "1 = 1",
        place: by_text,
        first_place: by_text,
    },
    SealedColumn {
        table: "conversations",
        column: "bookkeeping",
        name: "id, '', {empty}",
        is: "id = $3 AND $4 = '' AND $5 = $5",
        behind: NUMBERED,
        filter: "1 = 1",
        place: by_number,
        first_place: by_number,
    },
    SealedColumn {
        table: "graphs",
        column: "core",
        name: "conversation_id, '', {empty}",
        is: "conversation_id = $3 AND $4 = '' AND $5 = $5",
        behind: ("conversation_id > $3 AND $4 = $4 AND $5 = $5", "conversation_id"),
        filter: "1 = 1",
        place: by_number,
        first_place: by_number,
    },
    SealedColumn {
        table: "clients",
        column: "identity",
        name: "CAST(0 AS BIGINT), client_uri, {empty}",
        is: "$3 = 0 AND client_uri = $4 AND $5 = $5",
        behind: ("$3 = $3 AND client_uri > $4 AND $5 = $5", "client_uri"),
        filter: "1 = 1",
        place: by_text,
        first_place: by_text,
    },
    SealedColumn {
        table: "key_packages",
        column: "private",
        name: "CAST(0 AS BIGINT), '', reference",
        is: "$3 = 0 AND $4 = '' AND reference = $5",
        behind: ("$3 = $3 AND $4 = $4 AND reference > $5", "reference"),
        filter: "1 = 1",
        place: |(_, _, reference)| reference.clone(),
        first_place: |(_, _, reference)| reference.clone(),
    },
    SealedColumn {
        table: "outbox",
        column: "body",
        name: "id, COALESCE(conversation_id, 0) || ' ' || kind || ' ' || lane, {empty}",
        is: "id = $3 AND $4 = $4 AND $5 = $5",
        behind: NUMBERED,
        filter: "1 = 1",
        place: by_number_and_text,
        first_place: |(_, rest, _)| rest.splitn(3, ' ').nth(2).unwrap_or_default().as_bytes().to_vec(),
    },
    SealedColumn {
        table: "parked",
        column: "body",
        name: "id, kind || ' ' || source || ' ' || subject, {empty}",
        is: "id = $3 AND $4 = $4 AND $5 = $5",
        behind: NUMBERED,
        filter: "1 = 1",
        place: by_number_and_text,
        first_place: by_number_and_text,
    },
];

fn by_number((number, _, _): &RowName) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn by_number_and_text((number, text, _): &RowName) -> Vec<u8> {
    [&number.to_be_bytes(), text.as_bytes()].concat()
}

fn by_text((_, text, _): &RowName) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// What an openmls row was bound to while it was under the master key, before there were keys of epochs.
pub(crate) fn early_group_value(conversation_id: i64, client_uri: &str, key: &[u8]) -> Vec<u8> {
    [&conversation_id.to_be_bytes(), client_uri.as_bytes(), b"\0", key].concat()
}

/// What an openmls row is bound to.
pub(crate) fn group_value((conversation_id, epoch_id): (i64, &[u8]), client_uri: &str, key: &[u8]) -> Vec<u8> {
    let epoch_length = u32::try_from(epoch_id.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&conversation_id.to_be_bytes()[..], &epoch_length, epoch_id, client_uri.as_bytes(), b"\0", key].concat()
}

/// What an outbox row is bound to: everything about it that does not change while it waits. Its place in the lane is
/// its number, so whoever can write to the database, but has no key, can neither exchange nor double items.
pub(crate) fn outbox_item(id: i64, conversation_id: Option<i64>, kind: &str, lane: &str) -> Vec<u8> {
    [&id.to_be_bytes(), format!("{} {kind} {lane}", conversation_id.unwrap_or(0)).as_bytes()].concat()
}

/// What a parked body is bound to.
pub(crate) fn parked_body(id: i64, kind: &str, source: &str, subject: &str) -> Vec<u8> {
    [&id.to_be_bytes(), format!("{kind} {source} {subject}").as_bytes()].concat()
}

impl SealedColumn {
    /// Runs `with` on the value's place, and on what the row was called in the first format.
    pub(crate) fn at<T>(&self, row: &RowName, with: impl FnOnce(Place<'_>, &[u8]) -> T) -> T {
        let bound = (self.place)(row);
        with(Place { table: self.table, row: &bound, column: self.column }, &(self.first_place)(row))
    }

    /// Rows behind `$3` to `$5` whose value does not begin with `$1`, at most `$2`. On PostgreSQL, rows that others work
    /// on are left out: whoever writes one seals it anew anyway.
    pub(crate) fn select(&self, postgres: bool) -> String {
        let Self { table, column, filter, behind: (behind, order), .. } = self;
        let (empty, lock) = if postgres { ("''::BYTEA", "FOR UPDATE SKIP LOCKED") } else { ("x''", "") };
        let name = self.name.replace("{empty}", empty);
        format!(
            "-- values to seal anew\n\
             SELECT {name}, {column} FROM {table} WHERE {filter} AND length({column}) > 0 AND substr({column}, 1, 8) <> $1 \
             AND {behind} ORDER BY {order} LIMIT $2 {lock}"
        )
    }

    /// Puts `$1` where `$2` is, in the row `$3` to `$5`.
    pub(crate) fn update(&self) -> String {
        let Self { table, column, is, .. } = self;
        format!("-- seal anew\nUPDATE {table} SET {column} = $1 WHERE {is} AND {column} = $2")
    }

    /// How many values begin with the magic `$1`, by the key id after it; the others are of the first format.
    pub(crate) fn count(&self) -> String {
        let Self { table, column, filter, .. } = self;
        format!(
            "-- values by key\n\
             SELECT CASE WHEN substr({column}, 1, 4) = $1 THEN substr({column}, 5, 4) ELSE $1 END AS key_id, COUNT(*) \
             FROM {table} WHERE {filter} AND length({column}) > 0 GROUP BY 1 ORDER BY 1"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::SEALED;

    /// The comments in the migrations and this list say the same.
    #[test]
    fn every_sealed_column_is_in_the_list() {
        let mut table = "";
        let mut found = Vec::new();
        for line in crate::migrate::texts().flat_map(str::lines) {
            if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                table = rest.split(' ').next().unwrap_or_default();
            }
            if let Some(gone) = line.strip_prefix("DROP TABLE ") {
                found.retain(|(table, _)| *table != gone.trim_end_matches(';'));
            }
            if let Some((column, comment)) = line.split_once("--")
                && comment.trim_start().starts_with("sealed")
            {
                found.push((table, column.split_whitespace().next().unwrap_or_default()));
            }
        }
        found.sort_unstable();
        let mut listed: Vec<_> = SEALED.iter().map(|sealed| (sealed.table, sealed.column)).collect();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }
}
