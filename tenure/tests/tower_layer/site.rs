//! A small site in memory, and its visitors.

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use http_body_util::BodyExt as _;
use tenure::{
    LazySession, Session, SessionError, SessionLayer, Sessions, Settings,
    testing::{self, MemoryStore},
};
use testkit::leaks;
use tower::ServiceExt as _;

use crate::stage::Stage;

pub(crate) type Answer = Result<String, SessionError>;

pub(crate) struct Site {
    pub(crate) stage: Stage<MemoryStore>,
    pub(crate) sessions: Sessions,
    pub(crate) app: Router,
}

async fn plain() -> impl IntoResponse {
    ([("x-page", "plain"), ("vary", "Accept")], "plain")
}

async fn read(session: Session) -> Answer {
    let cart: Option<u32> = session.get("cart")?;
    Ok(format!("cart {cart:?}"))
}

async fn write(session: Session) -> Answer {
    session.update("cart", |cart: Option<u32>| cart.unwrap_or(0) + 1)?;
    read(session).await
}

async fn log_in(session: Session) -> Answer {
    session.cycle_key().await?;
    session.insert("user", 7)?;
    Ok("hello".into())
}

async fn log_out(session: Session) -> Answer {
    session.flush().await?;
    Ok("bye".into())
}

async fn write_and_fail(session: Session) -> Result<StatusCode, SessionError> {
    session.insert("cart", 99)?;
    Ok(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn flush_and_fail(session: Session) -> Result<StatusCode, SessionError> {
    session.flush().await?;
    Ok(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn log_in_and_fail(session: Session) -> Result<StatusCode, SessionError> {
    log_in(session).await?;
    Ok(StatusCode::BAD_GATEWAY)
}

async fn write_and_panic(session: Session) -> Answer {
    session.insert("cart", 99)?;
    panic!("the handler has a bug");
}

async fn save_and_write(session: Session) -> Answer {
    session.insert("cart", 1)?;
    session.save().await?;
    session.insert("cart", 2)?;
    session.cycle_key().await?;
    session.insert("cart", 3)?;
    Ok("done".into())
}

/// Only looks whether there is a session's handle.
async fn lazy(lazy: LazySession) -> String {
    format!("{lazy:?}")
}

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/plain", get(plain))
        .route("/read", get(read))
        .route("/write", get(write))
        .route("/log-in", post(log_in))
        .route("/log-out", post(log_out))
        .route("/write-and-fail", get(write_and_fail))
        .route("/flush-and-fail", get(flush_and_fail))
        .route("/log-in-and-fail", get(log_in_and_fail))
        .route("/write-and-panic", get(write_and_panic))
        .route("/save-and-write", get(save_and_write))
        .route("/lazy", get(lazy))
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(&testing::settings(), routes())
    }

    pub(crate) fn with(settings: &Settings, routes: Router) -> Self {
        leaks::watch();
        let stage = Stage::new(MemoryStore::default());
        let sessions = Sessions::new(stage.clone(), settings).unwrap();
        let app = routes.layer(SessionLayer::from(sessions.clone()));
        Self {
            stage,
            sessions,
            app,
        }
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Seen {
        send(&self.app, request("GET", path, &[cookie.as_bytes()])).await
    }

    pub(crate) async fn post(&self, path: &str, cookie: &str) -> Seen {
        send(&self.app, request("POST", path, &[cookie.as_bytes()])).await
    }

    /// The cookie of a visitor with one thing in the cart.
    pub(crate) async fn visitor(&self) -> String {
        self.get("/write", "").await.cookie().unwrap()
    }
}

pub(crate) fn request(method: &str, path: &str, cookies: &[&[u8]]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for cookie in cookies.iter().filter(|cookie| !cookie.is_empty()) {
        request = request.header(header::COOKIE, *cookie);
    }
    request.body(Body::empty()).unwrap()
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Seen {
    Seen::of(app.clone().oneshot(request).await.unwrap()).await
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) async fn of(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let headers = head.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        leaks::answer(headers, &body);
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect()
    }

    /// What the visitor's browser sends from now on, if it was told to change that.
    pub(crate) fn cookie(&self) -> Option<String> {
        let all = self.all("set-cookie");
        assert!(all.len() <= 1, "one Set-Cookie for each response: {all:?}");
        all.first()
            .map(|text| text.split(';').next().unwrap().to_owned())
    }

    pub(crate) fn removes_the_cookie(&self) -> bool {
        self.cookie()
            .is_some_and(|cookie| cookie == "sessionid=\"\"")
    }
}
