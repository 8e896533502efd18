//! Logging in and out, on Django's users.

use axum::{
    Form,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use minijinja::context;
use serde::Deserialize;
use tenure::{
    Session,
    auth::{self, AuthError},
    csrf::Checked,
};

use crate::{
    app::Shop,
    error::Failure,
    render::{self, Page},
};

#[derive(Debug, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct Login {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
    /// The box "remember me": there if it is ticked.
    remember: Option<String>,
}

/// `path` if it leads to a page of this site, otherwise the front page. A link to the login must not be able to send people elsewhere.
///
/// `//host` and `/\host` are other sites to a browser, which also skips tabs and line breaks, so only printable ASCII is let through.
pub(crate) fn same_site(path: &str) -> &str {
    let elsewhere = path.starts_with("//") || path.starts_with("/\\");
    if path.starts_with('/') && !elsewhere && path.chars().all(|c| c.is_ascii_graphic()) {
        path
    } else {
        "/"
    }
}

pub(crate) async fn show(page: Page, Query(query): Query<Next>) -> Result<Response, Failure> {
    let next = same_site(&query.next);
    if page.user().is_some() {
        return Ok(Redirect::to(next).into_response());
    }
    page.at("/login").private().render(
        "login.html",
        context! { next, username => "", failed => false },
    )
}

pub(crate) async fn log_in(
    State(shop): State<Shop>,
    page: Page,
    Form(form): Form<Login>,
) -> Result<Response, Failure> {
    let next = same_site(&form.next);
    if let Some(user) = shop
        .auth
        .authenticate(&auth::normalize_username(&form.username), &form.password)
        .await?
    {
        let session = page.session();
        auth::login(session, &user).await?;
        if form.remember.is_some() {
            shop.remember.begin(session, &user).await?;
        }
        render::flash(session, &format!("Welcome, {}.", user.username()))?;
        return Ok(Redirect::to(next).into_response());
    }
    // 200, as Django answers: the form is there again, with what was typed except the password.
    page.at("/login").private().render(
        "login.html",
        context! { next, username => form.username, failed => true },
    )
}

pub(crate) async fn log_out(session: Session, _: Checked<Bytes>) -> Result<Redirect, AuthError> {
    auth::logout(&session).await?;
    Ok(Redirect::to("/"))
}

#[cfg(test)]
mod tests {
    use super::same_site;

    #[test]
    fn paths_of_this_site_stay() {
        for path in ["/", "/cart", "/session?a=//b", "/#oolong"] {
            assert_eq!(same_site(path), path);
        }
    }

    #[test]
    fn ways_to_other_sites_lead_to_the_front_page() {
        for path in [
            "",
            "cart",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            "/cart\r\nSet-Cookie: a=b",
            " /cart",
            "/caf\u{e9}",
        ] {
            assert_eq!(same_site(path), "/", "{path:?}");
        }
    }
}
