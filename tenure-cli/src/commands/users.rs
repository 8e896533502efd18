//! The sessions of one user: who that is, and how their sessions are listed.

use std::time::SystemTime;

use tenure::{
    Sessions, UserSession,
    auth::{Auth, User, UserId},
};

use crate::{
    json,
    output::{Failure, Out, note},
    site::{Site, with_hint},
    time,
};

/// The user with this name, or else with this id, and the sessions that are listed by users.
pub(super) async fn find(name_or_id: &str, site: &Site) -> Result<(User, Sessions), Failure> {
    let (sessions, settings) = site.open().await?;
    if !settings.user_sessions {
        let failure = Failure::usage(
            "TENURE_USER_SESSIONS is off: the sessions of users are not listed, and so cannot be found by their users",
        );
        return Err(failure.hint(format!(
            "set {} to true, for the service too; `tenure init` then makes what is missing",
            site.place("TENURE_USER_SESSIONS")
        )));
    }
    let auth = Auth::open(&settings)
        .await
        .map_err(|error| with_hint(error.into(), &settings))?;
    let user = match auth.user_by_name(name_or_id).await? {
        Some(user) => Some(user),
        None => {
            let id: UserId = name_or_id.parse().map_err(Failure::refused)?;
            auth.user_by_id(id).await?
        }
    };
    let user = user.ok_or_else(|| {
        Failure::refused(format!(
            "there is no user with the name or id {name_or_id:?}"
        ))
    })?;
    Ok((user, sessions))
}

/// `tenure list --user`.
pub(super) async fn list(
    name_or_id: &str,
    as_json: bool,
    site: &Site,
    out: Out<'_>,
) -> Result<(), Failure> {
    let (user, sessions) = find(name_or_id, site).await?;
    let listed = sessions.sessions_of(user.id()).await?;
    if as_json {
        return write_json(&listed, out);
    }
    if listed.is_empty() {
        note(&format!("{} has no sessions", user.username()));
        return Ok(());
    }
    let now = SystemTime::now();
    writeln!(
        out,
        "{:<25}  {:<38}  {:<15}  {:<15}  USER AGENT",
        "HANDLE", "CREATED", "LAST SEEN", "ADDRESS"
    )?;
    for session in listed {
        writeln!(
            out,
            "{:<25}  {:<38}  {:<15}  {:<15}  {}",
            session.handle,
            time::for_people(session.created_at, now),
            time::relative(session.last_seen, now),
            session
                .address
                .map_or_else(|| "-".into(), |address| address.to_string()),
            // Printable ASCII: the library keeps nothing else.
            session.user_agent.as_deref().unwrap_or("-"),
        )?;
    }
    Ok(())
}

fn write_json(listed: &[UserSession], out: Out<'_>) -> Result<(), Failure> {
    let text = |text: Option<String>| text.map_or_else(|| "null".into(), |text| json::text(&text));
    for (index, session) in listed.iter().enumerate() {
        out.write_all(if index == 0 { b"[\n" } else { b",\n" })?;
        write!(
            out,
            r#"{{"handle": {}, "created_at": {}, "last_seen": {}, "address": {}, "user_agent": {}}}"#,
            json::text(&session.handle),
            json::text(&time::iso(session.created_at)),
            json::text(&time::iso(session.last_seen)),
            text(session.address.map(|address| address.to_string())),
            text(session.user_agent.clone()),
        )?;
    }
    Ok(writeln!(
        out,
        "{}",
        if listed.is_empty() { "[]" } else { "\n]" }
    )?)
}
