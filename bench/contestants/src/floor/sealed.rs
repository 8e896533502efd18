//! Sessions in cookies, by hand: the same routes for both kinds.

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderValue, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse},
    routing::get,
};

use super::{Failed, NO_SESSION, cookie, json};
use crate::{Error, USER_ID, payload};

/// How a session becomes the value of a cookie.
pub(super) trait Seal: Clone + Send + Sync + 'static {
    /// A cookie that ends two weeks from now.
    fn seal(&self, json: &str) -> Result<String, Error>;

    /// The JSON in a cookie that is genuine and has not ended.
    fn open(&self, cookie: &str) -> Option<String>;
}

pub(super) fn routes<S: Seal>(seal: S) -> Router {
    Router::new()
        .route("/plain", get(async || "ok"))
        .route("/read", get(read::<S>))
        .route("/write", get(write::<S>))
        .route("/new", get(new::<S>))
        .route("/fill/{size}", get(fill::<S>))
        .with_state(seal)
}

async fn read<S: Seal>(State(seal): State<S>, request: Request) -> Result<String, Failed> {
    let session = opened(&seal, &request)?;
    Ok(json::user_id(&session)?.to_string())
}

async fn write<S: Seal>(
    State(seal): State<S>,
    request: Request,
) -> Result<impl IntoResponse, Failed> {
    let session = opened(&seal, &request)?;
    let (visits, json) = json::count_visit(&session)?;
    Ok((sealed(&seal, &json)?, visits.to_string()))
}

async fn new<S: Seal>(State(seal): State<S>) -> Result<impl IntoResponse, Failed> {
    Ok((sealed(&seal, &json::of_user(USER_ID)?)?, "ok"))
}

async fn fill<S: Seal>(
    State(seal): State<S>,
    Path(size): Path<String>,
) -> Result<impl IntoResponse, Failed> {
    let json = payload::json(&size).ok_or("no such size")?;
    Ok((sealed(&seal, &json)?, "ok"))
}

fn opened(seal: &impl Seal, request: &Request) -> Result<String, Failed> {
    let cookie = cookie::key(request.headers()).ok_or(NO_SESSION)?;
    Ok(seal.open(cookie).ok_or(NO_SESSION)?)
}

fn sealed(
    seal: &impl Seal,
    json: &str,
) -> Result<AppendHeaders<[(axum::http::HeaderName, HeaderValue); 1]>, Failed> {
    let cookie = format!("sessionid={}; Path=/", seal.seal(json)?);
    Ok(AppendHeaders([(
        SET_COOKIE,
        HeaderValue::try_from(cookie)?,
    )]))
}
