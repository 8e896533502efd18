//! Protection against cross-site request forgery: forms and scripts of other sites that act with a visitor's cookie.
//!
//! Two checks, and a site wants both:
//!
//! * **Where a request comes from.** [`check_source`] asks the browser's own headers, `Sec-Fetch-Site` and `Origin`, by the rules of Go
//!   1.25's `CrossOriginProtection`. In tower and axum tower-http's `CsrfLayer` does the same for all routes; it also covers the login form
//!   of a visitor who has no session yet.
//! * **A token that only the site's own pages know**, kept in the session: Django's `CSRF_USE_SESSIONS`, to the letter. [`token`] makes one
//!   for a form, [`check_token`] tests it; a form that Django made is accepted here, and the reverse.
//!
//! With axum, the extractor `Checked` tests the token around any other that reads the body:
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "minijinja"))] {
//! use axum::{Form, extract::State, response::{Html, Redirect}};
//! use minijinja::{Environment, context};
//! use tenure::{Session, SessionError, csrf::Checked, template};
//!
//! #[derive(serde::Deserialize)]
//! struct Order {
//!     product: String,
//! }
//!
//! async fn order(session: Session, Checked(Form(order)): Checked<Form<Order>>) -> Result<Redirect, SessionError> {
//!     session.insert("ordered", order.product)?;
//!     Ok(Redirect::to("/thanks"))
//! }
//!
//! // order.html: <form method="post">{{ csrf_input }}<input name="product"><button>Order</button></form>
//! async fn order_form(session: Session, State(pages): State<Environment<'static>>) -> Html<String> {
//!     let page = pages.get_template("order.html").and_then(|page| page.render(template::context(&session)));
//!     Html(page.unwrap_or_else(|error| error.to_string()))
//! }
//! # }
//! ```
//!
//! Elsewhere, and without a framework, a handler calls [`check`] with what it has read:
//!
//! ```
//! # tenure::testing::run(async |session| {
//! use tenure::csrf::{self, CsrfError, Source};
//!
//! let field = csrf::token(&session)?; // into the form, as `csrfmiddlewaretoken`
//!
//! let mut source = Source::new("POST");
//! source.host = Some(b"shop.example");
//! source.origin = Some(b"https://shop.example");
//! csrf::check(&session, &source, Some(&field))?;
//!
//! source.origin = Some(b"https://evil.example");
//! assert!(matches!(csrf::check(&session, &source, Some(&field)), Err(CsrfError::OtherOrigin { .. })));
//! # Ok(())
//! # });
//! ```
//!
//! **What GET does must not change anything**, since neither check looks at it; so a logout is a POST. A client that sends its session's
//! key in a header, and no cookie, needs no check: no other site's page can make a browser send that header.
//!
//! **Strangers.** A form with a token needs a session, so asking for a token makes one. Leave the token out of forms that every stranger
//! sees on every page, and let the check of the source guard those.
//!
//! Mirrors `django/middleware/csrf.py` (Django 5.2).

mod error;
mod mask;
mod source;

use subtle::ConstantTimeEq as _;

pub use self::{
    error::CsrfError,
    source::{Source, check_source},
};
use crate::{error::SessionError, session::Session, settings::Transport, system::random_text};

/// The form field that carries the token, as in Django: `csrfmiddlewaretoken`.
pub const FIELD_NAME: &str = "csrfmiddlewaretoken";
/// The header that carries it where there is no form: `X-CSRFToken`, Django's default of `CSRF_HEADER_NAME`.
#[doc(alias = "CSRF_HEADER_NAME")]
pub const HEADER_NAME: &str = "X-CSRFToken";
/// Where the secret stands in the session: `CSRF_SESSION_KEY` in Django.
const SESSION_KEY: &str = "_csrftoken";

/// A token for a form, or for a script to send in [`HEADER_NAME`]. Django's `get_token`.
///
/// Its secret stays the same for the session until a login, and is masked anew in every token, so that compressed pages do not give it
/// away (BREACH). The first call makes the secret, and with it a session for a stranger.
///
/// # Errors
///
/// [`SessionError::ResponseSent`] if the session has no secret and it is too late for one, [`SessionError::Random`] if there is no
/// randomness.
///
/// # Example
///
/// See the [module docs](self).
#[doc(alias = "get_token")]
pub fn token(session: &Session) -> Result<String, SessionError> {
    let secret = match secret(session) {
        Some(secret) => secret,
        None => new_secret(session)?,
    };
    let mask = random(session)?;
    Ok(mask::mask(&secret, &mask))
}

/// Whether `token`, from a form or a header, is this session's. Compared in constant time.
///
/// Both forms count that Django takes: a token as [`token`] makes it, of 64 characters, and the bare secret, of 32.
///
/// # Errors
///
/// When it is not, and why.
///
/// # Example
///
/// ```
/// # tenure::testing::run(async |session| {
/// use tenure::csrf::{self, CsrfError};
///
/// assert_eq!(csrf::check_token(&session, "k3x9…"), Err(CsrfError::SecretMissing));
/// let token = csrf::token(&session)?;
/// assert_eq!(csrf::check_token(&session, &token), Ok(()));
/// assert_eq!(csrf::check_token(&session, ""), Err(CsrfError::TokenMissing));
/// # Ok(())
/// # });
/// ```
pub fn check_token(session: &Session, token: &str) -> Result<(), CsrfError> {
    let secret = secret(session).ok_or(CsrfError::SecretMissing)?;
    if token.is_empty() {
        return Err(CsrfError::TokenMissing);
    }
    let sent = mask::secret_of(token).ok_or(CsrfError::TokenMalformed)?;
    if sent.as_bytes().ct_eq(secret.as_bytes()).into() {
        Ok(())
    } else {
        Err(CsrfError::TokenWrong)
    }
}

/// Both checks of a request: that it comes from this site, and that it has the session's token. Safe methods pass, and requests whose session
/// [travels in a header](Session::transport).
///
/// # Errors
///
/// When it is to be refused, and why.
///
/// # Example
///
/// See the [module docs](self).
pub fn check(session: &Session, source: &Source<'_>, token: Option<&str>) -> Result<(), CsrfError> {
    if needs_no_token(session) {
        return Ok(());
    }
    check_source(source, &[])?;
    if source.is_safe() {
        return Ok(());
    }
    check_token(session, token.unwrap_or_default())
}

/// Whether the session's key came in a header: no page of another site can make a browser send one.
pub(crate) fn needs_no_token(session: &Session) -> bool {
    session.transport() == Transport::Header
}

/// Gives the session another secret, so that no token from before counts any more. Django's `rotate_token`.
///
/// `auth::login` does; call it where a visitor's rights change otherwise. A session without a secret stays without.
///
/// # Errors
///
/// As [`token`].
///
/// # Example
///
/// ```
/// # tenure::testing::run(async |session| {
/// use tenure::csrf;
///
/// let before = csrf::token(&session)?;
/// csrf::rotate(&session)?;
/// assert!(csrf::check_token(&session, &before).is_err());
/// # Ok(())
/// # });
/// ```
#[doc(alias = "rotate_token")]
pub fn rotate(session: &Session) -> Result<(), SessionError> {
    if session.contains_key(SESSION_KEY) {
        new_secret(session)?;
    }
    Ok(())
}

/// What another extractor reads from a request whose CSRF token is this session's. Safe methods need none, and nor do sessions that
/// [travel in a header](Session::transport).
///
/// The token is the form's field `csrfmiddlewaretoken`, else the header `X-CSRFToken`, as in Django. The inner extractor gets the request
/// whole. A form of `multipart/form-data` is not looked into: send the header, or call [`check_token`] once the field
/// is read.
///
/// The rejection is 403, or what the inner extractor answers.
///
/// ```
/// use axum::Form;
/// use tenure::{Session, SessionError, csrf::Checked};
///
/// #[derive(serde::Deserialize)]
/// struct Theme {
///     theme: String,
/// }
///
/// async fn choose(session: Session, Checked(Form(form)): Checked<Form<Theme>>) -> Result<&'static str, SessionError> {
///     session.insert("theme", form.theme)?;
///     Ok("Kept.")
/// }
/// ```
#[cfg(feature = "axum")]
#[derive(Clone, Copy, Debug)]
pub struct Checked<T>(pub T);

/// The session's secret. Django before 4.0 stored it masked. What can be none counts as none.
fn secret(session: &Session) -> Option<String> {
    let stored: String = session.get(SESSION_KEY).ok()??;
    mask::secret_of(&stored)
}

fn new_secret(session: &Session) -> Result<String, SessionError> {
    let secret = random(session)?;
    session.insert(SESSION_KEY, &secret)?;
    Ok(secret)
}

fn random(session: &Session) -> Result<String, SessionError> {
    let system = &*session.shared().system;
    Ok(random_text(system, mask::ALPHABET, mask::SECRET_LENGTH)?)
}
