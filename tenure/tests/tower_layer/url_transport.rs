//! Keys in the URL, as a visitor without cookies sees them.

use axum::{
    Router,
    body::Body,
    extract::RawQuery,
    http::{Request, Response, Uri},
    response::{IntoResponse, Redirect},
    routing::{get, post},
};
use http_body_util::BodyExt as _;
use tenure::{
    Session, SessionError, SessionLayer, Sessions, Settings,
    settings::{Transport, UrlPlace},
    testing::{self, MemoryStore},
};
use tower::{Layer as _, ServiceExt as _};

use crate::site::{Seen, Site, request, routes, send};

fn in_url(place: UrlPlace) -> Settings {
    let mut settings = testing::settings();
    settings.transports = vec![Transport::Url];
    settings.url_place = place;
    settings
}

async fn page(session: Session, uri: Uri) -> String {
    format!("{uri} {}", session.url("/cart?page=2#top"))
}

async fn log_in(session: Session) -> Result<Redirect, SessionError> {
    session.cycle_key().await?;
    session.insert("user", 7)?;
    Ok(Redirect::to("/page?welcome"))
}

async fn leave() -> Redirect {
    Redirect::to("https://elsewhere.example/")
}

/// Sends everybody to a login page who is not logged in, and everybody else on.
async fn private(session: Session) -> Result<Response<Body>, SessionError> {
    Ok(match session.get::<u32>("user")? {
        None => Redirect::to("/form").into_response(),
        Some(_) => "private".into_response(),
    })
}

fn pages() -> Router {
    routes()
        .route("/page", get(page))
        .route("/enter", post(log_in))
        .route("/leave", get(leave))
        .route("/moved", get(async || Redirect::permanent("/page")))
        .route("/private", get(private))
        .route("/form", get("please log in"))
}

