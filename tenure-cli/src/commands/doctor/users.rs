//! The users, and the hash that ties a session to their password.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use tenure::{
    Sessions, Settings,
    auth::{self, Auth, password::Hasher},
    testing::MemoryStore,
};

use super::report::Report;
use crate::{
    django::{Described, Project},
    output::Failure,
    site::Site,
};

/// The table that tenure reads users from.
const TABLE: &str = "auth_user";

/// A user, as `project.py` tells.
#[derive(Deserialize)]
struct First {
    id: String,
    hash: String,
}

pub(super) async fn compare(
    described: &Described,
    ours: &Settings,
    site: &Site,
    project: &mut Project,
    report: &mut Report,
) -> Result<(), Failure> {
    let Some(user) = described.user.told() else {
        let why = described.user.error().unwrap_or_default();
        report.note(
            "table of users",
            ["none", TABLE],
            format!("Django has no users here: {why}"),
        );
        return Ok(());
    };
    report.equal(
        "table of users",
        [&user.table, TABLE],
        "the two look for users in different tables: nobody who is logged in on one is known on the other",
        format!("give the user model the table {TABLE:?} (`db_table` in its Meta)"),
    );
    hasher(described, ours, site, report);
    if user.table != TABLE || !columns(&user.columns, report) {
        return Ok(());
    }
    let name = "hash of a login";
    let first: Option<First> = match project.try_ask(&json!({"op": "first_user"}))? {
        Ok(first) => first,
        Err(error) => {
            report.problem(
                name,
                ["", ""],
                format!("Django cannot read its users: {error}"),
                "run `python manage.py migrate`",
            );
            return Ok(());
        }
    };
    let Some(first) = first else {
        report.note(
            name,
            ["no user", ""],
            "there is no user yet to compare the hash of",
        );
        return Ok(());
    };
    let django = format!("of user {}", first.id);
    let Ok(id) = first.id.parse() else {
        report.problem(
            name,
            [&django, "not read"],
            "tenure reads users whose id is a whole number, and the project's have others",
            "let Django log people in, or give the project's user model a whole number as its primary key",
        );
        return Ok(());
    };
    match own_hash(ours, id).await {
        Ok(Some(hash)) if hash == first.hash => report.good(name, [&django, "equal"]),
        Ok(Some(_)) => report.problem(
            name,
            [&django, "another"],
            "the two tie sessions to passwords in different ways: who logs in on one side is logged out by the other",
            "make SECRET_KEY the same, and take `get_session_auth_hash` out of the project's user model if it has one",
        ),
        Ok(None) => report.problem(
            name,
            [&django, "no such user"],
            "tenure does not find a user that Django has",
            "make DATABASES name one database on both sides",
        ),
        Err(failure) => report.problem(
            name,
            [&django, "not read"],
            format!("tenure cannot read the users: {}", failure.text()),
            "mend that; the users have to be in tenure's DATABASES.default",
        ),
    }
    Ok(())
}

/// Whether the fields of Django's user model are in the columns that tenure reads.
fn columns(theirs: &BTreeMap<String, Option<String>>, report: &mut Report) -> bool {
    let other = theirs
        .iter()
        .filter(|(field, column)| column.as_ref() != Some(field));
    let (fields, shown): (Vec<&str>, Vec<String>) = other
        .map(|(field, column)| {
            let column = column.as_deref().unwrap_or("missing");
            (field.as_str(), format!("{field} is {column}"))
        })
        .unzip();
    if fields.is_empty() {
        return true;
    }
    let fields = fields.join(", ");
    report.problem(
        "columns of users",
        [&shown.join(", "), &fields],
        "tenure looks for the columns of Django's own user model, and the project's model has others",
        format!("give these fields of the project's user model columns of their own names (`db_column`): {fields}"),
    );
    false
}

/// How passwords are hashed. Django replaces a hash that is not as it makes them at the next login, and with it the hash of the login.
fn hasher(described: &Described, ours: &Settings, site: &Site, report: &mut Report) {
    let name = "password hasher";
    // As a class of Django's or with its costs: the latter is what both are compared by.
    let own = match ours.password_hasher.as_deref() {
        None => Hasher::default().to_string(),
        Some(text) => text
            .parse()
            .map_or_else(|_| text.to_owned(), |hasher: Hasher| hasher.to_string()),
    };
    match described.hasher.told() {
        Some(theirs) if theirs.parse::<Hasher>().is_ok() => report.equal(
            name,
            [theirs, &own],
            "a password that is set on one side is hashed anew at the next login on the other, which ends the user's other sessions",
            format!("set {} to {theirs:?}", site.place("TENURE_PASSWORD_HASHER")),
        ),
        Some(theirs) => report.problem(
            name,
            [theirs, &own],
            "tenure knows no such hashes: whoever has one cannot log in there",
            format!("put one of Django's own first in PASSWORD_HASHERS in Django's settings {}", described.module),
        ),
        None => report.note(name, ["", &own], described.hasher.error().unwrap_or_default()),
    }
}

/// The hash of this user in a session of tenure's, which is kept nowhere.
async fn own_hash(settings: &Settings, id: i64) -> Result<Option<String>, Failure> {
    let auth = Auth::open(settings).await?;
    let user = auth.user_by_id(id).await?;
    let Some(user) = user else {
        return Ok(None);
    };
    let session = Sessions::new(MemoryStore::default(), settings)?
        .new_session()
        .load()
        .await?;
    session.insert("_auth_user_id", id.to_string())?;
    auth::update_session_auth_hash(&session, &user).await?;
    Ok(session.get("_auth_user_hash")?)
}
