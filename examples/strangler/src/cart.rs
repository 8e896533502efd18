//! The route that has moved: the cart, in Rust, on Django's session and Django's users.
//!
//! `django/account/cart.py` is what it was before. Both keep the cart as `{"Sencha": 2}` under the same key.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Form, Router,
    extract::{FromRef, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use minijinja::{Environment, context};
use serde::Deserialize;
use tenure::{
    Session, SessionError, SessionLayer, Settings,
    auth::{self, Auth, AuthError, LoginRequired, User},
};
use tower_http::csrf::CsrfLayer;

use crate::Outcome;

const CART: &str = "cart";
/// What Django's account page lets a visitor write down.
const NOTE: &str = "note";
const PRODUCTS: [&str; 3] = ["Assam", "Oolong", "Sencha"];

/// How many of each product.
type Cart = BTreeMap<String, u32>;

#[derive(Clone)]
struct Service {
    auth: Auth,
    templates: Arc<Environment<'static>>,
}

/// For the extractor `User`.
impl FromRef<Service> for Auth {
    fn from_ref(service: &Service) -> Self {
        service.auth.clone()
    }
}

pub(crate) async fn router(settings: Settings) -> Outcome<Router> {
    let mut templates = Environment::new();
    // The frame of every page is Django's own file, so that a page that moves looks as it did.
    templates.add_template(
        "base.html",
        include_str!("../django/account/templates/base.html"),
    )?;
    templates.add_template("cart.html", include_str!("../templates/cart.html"))?;
    let auth = Auth::open(&settings).await?;
    // The login is Django's page, which leads back here.
    let members = LoginRequired::new(auth.clone(), &settings);
    let service = Service {
        auth,
        templates: Arc::new(templates),
    };
    Ok(Router::new()
        .route("/cart", get(show))
        .route("/cart/add", post(add))
        .route("/cart/remove", post(remove))
        .route("/cart/checkout", get(check_out).route_layer(members))
        .route("/cart/logout", post(log_out))
        .layer(SessionLayer::open(settings).await?)
        // By Sec-Fetch-Site and Origin, so forms need no token.
        .layer(CsrfLayer::new())
        .with_state(service))
}

#[derive(Debug, Deserialize)]
struct Change {
    product: String,
}

async fn show(
    State(service): State<Service>,
    session: Session,
    user: Option<User>,
) -> Result<Response, Failure> {
    service.page(&session, user.as_ref(), false)
}

async fn add(
    session: Session,
    Form(Change { product }): Form<Change>,
) -> Result<Redirect, Failure> {
    if PRODUCTS.contains(&&*product) {
        // `update` and not `insert`: of two adds at the same moment, both count.
        session.update(CART, move |cart: Option<Cart>| {
            let mut cart = cart.unwrap_or_default();
            let count = cart.entry(product.clone()).or_default();
            *count = count.saturating_add(1);
            cart
        })?;
    }
    Ok(Redirect::to("/cart"))
}

async fn remove(
    session: Session,
    Form(Change { product }): Form<Change>,
) -> Result<Redirect, Failure> {
    // A stranger who removes something that is not there need not get a session for it.
    if session.contains_key(CART) {
        session.update(CART, move |cart: Option<Cart>| {
            let mut cart = cart.unwrap_or_default();
            cart.remove(&product);
            cart
        })?;
    }
    Ok(Redirect::to("/cart"))
}

async fn check_out(
    State(service): State<Service>,
    session: Session,
    user: User,
) -> Result<Response, Failure> {
    service.page(&session, Some(&user), true)
}

async fn log_out(session: Session) -> Result<Redirect, Failure> {
    auth::logout(&session).await?;
    Ok(Redirect::to("/cart"))
}

impl Service {
    fn page(
        &self,
        session: &Session,
        user: Option<&User>,
        checking_out: bool,
    ) -> Result<Response, Failure> {
        let page = context! {
            user => context! {
                is_authenticated => user.is_some(),
                username => user.map(User::username),
            },
            products => PRODUCTS,
            cart => session.get::<Cart>(CART)?.unwrap_or_default(),
            note => session.get::<String>(NOTE)?,
            checking_out,
        };
        let template = self.templates.get_template("cart.html")?;
        Ok(Html(template.render(page)?).into_response())
    }
}

/// Why a handler has no page to give.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Template(#[from] minijinja::Error),
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Auth(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            // tenure answers an outage with 503 and `Retry-After`.
            Self::Auth(error) => error.into_response(),
            Self::Template(error) => {
                tracing::error!("{error:#}");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "The page could not be made.\n",
                )
                    .into_response()
            }
        }
    }
}
