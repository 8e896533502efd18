//! Another password: it ends the user's sessions everywhere else.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::context;
use serde::Deserialize;
use tenure::{
    auth::{self, AuthError},
    csrf::Checked,
};

use crate::{
    app::Shop,
    error::Failure,
    render::{self, Page},
};

const PATH: &str = "/password";

#[derive(Deserialize)]
pub(crate) struct Change {
    #[serde(default)]
    current: String,
    #[serde(default)]
    new: String,
    #[serde(default)]
    again: String,
}

pub(crate) async fn show(page: Page) -> Result<Response, Failure> {
    if page.user().is_none() {
        return Ok(render::log_in_first(PATH));
    }
    form(page, None)
}

fn form(page: Page, problem: Option<&str>) -> Result<Response, Failure> {
    page.at(PATH)
        .private()
        .render("password.html", context! { problem })
}

pub(crate) async fn change(
    State(shop): State<Shop>,
    page: Page,
    Checked(Form(change)): Checked<Form<Change>>,
) -> Result<Response, Failure> {
    let Some(user) = page.user() else {
        return Ok(render::log_in_first(PATH));
    };
    if change.new != change.again {
        return form(page, Some("The two new passwords differ."));
    }
    // Whoever finds an open browser must not be able to take the account over.
    let username = user.username();
    let Some(mut user) = shop.auth.authenticate(username, &change.current).await? else {
        return form(page, Some("This is not your password until now."));
    };
    match user.set_password(&change.new).await {
        Ok(()) => {}
        Err(AuthError::PasswordInvalid) => {
            return form(page, Some("The new password is empty or too long."));
        }
        Err(error) => return Err(error.into()),
    }
    let session = page.session();
    auth::update_session_auth_hash(session, &user).await?;
    // They would end at their next request in any case; so they are gone from the list at once.
    shop.sessions.end_others(session).await?;
    render::flash(
        session,
        "Your password is changed. Everywhere else you are logged out.",
    )?;
    Ok(Redirect::to("/devices").into_response())
}
