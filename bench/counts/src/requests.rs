//! Requests to a service, as a task.

use std::convert::Infallible;

use http::{Request, Response, StatusCode, header::SET_COOKIE};
use tower_service::Service;

use crate::{
    Case, Error,
    case::Work,
    task::{Task, now},
};

/// Requests that are counted.
pub(crate) const REQUESTS: usize = 1_000;

/// Requests of this `case` to `service`, with `cookie`. The request is made before the count. After each one, uncounted, `forget` is
/// given the value of its `Set-Cookie`, so that the store does not grow.
///
/// A call fails when a request is not answered at once, or not as the case demands.
fn requests<'a, S, RequestBody, ResponseBody>(
    mut service: S,
    case: Case,
    cookie: &'a str,
    sets_cookie: bool,
    forget: impl Fn(&str) -> Result<(), Error> + 'a,
) -> Task<'a>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>, Error = Infallible> + 'a,
    RequestBody: Default,
{
    Task::new(REQUESTS, move |counter| {
        let mut request = Some(case.request(cookie)?);
        let mut response = None;
        counter.count(&mut || response = request.take().map(|request| now(service.call(request))));
        let (status, set_cookie) = look(response.as_ref());
        counter.count(&mut || drop(response.take()));
        if status != Some(StatusCode::OK) || set_cookie.is_some() != sets_cookie {
            let name = case.name;
            return Err(
                format!("{name}: answered {status:?}, with the cookie {set_cookie:?}").into(),
            );
        }
        match set_cookie {
            Some(set_cookie) if !case.cookie => forget(&set_cookie),
            _ => Ok(()),
        }
    })
}

/// Requests to a service without sessions: what the layer's cost is counted from.
pub(crate) fn without_layer<'a, S, RequestBody, ResponseBody>(
    service: S,
    case: &Case,
    cookie: &'a str,
) -> Task<'a>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>, Error = Infallible> + 'a,
    RequestBody: Default,
{
    requests(service, *case, cookie, false, |_| Ok(()))
}

/// Requests to a service with sessions: it sends the cookie when the session was written.
pub(crate) fn with_layer<'a, S, RequestBody, ResponseBody>(
    service: S,
    case: &Case,
    cookie: &'a str,
    forget: impl Fn(&str) -> Result<(), Error> + 'a,
) -> Task<'a>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>, Error = Infallible> + 'a,
    RequestBody: Default,
{
    requests(service, *case, cookie, case.work == Work::Write, forget)
}

type Answer<Body> = Result<Result<Response<Body>, Infallible>, Error>;

/// The response's status and cookie.
fn look<Body>(answer: Option<&Answer<Body>>) -> (Option<StatusCode>, Option<String>) {
    let Some(Ok(Ok(response))) = answer else {
        return (None, None);
    };
    let set_cookie = response.headers().get(SET_COOKIE);
    let set_cookie = set_cookie.and_then(|value| value.to_str().ok());
    (Some(response.status()), set_cookie.map(str::to_owned))
}
