//! A small site on any engine, and requests to it.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use axum::{
    Extension, Router,
    body::Body,
    http::{Request, header},
    routing::get,
};
use http_body_util::BodyExt as _;
use tenure::{Session, SessionError, SessionLayer, Sessions};
use testkit::leaks;
use tokio::sync::Notify;
use tower::ServiceExt as _;

type Answer = Result<String, SessionError>;

/// What handlers and the test tell each other.
#[derive(Clone, Default)]
struct Wires {
    errors: Arc<Mutex<Vec<String>>>,
    loaded: Arc<Notify>,
    go: Arc<Notify>,
}

pub(crate) struct Site {
    app: Router,
    wires: Wires,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The `Cookie` header from now on, if it changes; empty if the cookie is removed.
    pub(crate) cookie: Option<String>,
}

/// What the session holds, the user's entries aside.
async fn read(
    Extension(wires): Extension<Wires>,
    session: Result<Session, SessionError>,
) -> Answer {
    let session = session.inspect_err(|error| wires.note(error))?;
    let mut all: Vec<String> = session
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    all.sort();
    Ok(all.join(" "))
}

async fn write(session: Session) -> Answer {
    session.update("cart", |cart: Option<u32>| cart.unwrap_or(0) + 1)?;
    Ok(format!("{session:?}"))
}

async fn new_key(session: Session) -> Answer {
    session.cycle_key().await?;
    Ok(format!("{:?}", session.key()))
}

async fn log_out(session: Session) -> Answer {
    session.flush().await?;
    assert!(session.key().is_none(), "a flushed session has no key");
    Ok("bye".into())
}

async fn short(session: Session) -> Answer {
    session.insert("cart", 1)?;
    session.set_expiry(SystemTime::now() + Duration::from_millis(400))?;
    Ok("soon over".into())
}

/// Writes, after it has let the test do something else.
async fn slow(Extension(wires): Extension<Wires>, session: Session) -> Answer {
    wires.loaded.notify_one();
    wires.go.notified().await;
    session.insert("late", 1)?;
    let saved = session.save().await;
    saved.inspect_err(|error| wires.note(error))?;
    Ok("done".into())
}

impl Wires {
    fn note(&self, error: &SessionError) {
        let mut errors = self.errors.lock().unwrap();
        errors.push(format!("{error} {error:?} {error:#?}"));
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            errors.push(format!("{cause} {cause:?}"));
            source = cause.source();
        }
    }
}

impl Site {
    pub(crate) fn new(sessions: Sessions) -> Self {
        Self::with(sessions, Router::new())
    }

    pub(crate) fn with(sessions: Sessions, further: Router) -> Self {
        leaks::watch();
        let wires = Wires::default();
        let app = Router::new()
            .route("/read", get(read))
            .route("/write", get(write))
            .route("/new-key", get(new_key))
            .route("/log-out", get(log_out))
            .route("/short", get(short))
            .route("/slow", get(slow))
            .merge(further)
            .layer(SessionLayer::from(sessions))
            .layer(Extension(wires.clone()));
        Self { app, wires }
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Seen {
        let request = Request::get(path).header(header::COOKIE, cookie);
        let request = request.body(Body::empty()).unwrap();
        let (head, body) = self
            .app
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let headers: Vec<_> = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        leaks::answer(headers.iter().copied(), &body);
        let cookie = headers.iter().find(|(name, _)| *name == "set-cookie");
        let cookie = cookie.map(|(_, line)| {
            let pair = line.split(';').next().unwrap();
            let removed = line.contains("Max-Age=0");
            if removed { "" } else { pair }.to_owned()
        });
        Seen {
            status: head.status.as_u16(),
            body,
            cookie,
        }
    }

    /// A new visitor's cookie.
    pub(crate) async fn visitor(&self) -> String {
        self.get("/write", "").await.cookie.unwrap()
    }

    /// What a request with this cookie finds. Whatever cookie the answer has is left aside.
    pub(crate) async fn sees(&self, cookie: &str) -> String {
        self.get("/read", cookie).await.body
    }

    /// A slow request that writes, and one to `path` between its load and its save.
    pub(crate) async fn slow_and(&self, path: &str, cookie: &str) -> (Seen, Seen) {
        let quick = async {
            self.wires.loaded.notified().await;
            let seen = self.get(path, cookie).await;
            self.wires.go.notify_one();
            seen
        };
        tokio::join!(self.get("/slow", cookie), quick)
    }

    /// What errors said of themselves, for people and for developers, with all their causes.
    pub(crate) fn errors(&self) -> Vec<String> {
        std::mem::take(&mut self.wires.errors.lock().unwrap())
    }
}
