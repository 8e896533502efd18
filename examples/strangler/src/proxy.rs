//! The reverse proxy: hands each request to the side that its path belongs to, and changes as little as it may.
//!
//! What it does not do, and a real one does: TLS, timeouts, limits, upgrades such as to web sockets.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, Version,
        header::{
            CONNECTION, FORWARDED, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
            TRANSFER_ENCODING, UPGRADE,
        },
        uri::{Parts, Scheme},
    },
    response::{IntoResponse, Response},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::routes::{Routes, Side};

/// Headers that concern one connection and not the message (RFC 9110, 7.6.1).
const OF_THE_CONNECTION: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Says who answered, for whoever watches a route that has just moved.
const SERVED_BY: HeaderName = HeaderName::from_static("x-served-by");

struct Proxy {
    routes: Routes,
    rust: SocketAddr,
    django: SocketAddr,
    client: Client<HttpConnector, Body>,
}

pub(crate) fn router(routes: Routes, rust: SocketAddr, django: SocketAddr) -> Router {
    // A new connection for each request: an old one may be closed by the other side just when a form goes out, which nobody could repeat.
    let client = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build_http();
    Router::new().fallback(forward).with_state(Arc::new(Proxy {
        routes,
        rust,
        django,
        client,
    }))
}

async fn forward(
    State(proxy): State<Arc<Proxy>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response {
    let side = proxy.routes.side(request.uri().path());
    let address = match side {
        Side::Django => proxy.django,
        Side::Rust => proxy.rust,
    };
    let line = format!("{} {}", request.method(), request.uri().path());
    let Some(uri) = at(address, request.uri()) else {
        return (
            StatusCode::BAD_REQUEST,
            "That is no address of this site.\n",
        )
            .into_response();
    };
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_11;
    prepare(request.headers_mut(), peer);
    let mut response = match proxy.client.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            tracing::error!("{line}: {side} does not answer: {error}");
            (
                StatusCode::BAD_GATEWAY,
                "That part of the site does not answer.\n",
            )
                .into_response()
        }
    };
    tracing::info!("{line}: {side}, {}", response.status().as_u16());
    remove_hop_by_hop(response.headers_mut());
    if let Ok(name) = HeaderValue::try_from(side.to_string()) {
        response.headers_mut().insert(SERVED_BY, name);
    }
    response
}

/// The same path and query at another address.
fn at(address: SocketAddr, uri: &Uri) -> Option<Uri> {
    let mut parts = Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = address.to_string().parse().ok();
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).ok()
}

/// `Host` stays: both sides compare it with `Origin`, and Django makes absolute addresses of it. What a visitor says about forwarding is
/// not believed, since this proxy is the first.
fn prepare(headers: &mut HeaderMap, peer: SocketAddr) {
    remove_hop_by_hop(headers);
    headers.remove(FORWARDED);
    if let Ok(ip) = HeaderValue::try_from(peer.ip().to_string()) {
        headers.insert(FORWARDED_FOR, ip);
    }
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    match headers.get(HOST).cloned() {
        Some(host) => headers.insert(FORWARDED_HOST, host),
        None => headers.remove(FORWARDED_HOST),
    };
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> = named
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_THE_CONNECTION) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests;
