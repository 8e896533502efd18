//! The users, and the hash that ties a session to their password.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use tenure::{
    Sessions, Settings,
    auth::{self, Auth, UserId, password::Hasher},
    settings::UserColumns,
    testing::MemoryStore,
};

use super::report::Report;
use crate::{
    django::{Described, Project},
    output::Failure,
    site::Site,
};

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
            ["none", &ours.user_table],
            format!("Django has no users here: {why}"),
        );
        return Ok(());
    };
    report.equal(
        "table of users",
        [&user.table, &ours.user_table],
        "the two look for users in different tables: nobody who is logged in on one is known on the other",
        format!("set {} to {:?}", site.place("TENURE_USER_TABLE"), user.table),
    );
    columns(&user.columns, &ours.user_columns, site, report);
    hasher(described, ours, site, report);
    if user.table != ours.user_table {
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
    match own_hash(ours, &first.id).await {
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

/// Whether tenure reads the columns in which Django's user model has its fields.
fn columns(
    theirs: &BTreeMap<String, Option<String>>,
    ours: &UserColumns,
    site: &Site,
    report: &mut Report,
) {
    let ours = [
        ("id", &ours.id),
        ("username", &ours.username),
        ("password", &ours.password),
        ("is_active", &ours.is_active),
        ("is_staff", &ours.is_staff),
        ("is_superuser", &ours.is_superuser),
        ("last_login", &ours.last_login),
    ];
    for (field, tenure) in ours {
        let django = theirs.get(field).cloned().flatten().unwrap_or_default();
        if django != *tenure {
            report.problem(
                &format!("column {field} of users"),
                [&django, tenure],
                "the two look for this field of users in different columns",
                format!(
                    "set {} to {django:?}",
                    site.place(&format!("TENURE_USER_COLUMNS.{field}"))
                ),
            );
        }
    }
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
async fn own_hash(settings: &Settings, id: &str) -> Result<Option<String>, Failure> {
    let auth = Auth::open(settings).await?;
    let Ok(user_id) = id.parse::<UserId>();
    let user = auth.user_by_id(user_id).await?;
    let Some(user) = user else {
        return Ok(None);
    };
    let session = Sessions::new(MemoryStore::default(), settings)?
        .new_session()
        .load()
        .await?;
    session.insert("_auth_user_id", id)?;
    auth::update_session_auth_hash(&session, &user).await?;
    Ok(session.get("_auth_user_hash")?)
}
