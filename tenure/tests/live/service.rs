//! A Rust service beside the Django site, on another port of the same host.

use axum::{
    Form, Router,
    extract::{FromRef, Path, State},
    response::{Html, Redirect},
    routing::{get, post},
};
use tenure::{
    Session, SessionError, SessionLayer, Settings,
    auth::{self, Auth, AuthError, User, password::Hasher},
    system::OperatingSystem,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A running service; it ends with this.
pub(crate) struct Service {
    pub(crate) address: String,
    task: JoinHandle<()>,
}

impl Service {
    /// One that keeps things in the session.
    pub(crate) async fn start(settings: Settings) -> Self {
        Self::serve(remembering(), settings).await
    }

    /// One where users log in, too.
    pub(crate) async fn with_users(settings: Settings) -> Self {
        let site = Site {
            auth: Auth::open(&settings).await.unwrap(),
            database: settings.databases["default"].url.clone(),
        };
        let routes = remembering().merge(greeting().with_state(site));
        Self::serve(routes, settings).await
    }

    async fn serve(routes: Router, settings: Settings) -> Self {
        let app = routes.layer(SessionLayer::open(settings).await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = async move { axum::serve(listener, app).await.unwrap() };
        Self {
            address,
            task: tokio::spawn(serve),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the handlers of logins share.
#[derive(Clone)]
struct Site {
    auth: Auth,
    database: String,
}

impl FromRef<Site> for Auth {
    fn from_ref(site: &Site) -> Self {
        site.auth.clone()
    }
}

fn remembering() -> Router {
    Router::new()
        .route("/remember/{name}/{value}", get(remember))
        .route("/recall/{name}", get(recall))
}

fn greeting() -> Router<Site> {
    Router::new()
        .route("/", get(home))
        .route("/login", get(login_form).post(log_in))
        .route("/logout", post(log_out))
        .route("/password", post(change_password))
}

#[derive(serde::Deserialize)]
struct Login {
    username: String,
    password: String,
}

async fn home(user: Option<User>) -> Html<String> {
    let who = user.as_ref().map_or("stranger", User::username);
    Html(format!(
        "<p>Hello, {who}!</p><form method=post action=/logout><button>Log out</button></form>"
    ))
}

async fn login_form() -> Html<&'static str> {
    Html(
        "<form method=post><input name=username><input name=password type=password><button>Log in</button></form>",
    )
}

async fn log_in(
    State(auth): State<Auth>,
    session: Session,
    Form(form): Form<Login>,
) -> Result<Redirect, AuthError> {
    if let Some(user) = auth.authenticate(&form.username, &form.password).await? {
        auth::login(&session, &user).await?;
    }
    Ok(Redirect::to("/"))
}

#[derive(serde::Deserialize)]
struct NewPassword {
    password: String,
}

/// As a service does it that writes the table of users itself.
async fn change_password(
    State(site): State<Site>,
    session: Session,
    user: User,
    Form(form): Form<NewPassword>,
) -> Result<Redirect, AuthError> {
    let hash = Hasher::pbkdf2_sha256(10_000)?.make(&form.password, &OperatingSystem)?;
    let path = site.database.trim_start_matches("sqlite://");
    let table = rusqlite::Connection::open(path.split('?').next().unwrap_or(path)).unwrap();
    let update = "UPDATE auth_user SET password = ?1 WHERE id = ?2";
    table.execute(update, (hash, user.id().as_str())).unwrap();
    if let Some(user) = site.auth.user_by_id(user.id()).await? {
        auth::update_session_auth_hash(&session, &user).await?;
    }
    Ok(Redirect::to("/"))
}

async fn log_out(session: Session) -> Result<Redirect, AuthError> {
    auth::logout(&session).await?;
    Ok(Redirect::to("/"))
}

async fn remember(
    Path((name, value)): Path<(String, String)>,
    session: Session,
) -> Result<&'static str, SessionError> {
    session.insert(&name, value)?;
    Ok("Kept.")
}

async fn recall(Path(name): Path<String>, session: Session) -> Result<String, SessionError> {
    Ok(session.get(&name)?.unwrap_or_else(|| "nothing".to_owned()))
}
