//! The CSRF token as an extractor for axum.

use axum_core::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header::CONTENT_TYPE};

use crate::{
    csrf::{self, Checked, CsrfError},
    session::Session,
};

impl<S, T> FromRequest<S> for Checked<T>
where
    S: Send + Sync,
    T: FromRequest<S>,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let safe = [Method::GET, Method::HEAD, Method::OPTIONS];
        let request = if safe.contains(request.method()) {
            request
        } else {
            check(request, state).await?
        };
        let read = T::from_request(request, state).await;
        read.map(Self).map_err(IntoResponse::into_response)
    }
}

/// The same request, if it has the session's token or needs none.
async fn check<S: Send + Sync>(request: Request, state: &S) -> Result<Request, Response> {
    let (mut parts, body) = request.into_parts();
    let session = Session::from_request_parts(&mut parts, state).await;
    let session = session.map_err(IntoResponse::into_response)?;
    if csrf::needs_no_token(&session) {
        return Ok(Request::from_parts(parts, body));
    }
    let mut field = None;
    let body = if is_form(&parts.headers) {
        // As the extractor would that is to come: no more than the route's limit.
        let limited = Request::from_parts(parts.clone(), body);
        let read = Bytes::from_request(limited, state).await;
        let bytes = read.map_err(IntoResponse::into_response)?;
        field = token_field(&bytes);
        Body::from(bytes)
    } else {
        body
    };
    let header = || parts.headers.get(csrf::HEADER_NAME)?.to_str().ok();
    let token = field.as_deref().or_else(header).unwrap_or_default();
    csrf::check_token(&session, token).map_err(IntoResponse::into_response)?;
    Ok(Request::from_parts(parts, body))
}

fn is_form(headers: &HeaderMap) -> bool {
    const FORM: &[u8] = b"application/x-www-form-urlencoded";
    let kind = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    let kind = kind.and_then(|kind| kind.get(..FORM.len()));
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(FORM))
}

/// The last field of that name, unless it is empty. A token has no character that would be encoded.
fn token_field(form: &[u8]) -> Option<String> {
    let fields = form.rsplit(|byte| *byte == b'&');
    let mut values = fields.filter_map(|field| {
        let value = field.strip_prefix(csrf::FIELD_NAME.as_bytes())?;
        value.strip_prefix(b"=")
    });
    let value = values.next().filter(|value| !value.is_empty())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// What the visitor reads. Why stays in the log: it is for the site's own people.
impl IntoResponse for CsrfError {
    fn into_response(self) -> Response {
        tracing::warn!("a request is refused: {self}");
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::FORBIDDEN);
        let text = "This form comes from another site, or is older than your login. Go back, reload the page and send it again.\n";
        (status, text).into_response()
    }
}