/// As `Seen::of`, for pages and redirects that are meant to hold a key.
async fn read(response: Response<Body>) -> Seen {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Seen {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// A visitor who follows redirects, and knows the URL alone.
struct Visitor<App> {
    app: App,
    url: String,
}

impl<App> Visitor<App>
where
    App: tower::Service<Request<Body>, Response = Response<Body>, Error = std::convert::Infallible>
        + Clone,
{
    async fn send(&mut self, method: &str, url: &str) -> Seen {
        self.url = url.to_owned();
        let mut method = method;
        for _ in 0..5 {
            let request = request(method, &self.url, &[]);
            let response = self.app.clone().oneshot(request).await.unwrap();
            let seen = read(response).await;
            assert!(seen.all("set-cookie").is_empty());
            if self.url.contains("sid=") {
                assert_eq!(seen.all("referrer-policy"), ["no-referrer"], "{seen:?}");
                assert_eq!(seen.all("cache-control"), ["private, no-store"]);
            }
            match seen.all("location")[..] {
                [location] if location.starts_with('/') => location.clone_into(&mut self.url),
                _ => return seen,
            }
            method = "GET";
        }
        panic!("redirects go on for ever: {}", self.url);
    }
}

#[tokio::test]
async fn a_visitor_without_cookies_is_known_by_the_url() {
    for place in [UrlPlace::Query, UrlPlace::Path] {
        let sessions = Sessions::new(MemoryStore::default(), &in_url(place)).unwrap();
        // Around the router, so that it sees paths without the key.
        let app = SessionLayer::from(sessions).layer(pages());
        let url = String::new();
        let mut visitor = Visitor { app, url };
        let seen = visitor.send("POST", "/enter").await;
        let (handler_saw, link) = seen.body.split_once(' ').unwrap();
        assert_eq!(handler_saw, "/page?welcome", "no handler or log sees it");
        let key = match place {
            UrlPlace::Query => link.strip_prefix("/cart?page=2&sid="),
            _ => link.strip_prefix("/~sid="),
        };
        let key = &key.unwrap()[..32];
        assert!(visitor.url.contains(key) && link.ends_with("#top"));
        let with_key = |path: &str| match place {
            UrlPlace::Query => format!("{path}?sid={key}"),
            _ => format!("/~sid={key}{path}"),
        };

        assert_eq!(
            visitor.send("GET", &with_key("/private")).await.body,
            "private"
        );
        let seen = visitor.send("GET", &with_key("/moved")).await;
        assert!(seen.body.contains(key), "a redirect keeps the session");
        let seen = visitor.send("GET", &with_key("/leave")).await;
        assert_eq!(seen.all("location"), ["https://elsewhere.example/"]);

        visitor.send("POST", &with_key("/log-out")).await;
        let seen = visitor.send("GET", &with_key("/private")).await;
        assert_eq!(seen.body, "please log in");
        assert_eq!(visitor.url, "/form", "a dead key is not carried on");
        let seen = visitor.send("GET", &with_key("/page")).await;
        assert_eq!(seen.body, "/page /cart?page=2#top");
    }
}

#[tokio::test]
async fn a_new_session_in_the_url_is_kept_out_of_caches_and_referers() {
    let site = Site::with(&in_url(UrlPlace::Query), pages());
    let seen = site.get("/save-and-write", "").await;
    assert_eq!(seen.all("referrer-policy"), ["no-referrer"]);
    assert_eq!(seen.all("cache-control"), ["private, no-store"]);
    let seen = site.get("/plain", "").await;
    assert!(seen.all("referrer-policy").is_empty());
    assert!(seen.all("cache-control").is_empty());
}

#[tokio::test]
async fn r03_a_key_that_a_stranger_made_up_is_never_taken_up() {
    let site = Site::with(&in_url(UrlPlace::Query), pages());
    let invented = "0123456789abcdefghijklmnopqrstuv";
    for path in ["/write", "/save-and-write"] {
        site.get(&format!("{path}?sid={invented}"), "").await;
    }
    let rows = site.stage.rows().await;
    assert_eq!(rows.len(), 2);
    assert!(!rows.contains(&invented.to_owned()));
}

#[tokio::test]
async fn r13_of_two_live_keys_in_a_url_neither_counts() {
    let site = Site::with(&in_url(UrlPlace::Query), pages());
    site.get("/write", "").await;
    site.get("/write", "").await;
    let [one, two] = &site.stage.rows().await[..] else {
        panic!("two sessions");
    };
    let read = async |query: String| site.get(&format!("/read?{query}"), "").await.body;
    assert_eq!(read(format!("sid={one}&sid={two}")).await, "cart None");
    assert_eq!(read(format!("sid={one}&sid={one}")).await, "cart Some(1)");
    assert_eq!(
        read(format!("sid=0123456789&sid={two}")).await,
        "cart Some(1)"
    );
    let many: Vec<_> = (0..5)
        .map(|number| format!("sid=tossed-{number}"))
        .collect();
    site.stage.take_calls();
    assert_eq!(read(many.join("&")).await, "cart None");
    assert!(site.stage.take_calls().is_empty());
}

#[tokio::test]
async fn r15_no_key_in_the_url_is_looked_at_by_default() {
    let pages = pages().route(
        "/query",
        get(async |RawQuery(query): RawQuery| query.unwrap_or_default()),
    );
    let site = Site::with(&testing::settings(), pages);
    let cookie = site.visitor().await;
    let (_, key) = cookie.split_once('=').unwrap();
    site.stage.take_calls();
    let seen = site.get(&format!("/read?sid={key}"), "").await;
    assert_eq!(seen.body, "cart None");
    assert!(seen.all("referrer-policy").is_empty());
    assert!(site.stage.take_calls().is_empty());
    let seen = site.get("/query?sid=3", "").await;
    assert_eq!(seen.body, "sid=3", "the parameter is the handler's own");
    let seen = site.get("/page", &cookie).await;
    assert_eq!(seen.body, "/page /cart?page=2#top", "links are left alone");
}

#[tokio::test]
async fn r15_a_link_cannot_move_a_visitor_with_a_cookie_to_another_session() {
    let mut settings = testing::settings();
    settings.transports = vec![Transport::Url, Transport::Cookie];
    let site = Site::with(&settings, pages());
    site.get("/write", "").await;
    let planted = site.stage.rows().await.pop().unwrap();
    let link = |path: &str| format!("{path}?sid={planted}");
    assert_eq!(site.get(&link("/read"), "").await.body, "cart Some(1)");

    settings.transports = vec![Transport::Cookie, Transport::Url];
    let sessions = Sessions::new(site.stage.clone(), &settings).unwrap();
    let app = pages().layer(SessionLayer::from(sessions));
    let seen = send(&app, request("GET", "/write", &[])).await;
    let cookie = seen.cookie().unwrap();
    let seen = send(&app, request("GET", &link("/write"), &[cookie.as_bytes()])).await;
    assert_eq!(seen.body, "cart Some(2)", "the cookie's session");
    assert_eq!(seen.all("referrer-policy"), ["no-referrer"]);
    let seen = send(&app, request("GET", &link("/page"), &[cookie.as_bytes()])).await;
    assert_eq!(seen.body, "/page /cart?page=2#top");
}
