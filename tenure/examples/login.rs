//! A login on Django's table of users, in one file. Run it with `TENURE_DEVELOPMENT=true cargo run -p tenure --example login`, then
//! open <http://127.0.0.1:8000> and log in as `ada` with the password `correct horse`.

use axum::{
    Form, Router,
    extract::State,
    response::{Html, Redirect},
    routing::{get, post},
};
use tenure::{
    Session, SessionLayer, Settings,
    auth::{self, Auth, AuthError, User},
};

const LOGIN_FORM: &str = "<form method=post action=/login>\
    <input name=username placeholder=Name> \
    <input name=password type=password placeholder=Password> \
    <button>Log in</button></form>";
const LOGOUT_FORM: &str = "<form method=post action=/logout><button>Log out</button></form>";

#[derive(serde::Deserialize)]
struct Login {
    username: String,
    password: String,
}

async fn home(user: Option<User>) -> Html<String> {
    // Django allows no character in a user name that HTML would take for markup.
    Html(match user {
        Some(user) => format!("Hello, {}! {LOGOUT_FORM}", user.username()),
        None => LOGIN_FORM.to_owned(),
    })
}

async fn log_in(
    State(auth): State<Auth>,
    session: Session,
    Form(form): Form<Login>,
) -> Result<Redirect, AuthError> {
    let username = auth::normalize_username(&form.username);
    if let Some(user) = auth.authenticate(&username, &form.password).await? {
        auth::login(&session, &user).await?;
    }
    Ok(Redirect::to("/"))
}

async fn log_out(session: Session) -> Result<Redirect, AuthError> {
    auth::logout(&session).await?;
    Ok(Redirect::to("/"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let settings = Settings::load()?;
    let sessions = SessionLayer::open(settings.clone()).await?;
    let auth = Auth::open(&settings).await?;
    auth.create_table().await?;
    match auth.create_user("ada", "correct horse").await {
        Ok(_) | Err(AuthError::UsernameTaken(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let app = Router::new()
        .route("/", get(home))
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
        .layer(sessions)
        .with_state(auth);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
