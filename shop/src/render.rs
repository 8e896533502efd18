//! Pages: what every one of them shows, and how it is sent.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header::CACHE_CONTROL, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use minijinja::{Environment, UndefinedBehavior, Value, context, syntax::SyntaxConfig};
use tenure::{
    Session, SessionError,
    auth::{AuthError, User},
};

use crate::{app::Shop, cart, error::Failure};

/// A message for the next page, in the session until it is shown.
pub(crate) const FLASH: &str = "flash";

pub(crate) type Templates = Arc<Environment<'static>>;

pub(crate) fn templates() -> Result<Templates, minijinja::Error> {
    let mut templates = Environment::new();
    // A misspelt name is an error; `{% if request.session.theme %}` stays possible.
    templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    templates.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    templates.add_filter("money", money);
    for (name, source) in [
        ("art.html", include_str!("../templates/art.html")),
        ("base.html", include_str!("../templates/base.html")),
        ("cart.html", include_str!("../templates/cart.html")),
        (
            "catalogue.html",
            include_str!("../templates/catalogue.html"),
        ),
        ("devices.html", include_str!("../templates/devices.html")),
        ("login.html", include_str!("../templates/login.html")),
        ("message.html", include_str!("../templates/message.html")),
        ("password.html", include_str!("../templates/password.html")),
        (
            "preferences.html",
            include_str!("../templates/preferences.html"),
        ),
        ("session.html", include_str!("../templates/session.html")),
    ] {
        templates.add_template(name, source)?;
    }
    Ok(Arc::new(templates))
}

fn money(cents: u64) -> String {
    format!("€{}.{:02}", cents / 100, cents % 100)
}

/// Leaves a message for the next page.
pub(crate) fn flash(session: &Session, message: &str) -> Result<(), SessionError> {
    session.insert(FLASH, message)
}

/// Sends a stranger to the login, which leads back to `path`.
pub(crate) fn log_in_first(path: &str) -> Response {
    Redirect::to(&format!("/login?next={path}")).into_response()
}

/// A page to be: the visitor's session, who they are, and the templates. An extractor.
pub(crate) struct Page {
    session: Session,
    user: Option<User>,
    templates: Templates,
    path: &'static str,
    private: bool,
    status: StatusCode,
}

impl FromRequestParts<Shop> for Page {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Self, Self::Rejection> {
        let session = Session::from_request_parts(parts, shop).await?;
        Ok(Self {
            user: shop.auth.user(&session).await?,
            session,
            templates: Arc::clone(&shop.templates),
            path: "",
            private: false,
            status: StatusCode::OK,
        })
    }
}

impl Page {
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// Says which page this is, for the navigation.
    pub(crate) fn at(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    /// Keeps the page out of every cache.
    pub(crate) fn private(self) -> Self {
        Self {
            private: true,
            ..self
        }
    }

    pub(crate) fn render(self, template: &str, content: Value) -> Result<Response, Failure> {
        // A session shows on every page: as a name, a count or a theme. None of that may come back from a cache after a logout.
        let private = self.private || !self.session.is_empty();
        let flash: Option<String> = self.session.remove(FLASH)?;
        let around = context! {
            username => self.user.as_ref().map(User::username),
            cart_count => cart::count(&self.session)?,
            path => self.path,
            flash,
            ..tenure::template::context(&self.session)
        };
        let html = self
            .templates
            .get_template(template)?
            .render(context! { page => content, ..around })?;
        let mut response = (self.status, Html(html)).into_response();
        if private {
            response
                .headers_mut()
                .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        Ok(response)
    }

    pub(crate) fn not_found(self, message: &str) -> Result<Response, Failure> {
        self.message(StatusCode::NOT_FOUND, "Not found", message)
    }

    fn message(self, status: StatusCode, title: &str, text: &str) -> Result<Response, Failure> {
        Self { status, ..self }.render(
            "message.html",
            context! { title, text, status => status.as_u16() },
        )
    }
}

pub(crate) async fn unknown_page(page: Page) -> Result<Response, Failure> {
    page.not_found("There is no page at this address.")
}

pub(crate) async fn wrong_method(page: Page) -> Result<Response, Failure> {
    page.message(
        StatusCode::METHOD_NOT_ALLOWED,
        "Not like that",
        "This address takes only what a form of the shop sends.",
    )
}

#[cfg(test)]
mod tests {
    use super::{money, templates};

    #[test]
    fn cents_become_euros() {
        assert_eq!(money(5), "€0.05");
        assert_eq!(money(14_50), "€14.50");
        assert_eq!(money(123_456), "€1234.56");
    }

    #[test]
    fn every_template_parses() {
        templates().unwrap();
    }
}
