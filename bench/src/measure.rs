//! Counts the allocations of requests.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{Request, Response, StatusCode, header::SET_COOKIE};
use tower_service::Service;

use crate::{Case, Error, case::Work};

/// Requests before the count, until maps and caches have their size.
const WARM_UP: usize = 100;
/// Requests that are counted.
pub(crate) const REQUESTS: i64 = 1_000;

/// What one request costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Calls to the allocator. A reallocation counts as one.
    pub allocations: Mean,
    /// Bytes asked for, however soon they were given back.
    pub bytes: Mean,
}

impl Cost {
    /// What this costs more than `base`.
    #[must_use]
    pub fn above(self, base: Self) -> Self {
        Self {
            allocations: self.allocations.above(base.allocations),
            bytes: self.bytes.above(base.bytes),
        }
    }
}

/// A mean over the counted requests. Displays as a whole number if all were alike, else with one decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mean {
    total: i64,
    alike: bool,
}

impl Mean {
    fn of(counts: &[i64]) -> Self {
        Self {
            total: counts.iter().sum(),
            alike: counts.iter().all(|count| counts.first() == Some(count)),
        }
    }

    fn above(self, base: Self) -> Self {
        Self {
            total: self.total - base.total,
            alike: self.alike && base.alike,
        }
    }

    /// The mean in tenths, rounded down.
    pub fn tenths(self) -> i64 {
        (self.total * 10).div_euclid(REQUESTS)
    }

    /// The mean as a whole number.
    pub fn rounded(self) -> i64 {
        (self.tenths() + 5).div_euclid(10)
    }

    /// The count, if it was the same for every request.
    pub fn exactly(self) -> Option<i64> {
        self.alike.then_some(self.total / REQUESTS)
    }
}

impl fmt::Display for Mean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exactly() {
            Some(count) => f.pad(&count.to_string()),
            None => f.pad(&format!("{}.{}", self.tenths() / 10, self.tenths() % 10)),
        }
    }
}

/// Counts requests of this `case` to `service`. After each one, uncounted, `forget` is given the value of its `Set-Cookie`, so that the
/// store does not grow.
///
/// # Errors
///
/// When a request is not answered at once, or not as the case demands.
pub(crate) fn measure<S, RequestBody, ResponseBody>(
    mut service: S,
    case: &Case,
    cookie: &str,
    sets_cookie: bool,
    forget: impl Fn(&str) -> Result<(), Error>,
) -> Result<Cost, Error>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>, Error = Infallible>,
    RequestBody: Default,
{
    let (mut allocations, mut bytes) = (Vec::new(), Vec::new());
    let counted = usize::try_from(REQUESTS)?;
    for number in 0..WARM_UP + counted {
        let request = case.request(cookie)?;
        let mut seen = None;
        let info = allocation_counter::measure(|| {
            let response = now(service.call(request));
            allocation_counter::opt_out(|| seen = response.as_ref().and_then(look));
            drop(response);
        });
        let (status, set_cookie) = seen.ok_or("a request waited, where nothing is to wait for")?;
        if status != StatusCode::OK || set_cookie.is_some() != sets_cookie {
            return Err(format!(
                "{}: answered {status}, with the cookie {set_cookie:?}",
                case.name
            )
            .into());
        }
        if let (Some(set_cookie), false) = (set_cookie, case.cookie) {
            forget(&set_cookie)?;
        }
        if number >= WARM_UP {
            allocations.push(i64::try_from(info.count_total)?);
            bytes.push(i64::try_from(info.bytes_total)?);
        }
    }
    Ok(Cost {
        allocations: Mean::of(&allocations),
        bytes: Mean::of(&bytes),
    })
}

/// As [`measure`], for a service without sessions: what the layer's cost is counted from.
pub(crate) fn measure_base<S, RequestBody, ResponseBody>(
    service: S,
    case: &Case,
    cookie: &str,
) -> Result<Cost, Error>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>, Error = Infallible>,
    RequestBody: Default,
{
    measure(service, case, cookie, false, |_| Ok(()))
}

/// As [`measure`], for a service with sessions: it sends the cookie when the session was written.
pub(crate) fn measure_layer<S, RequestBody, ResponseBody>(
    service: S,
    case: &Case,
    cookie: &str,
    forget: impl Fn(&str) -> Result<(), Error>,
) -> Result<Cost, Error>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>, Error = Infallible>,
    RequestBody: Default,
{
    measure(service, case, cookie, case.work == Work::Write, forget)
}

/// The response's status and cookie.
fn look<Body>(
    response: &Result<Response<Body>, Infallible>,
) -> Option<(StatusCode, Option<String>)> {
    let response = response.as_ref().ok()?;
    let set_cookie = response
        .headers()
        .get(SET_COOKIE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    Some((response.status(), set_cookie))
}

/// What `future` gives without waiting. Stores in memory never make it wait, so no runtime can add to the counts.
pub(crate) fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_whole_only_if_all_counts_are_alike() {
        assert_eq!(Mean::of(&[3; 1_000]).to_string(), "3");
        let mut counts = [3; 1_000];
        counts[..500].fill(4);
        assert_eq!(Mean::of(&counts).to_string(), "3.5");
        assert_eq!(Mean::of(&counts).exactly(), None);
    }
}
