//! `Vary`, `Set-Cookie`, and the cookies of requests.

use axum::{
    Router,
    extract::Request,
    http::HeaderValue,
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use tenure::{LazySession, Session, SessionLayer, testing};

use crate::site::{Site, request, routes, send};

#[tokio::test]
async fn a_route_without_session_is_answered_as_if_there_were_no_layer() {
    let site = Site::new();
    let cookie = site.visitor().await;
    let bare = send(&routes(), request("GET", "/plain", &[])).await;
    site.stage.take_calls();
    for cookie in ["", &cookie, "sessionid=0123456789abcdef", "theme=dark"] {
        let seen = site.get("/plain", cookie).await;
        assert_eq!(seen.status, bare.status);
        assert_eq!(seen.headers, bare.headers, "{cookie}");
        assert_eq!(seen.body, bare.body);
    }
    assert!(site.stage.take_calls().is_empty(), "no store call either");
}

#[tokio::test]
async fn looking_at_the_handle_alone_is_no_access() {
    let site = Site::new();
    let cookie = site.visitor().await;
    site.stage.take_calls();
    let seen = site.get("/lazy", &cookie).await;
    assert!(seen.all("vary").is_empty());
    assert!(site.stage.take_calls().is_empty());
}

#[tokio::test]
async fn every_access_makes_the_response_vary_by_cookie() {
    let site = Site::new();
    let cookie = site.visitor().await;
    for path in ["/read", "/write", "/save-and-write", "/write-and-fail"] {
        for cookie in ["", &cookie] {
            let seen = site.get(path, cookie).await;
            assert_eq!(seen.all("vary"), ["Cookie"], "{path} {cookie}");
        }
    }
}

#[tokio::test]
async fn vary_is_added_to_what_stands_there() {
    for (present, expected) in [
        (&["Accept"][..], &["Accept, Cookie"][..]),
        (&["Accept", "Origin"], &["Accept, Origin, Cookie"]),
        (&["accept, COOKIE"], &["accept, COOKIE"]),
        (&["*"], &["*"]),
        (&["Accept", "*"], &["Accept", "*"]),
        (&[""], &["Cookie"]),
        (&["X-Cookie-Jar"], &["X-Cookie-Jar, Cookie"]),
    ] {
        let handler = async move |session: Session| {
            session.len();
            let mut response = Response::new(String::new());
            for value in present {
                response
                    .headers_mut()
                    .append("vary", HeaderValue::from_static(value));
            }
            response
        };
        let site = Site::with(&testing::settings(), Router::new().route("/", get(handler)));
        let seen = site.get("/", "").await;
        assert_eq!(seen.all("vary"), expected, "{present:?}");
    }
}

#[tokio::test]
async fn set_cookie_is_sent_once_and_beside_those_of_the_handler() {
    let site = Site::new();
    let seen = site.get("/save-and-write", "").await;
    let cookie = seen.cookie().unwrap();
    assert_eq!(site.stage.rows().await.len(), 1);
    assert_eq!(site.get("/read", &cookie).await.body, "cart Some(3)");

    let handler = async |session: Session| {
        session.insert("cart", 1).unwrap();
        [("set-cookie", "theme=dark"), ("x-page", "shop")]
    };
    let site = Site::with(&testing::settings(), Router::new().route("/", get(handler)));
    let seen = site.get("/", "").await;
    let all = seen.all("set-cookie");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0], "theme=dark");
    assert!(all[1].starts_with("sessionid="));
}

#[tokio::test]
async fn a_route_without_layer_says_what_to_add() {
    let seen = send(&routes(), request("GET", "/read", &[])).await;
    assert_eq!(seen.status, 500);
    assert!(
        seen.body.contains("add `SessionLayer` to the router"),
        "{}",
        seen.body
    );
    assert_eq!(seen.all("content-type"), ["text/plain; charset=utf-8"]);
}

#[tokio::test]
async fn an_optional_handle_is_none_without_layer() {
    let app: Router = Router::new().route(
        "/",
        get(async |lazy: Option<LazySession>| lazy.is_some().to_string()),
    );
    let without = send(&app, request("GET", "/", &[])).await;
    assert_eq!(without.body, "false");
    let site = Site::with(&testing::settings(), app);
    assert_eq!(site.get("/", "").await.body, "true");
}

