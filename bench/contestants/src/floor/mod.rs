//! The limit of an engine: axum and the engine's bare driver, by hand.
//!
//! A request costs the least commands that keep the guarantees which are compared: a session ends two weeks after its last change, a
//! write replaces nothing that it has not read, and a key cannot be guessed. Plain JSON is stored, and of it no more is decoded than the
//! route needs. Where rows outlive their sessions, the date has an index, or nobody could sweep them.
//!
//! An engine is a [`Floor`] in a file of its own, and a line in [`open`].

mod cached_db;
mod cookie;
mod encrypted_cookies;
mod file;
mod json;
mod memcached;
mod memory;
mod mysql;
mod postgres;
mod redis;
mod sealed;
mod signed_cookies;
mod sqlite;

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{Error, TWO_WEEKS, USER_ID, payload};

/// The server of this engine; `None` if there is no engine of this name.
pub(crate) async fn open(engine: &str, url: &str) -> Result<Option<Router>, Error> {
    Ok(Some(match engine {
        "cached-db" => routes(cached_db::CachedDb::open(url).await?),
        "encrypted-cookies" => sealed::routes(encrypted_cookies::EncryptedCookies::new()),
        "file" => routes(file::Files::open(url)?),
        "memcached" => routes(memcached::Memcached::open(url).await?),
        "memory" => routes(memory::Memory::default()),
        "mysql" => routes(mysql::Mysql::open(url).await?),
        "postgres" => routes(postgres::Postgres::open(url).await?),
        "redis" => routes(redis::Redis::open(url).await?),
        "signed-cookies" => sealed::routes(signed_cookies::SignedCookies::new()),
        "sqlite" => routes(sqlite::Sqlite::open(url)?),
        _ => return Ok(None),
    }))
}

/// What an engine's driver is asked. A clone is the same engine.
trait Floor: Clone + Send + Sync + 'static {
    /// A session as the driver gave it: its JSON, and what a later [`swap`](Floor::swap) compares.
    type Session: AsRef<str> + Send + Sync;

    /// The session under `key` that has not ended.
    fn load(&self, key: &str) -> impl Future<Output = Result<Option<Self::Session>, Error>> + Send;

    /// Replaces a session if it is still as it was read, and has it last two weeks from now; tells whether it was.
    fn swap(
        &self,
        key: &str,
        old: &Self::Session,
        new: &str,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Keeps a new session for two weeks; an error if the key is taken.
    fn create(&self, key: &str, json: &str) -> impl Future<Output = Result<(), Error>> + Send;
}

fn routes<F: Floor>(floor: F) -> Router {
    Router::new()
        .route("/plain", get(async || "ok"))
        .route("/read", get(read::<F>))
        .route("/write", get(write::<F>))
        .route("/new", get(new::<F>))
        .route("/fill/{size}", get(fill::<F>))
        .with_state(floor)
}

// The request as it is: the extractor of headers would copy all of them.
async fn read<F: Floor>(State(floor): State<F>, request: Request) -> Result<String, Failed> {
    let key = cookie::key(request.headers()).ok_or(NO_SESSION)?;
    let session = floor.load(key).await?.ok_or(NO_SESSION)?;
    Ok(json::user_id(session.as_ref())?.to_string())
}

async fn write<F: Floor>(State(floor): State<F>, request: Request) -> Result<String, Failed> {
    let key = cookie::key(request.headers()).ok_or(NO_SESSION)?;
    loop {
        let session = floor.load(key).await?.ok_or(NO_SESSION)?;
        let (visits, json) = json::count_visit(session.as_ref())?;
        if floor.swap(key, &session, &json).await? {
            return Ok(visits.to_string());
        }
    }
}

async fn new<F: Floor>(State(floor): State<F>) -> Result<impl IntoResponse, Failed> {
    created(&floor, &json::of_user(USER_ID)?).await
}

async fn fill<F: Floor>(
    State(floor): State<F>,
    Path(size): Path<String>,
) -> Result<impl IntoResponse, Failed> {
    created(&floor, &payload::json(&size).ok_or("no such size")?).await
}

async fn created<F: Floor>(floor: &F, json: &str) -> Result<impl IntoResponse + use<F>, Failed> {
    let key = cookie::random_key()?;
    floor.create(&key, json).await?;
    let cookie = HeaderValue::try_from(format!("sessionid={key}; Path=/"))?;
    Ok(([(SET_COOKIE, cookie)], "ok"))
}

const NO_SESSION: &str = "no session";

/// Seconds since 1970.
fn now() -> Result<i64, Error> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(i64::try_from(since.as_secs())?)
}

/// When a session ends that is written now.
fn end() -> Result<i64, Error> {
    Ok(now()?.saturating_add_unsigned(TWO_WEEKS))
}

/// Any error is 500.
struct Failed(Error);

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}
