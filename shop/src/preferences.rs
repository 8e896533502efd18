//! Theme and expiry, kept in the session.

use axum::{
    Form,
    response::{Redirect, Response},
};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use tenure::Session;

use crate::{
    error::Failure,
    expiry::Kind,
    render::{self, Page},
};

const THEME: &str = "theme";

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Theme {
    /// What the visitor's system prefers.
    Auto,
    Light,
    Dark,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Preferences {
    theme: Theme,
    expiry: Kind,
}

pub(crate) async fn show(page: Page) -> Result<Response, Failure> {
    let expiry = Kind::of(page.session());
    page.at("/preferences")
        .private()
        .render("preferences.html", context! { expiry => Serde(expiry) })
}

pub(crate) async fn save(
    session: Session,
    Form(preferences): Form<Preferences>,
) -> Result<Redirect, Failure> {
    match preferences.theme {
        // The default is not written down: a stranger who keeps it needs no session.
        Theme::Auto => {
            session.remove_key(THEME)?;
        }
        theme => session.insert(THEME, theme)?,
    }
    preferences.expiry.choose(&session)?;
    if !session.is_empty() {
        render::flash(&session, "Your preferences are saved.")?;
    }
    Ok(Redirect::to("/preferences"))
}
