//! What one request altered, so that it can be done again on what somebody else has stored meanwhile.

use std::sync::Arc;

use crate::{data::Data, error::ValueError, json::Json};

/// Computes a key's new value from its present one.
pub(crate) type Updater = Arc<dyn Fn(Option<&str>) -> Result<Json, ValueError> + Send + Sync>;

#[derive(Clone)]
enum Change {
    Set { key: Box<str>, value: Json },
    Remove { key: Box<str> },
    Update { key: Box<str>, updater: Updater },
    Clear,
}

impl Change {
    fn key(&self) -> Option<&str> {
        match self {
            Self::Set { key, .. } | Self::Remove { key } | Self::Update { key, .. } => Some(key),
            Self::Clear => None,
        }
    }
}

/// The changes of one request, in order.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    list: Vec<Change>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Notes `key = value`. The place of an earlier assignment stays, as it does in Python's dict.
    pub(crate) fn set(&mut self, key: &str, value: Json) {
        // What stands before a `Clear` (changes given back by a failed save do) is not an earlier assignment: it would be cleared again.
        let last = self
            .list
            .iter_mut()
            .rev()
            .take_while(|change| !matches!(change, Change::Clear))
            .find(|change| change.key() == Some(key));
        match last {
            Some(change @ (Change::Set { .. } | Change::Update { .. })) => {
                *change = Change::Set {
                    key: key.into(),
                    value,
                };
            }
            _ => self.list.push(Change::Set {
                key: key.into(),
                value,
            }),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.list.retain(|change| change.key() != Some(key));
        self.list.push(Change::Remove { key: key.into() });
    }

    /// Notes a computation. Unlike assignments these are kept one by one: each is a step of its own on the newest value.
    pub(crate) fn update(&mut self, key: &str, updater: Updater) {
        self.list.push(Change::Update {
            key: key.into(),
            updater,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.list.push(Change::Clear);
    }

    /// Adds changes that were made later.
    pub(crate) fn append(&mut self, mut later: Changes) {
        if self.list.is_empty() {
            *self = later;
            return;
        }
        self.list.append(&mut later.list);
    }

    /// Does everything again on `data`.
    ///
    /// # Errors
    ///
    /// When an `update` closure cannot read the value that it finds; gives the key too.
    pub(crate) fn apply(&self, data: &mut Data) -> Result<(), (String, ValueError)> {
        for change in &self.list {
            match change {
                Change::Set { key, value } => {
                    data.insert(key, value.clone());
                }
                Change::Remove { key } => {
                    data.remove(key);
                }
                Change::Update { key, updater } => {
                    let value =
                        updater(data.get_json(key)).map_err(|error| (key.to_string(), error))?;
                    data.insert(key, value);
                }
                Change::Clear => data.clear(),
            }
        }
        Ok(())
    }
}

// Values are the visitors' own, so only the number of changes is shown.
impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changes")
            .field("len", &self.list.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(json: &str) -> Data {
        Data::from_json(json.as_bytes()).unwrap()
    }

    fn set(changes: &mut Changes, key: &str, value: u32) {
        changes.set(key, Json::of(&value).unwrap());
    }

    fn increment() -> Updater {
        Arc::new(|old| Json::of(&(old.map_or(0, |old| old.parse::<u32>().unwrap()) + 1)))
    }

    #[test]
    fn changes_of_two_requests_to_different_keys_both_stand() {
        let mut changes = Changes::default();
        set(&mut changes, "mine", 1);
        changes.remove("old");
        let mut stored = data(r#"{"old":0,"theirs":2}"#);
        changes.apply(&mut stored).unwrap();
        assert_eq!(stored.to_json(), r#"{"theirs":2,"mine":1}"#);
    }

    #[test]
    fn an_assignment_keeps_its_place_and_a_removal_gives_it_up() {
        let mut changes = Changes::default();
        set(&mut changes, "a", 1);
        set(&mut changes, "b", 2);
        set(&mut changes, "a", 3);
        let mut empty = Data::new();
        changes.apply(&mut empty).unwrap();
        assert_eq!(empty.to_json(), r#"{"a":3,"b":2}"#);

        changes.remove("a");
        set(&mut changes, "a", 4);
        let mut stored = data(r#"{"a":0}"#);
        changes.apply(&mut stored).unwrap();
        assert_eq!(stored.to_json(), r#"{"b":2,"a":4}"#);
    }

    #[test]
    fn every_update_counts_on_the_newest_value() {
        let mut changes = Changes::default();
        changes.update("n", increment());
        changes.update("n", increment());
        let mut stored = data(r#"{"n":40}"#);
        changes.apply(&mut stored).unwrap();
        assert_eq!(stored.to_json(), r#"{"n":42}"#);
    }

    #[test]
    fn an_assignment_after_an_update_replaces_it() {
        let mut changes = Changes::default();
        changes.update("n", increment());
        set(&mut changes, "n", 7);
        let mut stored = data(r#"{"n":40}"#);
        changes.apply(&mut stored).unwrap();
        assert_eq!(stored.to_json(), r#"{"n":7}"#);
    }

    #[test]
    fn an_assignment_after_a_clear_stays_behind_it() {
        let (mut given_back, mut changes) = (Changes::default(), Changes::default());
        set(&mut given_back, "a", 1);
        changes.clear();
        given_back.append(changes);
        let mut changes = given_back;
        set(&mut changes, "a", 2);
        let mut stored = data(r#"{"theirs":1}"#);
        changes.apply(&mut stored).unwrap();
        assert_eq!(stored.to_json(), r#"{"a":2}"#);
    }

    #[test]
    fn clear_takes_away_what_others_stored_too() {
        let mut changes = Changes::default();
        set(&mut changes, "a", 1);
        changes.clear();
        set(&mut changes, "b", 2);
        let mut stored = data(r#"{"theirs":1}"#);
        changes.apply(&mut stored).unwrap();
        assert_eq!(stored.to_json(), r#"{"b":2}"#);
    }
}
