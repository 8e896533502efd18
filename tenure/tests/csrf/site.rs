//! A small site with forms, logins and each guard alone, and its visitors.

use axum::{
    Form, Router,
    body::Body,
    extract::{FromRef, State},
    http::{Request, header},
    response::{Html, IntoResponse},
    routing::{get, post},
};
use http_body_util::BodyExt as _;
use minijinja::{Environment, context};
use tempfile::TempDir;
use tenure::{
    Session, SessionError, SessionLayer, Sessions,
    auth::{self, Auth, AuthError, password::Hasher},
    csrf::Checked,
    engine::db::SqliteStore,
    template, testing,
};
use tower::ServiceExt as _;
use tower_http::csrf::CsrfLayer;

pub(crate) const PASSWORD: &str = "correct-horse";

pub(crate) struct Site {
    pub(crate) app: Router,
    pub(crate) sessions: Sessions,
    _folder: TempDir,
}

#[derive(Clone)]
struct Shared {
    auth: Auth,
    pages: Environment<'static>,
}

impl FromRef<Shared> for Auth {
    fn from_ref(shared: &Shared) -> Self {
        shared.auth.clone()
    }
}

#[derive(serde::Deserialize)]
struct Order {
    product: String,
}

#[derive(serde::Deserialize)]
struct Login {
    username: String,
    password: String,
}

async fn form(session: Session, State(shared): State<Shared>) -> Html<String> {
    let ordered: Option<String> = session.get("ordered").unwrap();
    let page = shared.pages.get_template("form.html").unwrap();
    let around = template::context(&session);
    Html(page.render(context! { ordered, ..around }).unwrap())
}

async fn order(session: Session, Form(order): Form<Order>) -> Result<String, SessionError> {
    session.insert("ordered", &order.product)?;
    Ok(format!("ordered {}", order.product))
}

async fn order_checked(
    session: Session,
    Checked(form): Checked<Form<Order>>,
) -> Result<String, SessionError> {
    order(session, form).await
}

/// What is no form, such as JSON.
pub(crate) async fn api(Checked(body): Checked<String>) -> String {
    format!("read {body}")
}

async fn log_in(
    State(auth): State<Auth>,
    session: Session,
    Form(form): Form<Login>,
) -> Result<&'static str, AuthError> {
    match auth.authenticate(&form.username, &form.password).await? {
        Some(user) => auth::login(&session, &user).await.map(|()| "hello"),
        None => Ok("who?"),
    }
}

async fn who(session: Session) -> impl IntoResponse {
    let user: Option<String> = session.get("_auth_user_id").unwrap();
    format!("user {user:?}")
}

impl Site {
    pub(crate) async fn open() -> Self {
        testkit::leaks::watch();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        let mut settings = testing::settings();
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let auth = Auth::open(&settings).await.unwrap();
        let auth = auth.with_hasher(Hasher::pbkdf2_sha256(10).unwrap());
        auth.create_table().await.unwrap();
        for username in ["ada", "bob", "mallory"] {
            auth.create_user(username, PASSWORD).await.unwrap();
        }
        let store = SqliteStore::open(&settings).await.unwrap();
        store.create_table().await.unwrap();
        let sessions = Sessions::new(store, &settings).unwrap();
        let mut pages = Environment::new();
        let page = "<p>ordered {{ ordered }}</p><form method=post action=/checked id=own>{{ csrf_input }}\
                    <input name=product value=tea><button>Order</button></form>";
        pages.add_template("form.html", page).unwrap();
        let app = Router::new()
            .route("/by-source", post(order))
            .route("/log-in", post(log_in))
            .route_layer(CsrfLayer::new())
            .route("/", get(form))
            .route("/who", get(who))
            .route("/checked", get(order_checked).post(order_checked))
            .route("/api", post(api).put(api).delete(api))
            .route("/unguarded", post(order))
            .layer(SessionLayer::from(sessions.clone()))
            .with_state(Shared { auth, pages });
        Self {
            app,
            sessions,
            _folder: folder,
        }
    }

    pub(crate) async fn rows(&self) -> usize {
        self.sessions.store().scan(None, 100).await.unwrap().len()
    }
}

/// Keeps the session's cookie.
#[derive(Clone, Default)]
pub(crate) struct Visitor {
    pub(crate) cookie: Option<String>,
}

impl Visitor {
    pub(crate) async fn send(
        &mut self,
        site: &Site,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (head, body) = site
            .app
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        if let Some(set) = head.headers.get(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        testkit::leaks::search("a page", &body);
        (head.status.as_u16(), body)
    }

    /// Sends a form.
    pub(crate) async fn post(&mut self, site: &Site, path: &str, form: &str) -> (u16, String) {
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        self.send(site, "POST", path, &kind, form).await
    }

    /// The token of the page's form.
    pub(crate) async fn token(&mut self, site: &Site) -> String {
        let (_, page) = self.send(site, "GET", "/", &[], "").await;
        let (_, after) = page
            .split_once(r#"name="csrfmiddlewaretoken" value=""#)
            .unwrap();
        after.split('"').next().unwrap().to_owned()
    }

    pub(crate) async fn log_in(&mut self, site: &Site, username: &str) {
        let form = format!("username={username}&password={PASSWORD}");
        let answer = self.post(site, "/log-in", &form).await;
        assert_eq!(answer, (200, "hello".to_owned()));
    }
}
