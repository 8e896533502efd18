//! Where the user is logged in, and ending that.

use std::time::SystemTime;

use axum::{
    Form,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use tenure::{Session, Sessions, UserSession, auth::User, csrf::Checked};

use crate::{
    error::Failure,
    render::{self, Page},
    session_page::in_words,
    user_agent,
};

const PATH: &str = "/devices";

/// What the page shows of a session. The handle is no key: it names the session to its user alone.
#[derive(Debug, Serialize)]
struct Device {
    handle: String,
    browser: String,
    address: Option<String>,
    created: String,
    last_seen: String,
    here: bool,
}

impl Device {
    fn new(session: &UserSession, here: bool, now: SystemTime) -> Self {
        let ago = |time| now.duration_since(time).unwrap_or_default().as_secs();
        let in_words = |time| match i64::try_from(ago(time)).unwrap_or(i64::MAX) {
            // The last request is known to five minutes.
            0..300 => "just now".to_owned(),
            seconds => format!("{} ago", in_words(seconds)),
        };
        Self {
            handle: session.handle.clone(),
            browser: user_agent::in_words(session.user_agent.as_deref()),
            address: session.address.map(|address| address.to_string()),
            created: in_words(session.created_at),
            last_seen: in_words(session.last_seen),
            here,
        }
    }
}

pub(crate) async fn show(
    State(sessions): State<Sessions>,
    page: Page,
) -> Result<Response, Failure> {
    let Some(user) = page.user() else {
        return Ok(render::log_in_first(PATH));
    };
    let now = SystemTime::now();
    let listed = sessions.sessions_of(user.id()).await?;
    let device = |session: &UserSession| Device::new(session, session.is(page.session()), now);
    let devices: Vec<Device> = listed.iter().map(device).collect();
    page.at(PATH)
        .private()
        .render("devices.html", context! { devices => Serde(&devices) })
}

#[derive(Deserialize)]
pub(crate) struct End {
    #[serde(default)]
    handle: String,
}

/// Logs one of the user's devices out. Of another user's it ends none, whatever the form says.
pub(crate) async fn end(
    State(sessions): State<Sessions>,
    session: Session,
    user: Option<User>,
    Checked(Form(form)): Checked<Form<End>>,
) -> Result<Response, Failure> {
    let Some(user) = user else {
        return Ok(render::log_in_first(PATH));
    };
    let message = if sessions.end(user.id(), &form.handle).await? {
        "The device is logged out."
    } else {
        "The device was logged out already."
    };
    render::flash(&session, message)?;
    Ok(Redirect::to(PATH).into_response())
}

pub(crate) async fn end_others(
    State(sessions): State<Sessions>,
    session: Session,
    user: Option<User>,
    _: Checked<Bytes>,
) -> Result<Response, Failure> {
    if user.is_none() {
        return Ok(render::log_in_first(PATH));
    }
    let message = match sessions.end_others(&session).await? {
        0 => "You were logged in nowhere else.".to_owned(),
        1 => "One other device is logged out.".to_owned(),
        ended => format!("{ended} other devices are logged out."),
    };
    render::flash(&session, &message)?;
    Ok(Redirect::to(PATH).into_response())
}
