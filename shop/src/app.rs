//! The routes, and what surrounds them.

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    http::{
        HeaderName, HeaderValue,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tenure::{
    SessionLayer, Sessions,
    auth::{Auth, Remember},
    web::RememberLayer,
};
use tower_http::csrf::CsrfLayer;

use crate::{
    cart, catalogue, devices, login, password, preferences,
    render::{self, Templates},
    serve, session_page,
};

/// The largest form is the login's.
const MOST_BYTES_OF_A_FORM: usize = 16 * 1024;

/// What all requests share.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) auth: Auth,
    pub(crate) sessions: Sessions,
    pub(crate) remember: Remember,
    pub(crate) templates: Templates,
}

/// For the extractor `tenure::auth::User`.
impl FromRef<Shop> for Auth {
    fn from_ref(shop: &Shop) -> Self {
        shop.auth.clone()
    }
}

/// For handlers that list or end sessions.
impl FromRef<Shop> for Sessions {
    fn from_ref(shop: &Shop) -> Self {
        shop.sessions.clone()
    }
}

pub(crate) fn router(shop: Shop) -> Router {
    Router::new()
        .route("/", get(catalogue::show))
        .route("/cart", get(cart::show))
        .route("/cart/add", post(cart::add))
        .route("/cart/remove", post(cart::remove))
        .route("/login", get(login::show).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/devices", get(devices::show))
        .route("/devices/end", post(devices::end))
        .route("/devices/end-others", post(devices::end_others))
        .route("/password", get(password::show).post(password::change))
        .route(
            "/preferences",
            get(preferences::show).post(preferences::save),
        )
        .route("/session", get(session_page::show))
        .fallback(render::unknown_page)
        .method_not_allowed_fallback(render::wrong_method)
        .layer(DefaultBodyLimit::max(MOST_BYTES_OF_A_FORM))
        .layer(RememberLayer::new(shop.remember.clone()))
        .layer(SessionLayer::from(shop.sessions.clone()).with_peer_address(serve::peer_address))
        // By Sec-Fetch-Site and Origin, for every form. Those that only users see have a token too; in those of strangers it would make
        // a session for everybody who looks at the front page.
        .layer(CsrfLayer::new())
        // Below here: no session.
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .layer(map_response(guard))
        .with_state(shop)
}

async fn style() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("../templates/style.css"),
    )
}

async fn icon() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "image/svg+xml")],
        include_str!("../templates/icon.svg"),
    )
}

/// Headers for every response. The pages have no script at all, so none is allowed to run.
async fn guard(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 3] = [
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            ),
        ),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    response.headers_mut().extend(HEADERS);
    response
}