#[tokio::test]
async fn middleware_finds_the_session_in_the_extensions_and_shares_it_with_the_handler() {
    async fn count(request: Request, next: Next) -> Response {
        let lazy = request.extensions().get::<LazySession>().cloned().unwrap();
        let response = next.run(request).await;
        let session = lazy.load().await.unwrap();
        session
            .update("pages", |pages: Option<u32>| pages.unwrap_or(0) + 1)
            .unwrap();
        response
    }
    let site = Site::with(&testing::settings(), routes().layer(from_fn(count)));
    let mut cookie = site.visitor().await;
    site.stage.take_calls();
    let seen = site.get("/write", &cookie).await;
    assert_eq!(site.stage.take_calls(), ["load", "save"], "one session");
    cookie = seen.cookie().unwrap();
    site.get("/plain", &cookie).await;
    let (_, key) = cookie.split_once('=').unwrap();
    let session = site.sessions.session(key).load().await.unwrap();
    assert_eq!(session.get::<u32>("pages").unwrap(), Some(3));
    assert_eq!(session.get::<u32>("cart").unwrap(), Some(2));
}

#[tokio::test]
async fn two_layers_are_two_sessions_that_do_not_mix() {
    let mut settings = testing::settings();
    settings.cookie_name = "inner".into();
    let inner = testing::sessions(&settings).unwrap();
    let site = Site::with(
        &testing::settings(),
        routes().layer(SessionLayer::from(inner)),
    );
    let seen = site.get("/write", "").await;
    let cookie = seen.cookie().unwrap();
    assert!(cookie.starts_with("inner="), "{cookie}");
    assert!(site.stage.rows().await.is_empty());
}

#[tokio::test]
async fn our_cookie_is_found_among_all_that_browsers_send() {
    let site = Site::new();
    let ours = site.visitor().await;
    let ours = ours.as_bytes();
    let split: [&[u8]; 3] = [b"theme=dark", ours, b"lang=fr; sessionid2=x"];
    let seen = send(&site.app, request("GET", "/read", &split)).await;
    assert_eq!(seen.body, "cart Some(1)", "split over several headers");
    for header in [
        [b"a=\xff\xfe; ".as_slice(), ours].concat(),
        [ours, b"; b=\xe2\x28\xa1"].concat(),
        [b"\xff=; ;;=; ".as_slice(), ours, b";"].concat(),
        [b"%73essionid=0123456789; ".as_slice(), ours].concat(),
        [b"sessionid=0123456789abcdef; ".as_slice(), ours].concat(),
        [ours, b"; sessionid=0123456789abcdef"].concat(),
        [ours, b"; ".as_slice(), ours].concat(),
        [b"sessionid=; ".as_slice(), ours].concat(),
    ] {
        let seen = send(&site.app, request("GET", "/read", &[&header])).await;
        assert_eq!(seen.body, "cart Some(1)", "{}", header.escape_ascii());
        assert_eq!(seen.cookie(), None, "{}", header.escape_ascii());
    }
}

#[tokio::test]
async fn a_cookie_header_of_a_megabyte_is_not_looked_into() {
    let site = Site::new();
    let ours = site.visitor().await;
    for long in [
        format!("{ours}; x={}", "y".repeat(1 << 20)),
        format!("{ours}; {}", "a=b; ".repeat(200_000)),
        format!("{ours}; {}", "sessionid=x; ".repeat(80_000)),
    ] {
        site.stage.take_calls();
        let seen = send(&site.app, request("GET", "/read", &[long.as_bytes()])).await;
        assert_eq!((seen.status, seen.body.as_str()), (200, "cart None"));
        assert_eq!(seen.cookie(), None);
        assert!(site.stage.take_calls().is_empty());
    }
}

#[tokio::test]
async fn of_two_live_sessions_in_one_request_neither_counts() {
    let site = Site::new();
    let (ours, planted) = (site.visitor().await, site.visitor().await);
    for both in [format!("{ours}; {planted}"), format!("{planted}; {ours}")] {
        let seen = site.get("/read", &both).await;
        assert_eq!(seen.body, "cart None");
        assert_eq!(seen.cookie(), None, "neither is taken from the visitor");
        let seen = site.get("/write", &both).await;
        let fresh = seen.cookie().unwrap();
        assert!(fresh != ours && fresh != planted);
    }
    for each in [&ours, &planted] {
        assert_eq!(site.get("/read", each).await.body, "cart Some(1)");
    }
}
