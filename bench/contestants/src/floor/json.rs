//! No more of the JSON than a route needs.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::Error;

/// All that `/read` decodes and `/new` writes.
#[derive(Deserialize, Serialize)]
struct User {
    user_id: u64,
}

/// A key without a copy, unless it is written with escapes.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

pub(super) fn user_id(json: &str) -> Result<u64, Error> {
    Ok(serde_json::from_str::<User>(json)?.user_id)
}

pub(super) fn of_user(user_id: u64) -> Result<String, Error> {
    Ok(serde_json::to_string(&User { user_id })?)
}

/// One visit more: how many there are now, and the session with it. All other values stay as they are, undecoded.
pub(super) fn count_visit(json: &str) -> Result<(u64, String), Error> {
    let mut values: BTreeMap<Name<'_>, &RawValue> = serde_json::from_str(json)?;
    let visits = values
        .get_mut(&Name("visits".into()))
        .ok_or("the session counts no visits")?;
    let more = serde_json::from_str::<u64>(visits.get())? + 1;
    let new = to_raw_value(&more)?;
    *visits = &new;
    Ok((more, serde_json::to_string(&values)?))
}
