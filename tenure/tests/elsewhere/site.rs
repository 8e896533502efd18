//! A site with users, and browsers that come from somewhere.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderName, Request, header},
    routing::{get, post},
};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tenure::{
    Session, SessionError, SessionKey, SessionLayer, Sessions, Settings,
    auth::{self, Auth, AuthError, LoginRequired, User},
    events::{EndReason, Events, SessionTag, Suspicion},
};
use tower::ServiceExt as _;

pub(crate) const FIREFOX: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
pub(crate) const NEXT_FIREFOX: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0";
pub(crate) const CURL: &str = "curl/8.14.1";
pub(crate) const HOME: &str = "203.0.113.9";
pub(crate) const NEXT_DOOR: &str = "203.0.113.200";
pub(crate) const ABROAD: &str = "198.51.100.66";
pub(crate) const PROXY: &str = "10.0.0.1";

/// What may be an attack, and why sessions ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Events for Heard {
    fn ended(&self, _session: SessionTag<'_>, reason: EndReason) {
        self.0.lock().unwrap().push(format!("{reason:?}"));
    }
    fn suspicious(&self, _session: Option<SessionTag<'_>>, what: Suspicion) {
        self.0.lock().unwrap().push(format!("{what:?}"));
    }
}

pub(crate) struct Site {
    pub(crate) sessions: Sessions,
    pub(crate) heard: Heard,
    app: Router,
    _folder: TempDir,
}

async fn log_in(State(auth): State<Auth>, session: Session) -> Result<(), AuthError> {
    let user = auth.user_by_name("ada").await?;
    auth::login(&session, &user.ok_or(AuthError::UserGone)?).await
}

async fn log_out(session: Session) -> Result<(), AuthError> {
    auth::logout(&session).await
}

/// As after a password that was right.
async fn elevate(session: Session) -> Result<(), AuthError> {
    auth::elevate(&session).await
}

async fn add(session: Session) -> Result<(), SessionError> {
    session.update("cart", |cart: Option<u32>| cart.unwrap_or(0) + 1)?;
    Ok(())
}

/// Who this is for the site, and what they have.
async fn show(user: Option<User>, session: Session) -> Result<String, SessionError> {
    let name = user.map_or("nobody".to_owned(), |user| user.username().to_owned());
    Ok(format!("{name} {}", session.get("cart")?.unwrap_or(0)))
}

async fn client(session: Session) -> String {
    let client = session.client();
    format!("{:?} {:?}", client.address(), client.user_agent())
}

impl Site {
    pub(crate) async fn open(settings: &Settings) -> Self {
        Self::on(Sessions::open(settings.clone()).await.unwrap()).await
    }

    pub(crate) async fn on(sessions: Sessions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut users = tenure::testing::settings();
        let path = folder.path().join("users.sqlite3");
        users.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        users.password_hasher = Some("pbkdf2_sha256$10".into());
        let auth = Auth::open(&users).await.unwrap();
        auth.create_table().await.unwrap();
        auth.create_user("ada", "correct horse").await.unwrap();
        let heard = Heard::default();
        let sessions = sessions.with_events(heard.clone());
        let layer = SessionLayer::from(sessions.clone()).with_peer_address(|extensions| {
            let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
            Some(peer.ip())
        });
        let app = Router::new()
            .route("/members", get("for members"))
            .route_layer(LoginRequired::new(auth.clone(), &users))
            .route("/log-in", post(log_in))
            .route("/log-out", post(log_out))
            .route("/elevate", post(elevate))
            .route("/add", post(add))
            .route("/show", get(show))
            .route("/client", get(client))
            .route("/plain", get("plain"))
            .layer(layer)
            .with_state(auth);
        Self {
            sessions,
            heard,
            app,
            _folder: folder,
        }
    }

    /// A browser at home, in which Ada has logged in and put something into her cart.
    pub(crate) async fn ada(&self) -> Browser {
        let mut ada = Browser::new(FIREFOX, Some(HOME));
        ada.post(self, "/log-in").await;
        ada.post(self, "/add").await;
        assert_eq!(ada.get(self, "/show").await.body, "ada 1");
        self.heard.take();
        ada
    }

    /// The session of this browser's cookie, as JSON.
    pub(crate) async fn stored(&self, browser: &Browser) -> String {
        let (_, key) = browser.cookie.as_deref().unwrap().split_once('=').unwrap();
        let key = SessionKey::parse(key).unwrap();
        let record = self.sessions.store().load(&key).await.unwrap().unwrap();
        record.data.to_json()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) cookie: Option<String>,
    pub(crate) agent: Option<&'static str>,
    pub(crate) address: Option<IpAddr>,
    /// What else stands in its requests.
    pub(crate) headers: Vec<(HeaderName, &'static str)>,
}

#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) set_cookie: Vec<String>,
}

impl Browser {
    pub(crate) fn new(agent: &'static str, address: Option<&str>) -> Self {
        Self {
            cookie: None,
            agent: Some(agent),
            address: address.map(|text| text.parse().unwrap()),
            headers: Vec::new(),
        }
    }

    /// Another one that has got hold of this one's cookie.
    pub(crate) fn copied_to(&self, agent: &'static str, address: &str) -> Self {
        Self {
            cookie: self.cookie.clone(),
            ..Self::new(agent, Some(address))
        }
    }

    /// The same behind a proxy that says this.
    pub(crate) fn behind(&self, proxy: &str, headers: &[(&'static str, &'static str)]) -> Self {
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| (HeaderName::from_static(name), *value));
        Self {
            address: Some(proxy.parse().unwrap()),
            headers: headers.collect(),
            ..self.clone()
        }
    }

    pub(crate) async fn get(&mut self, site: &Site, path: &str) -> Seen {
        self.ask(site, "GET", path).await
    }

    pub(crate) async fn post(&mut self, site: &Site, path: &str) -> Seen {
        self.ask(site, "POST", path).await
    }

    async fn ask(&mut self, site: &Site, method: &str, path: &str) -> Seen {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(agent) = self.agent {
            request = request.header(header::USER_AGENT, agent);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        for (name, value) in &self.headers {
            request = request.header(name, *value);
        }
        if let Some(address) = self.address {
            request = request.extension(ConnectInfo(SocketAddr::from((address, 4711))));
        }
        let request = request.body(Body::empty()).unwrap();
        let response = site.app.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let set_cookie = head.headers.get_all(header::SET_COOKIE).iter();
        let set_cookie: Vec<String> = set_cookie
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        if let Some(cookie) = set_cookie.first() {
            let (pair, _) = cookie.split_once(';').unwrap();
            self.cookie = (!pair.ends_with("=\"\"")).then(|| pair.to_owned());
        }
        Seen {
            status: head.status.as_u16(),
            body: String::from_utf8(body.to_vec()).unwrap(),
            set_cookie,
        }
    }
}
