//! Where a request comes from: every combination, beside tower-http's layer.

use std::convert::Infallible;

use axum::{
    body::Body,
    http::{Request, Response},
};
use tenure::csrf::{CsrfError, Source, check_source};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::csrf::CsrfLayer;

const METHODS: [&str; 8] = [
    "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE",
];
const SITES: [Option<&str>; 7] = [
    None,
    Some(""),
    Some("same-origin"),
    Some("none"),
    Some("same-site"),
    Some("cross-site"),
    Some("Same-Origin"),
];
const ORIGINS: [Option<&[u8]>; 13] = [
    None,
    Some(b""),
    Some(b"https://shop.example"),
    Some(b"http://shop.example"),
    Some(b"https://shop.example:8443"),
    Some(b"https://SHOP.example"),
    Some(b"https://evil.example"),
    Some(b"https://shop.example.evil.example"),
    Some(b"https://www.shop.example"),
    Some(b"https://trusted.example"),
    Some(b"null"),
    Some(b"file://shop.example"),
    Some(b"https://sh\xf6p.example"),
];
const HOSTS: [Option<&str>; 4] = [
    None,
    Some("shop.example"),
    Some("shop.example:8443"),
    // A proxy has rewritten it.
    Some("127.0.0.1:8000"),
];
const TARGETS: [&str; 2] = ["/order", "https://shop.example/order"];
const TRUSTED: &str = "https://trusted.example";

fn all() -> impl Iterator<Item = Request<Body>> {
    let mut requests = Vec::new();
    for method in METHODS {
        for site in SITES {
            for origin in ORIGINS {
                for host in HOSTS {
                    for target in TARGETS {
                        let mut request = Request::builder().method(method).uri(target);
                        if let Some(site) = site {
                            request = request.header("Sec-Fetch-Site", site);
                        }
                        if let Some(origin) = origin {
                            request = request.header("Origin", origin);
                        }
                        if let Some(host) = host {
                            request = request.header("Host", host);
                        }
                        requests.push(request.body(Body::empty()).unwrap());
                    }
                }
            }
        }
    }
    requests.into_iter()
}

fn ours(request: &Request<Body>) -> Result<(), CsrfError> {
    let source = Source::of(request.method(), request.uri(), request.headers());
    check_source(&source, &[TRUSTED])
}

#[tokio::test]
async fn every_combination_ends_as_with_tower_https_layer() {
    let layer = CsrfLayer::new().add_trusted_origin(TRUSTED).unwrap();
    let answer = async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty()));
    let theirs = layer.layer(service_fn(answer));
    let mut refused = 0;
    for request in all() {
        let what = format!("{request:?}");
        let passes = ours(&request).is_ok();
        refused += usize::from(!passes);
        let answer = theirs.clone().oneshot(request).await.unwrap();
        assert_eq!(passes, answer.status() == 200, "{what}");
    }
    assert!(refused > 2000, "{refused}");
}

/// The rules in plain words, for what a browser really sends.
#[test]
fn what_browsers_send() {
    let post = |site: Option<&str>, origin: Option<&str>| {
        let mut source = Source::new("POST");
        source.host = Some(b"shop.example");
        source.sec_fetch_site = site.map(str::as_bytes);
        source.origin = origin.map(str::as_bytes);
        check_source(&source, &[TRUSTED])
    };
    let (own, evil) = (Some("https://shop.example"), Some("https://evil.example"));
    // The site's own form; a bookmark; a client that is no browser; an old browser.
    assert_eq!(post(Some("same-origin"), own), Ok(()));
    assert_eq!(post(Some("none"), Some("null")), Ok(()));
    assert_eq!(post(None, None), Ok(()));
    assert_eq!(post(None, own), Ok(()));
    assert_eq!(post(Some("cross-site"), Some(TRUSTED)), Ok(()));
    for site in ["cross-site", "same-site"] {
        let error = post(Some(site), own).unwrap_err();
        assert!(error.to_string().contains(site), "{error}");
    }
    let error = post(None, evil).unwrap_err();
    assert!(error.to_string().contains("evil.example"), "{error}");
    assert!(post(None, Some("null")).is_err());
}
