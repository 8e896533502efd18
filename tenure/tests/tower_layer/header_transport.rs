//! Keys in headers, as a program that calls an API sees them.

use std::sync::{Arc, Mutex};

use axum::{Router, http::Request, routing::get};
use tenure::{
    Session, Sessions, Settings,
    events::{Events, SessionTag, Suspicion},
    settings::Transport,
    testing::{self, MemoryStore},
};

use crate::{
    site::{Seen, Site, request, routes, send},
    stage::Stage,
};

const TOKEN: &str = "x-session-token";

fn with(transports: &[Transport]) -> Settings {
    let mut settings = testing::settings();
    settings.transports = transports.to_vec();
    settings
}

/// A program that sends back what it was given last.
struct Client<'a> {
    site: &'a Site,
    token: String,
}

impl<'a> Client<'a> {
    fn new(site: &'a Site) -> Self {
        let token = String::new();
        Self { site, token }
    }

    async fn send(&mut self, method: &str, path: &str) -> Seen {
        let mut request = request(method, path, &[]);
        let token = self.token.parse().unwrap();
        request.headers_mut().insert(TOKEN, token);
        let seen = send(&self.site.app, request).await;
        assert!(seen.all("set-cookie").is_empty(), "{path}: {seen:?}");
        if let [token] = seen.all(TOKEN)[..] {
            token.clone_into(&mut self.token);
        }
        seen
    }
}

async fn ask(site: &Site, path: &str, headers: &[(&str, &str)]) -> Seen {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(&site.app, request.body(axum::body::Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_program_sends_back_what_it_was_given_last() {
    let site = Site::with(&with(&[Transport::Cookie, Transport::Header]), routes());
    let mut client = Client::new(&site);
    let seen = client.send("GET", "/read").await;
    assert_eq!(seen.body, "cart None");
    assert!(seen.all(TOKEN).is_empty(), "nothing is stored yet");

    let seen = client.send("GET", "/write").await;
    assert_eq!(seen.all(TOKEN), [&client.token]);
    assert_eq!(client.token.len(), 32);
    assert_eq!(seen.all("cache-control"), ["private, no-store"]);
    assert_eq!(
        seen.all("vary"),
        ["Cookie, Authorization, X-Session-Token"],
        "all that the session may come by"
    );

    let seen = client.send("GET", "/write").await;
    assert_eq!(seen.body, "cart Some(2)");
    assert!(seen.all(TOKEN).is_empty(), "it knows the key");
    assert_eq!(seen.all("cache-control"), ["private, no-store"]);
    let bearer = format!("Bearer {}", client.token);
    let seen = ask(&site, "/read", &[("authorization", &bearer)]).await;
    assert_eq!(seen.body, "cart Some(2)");

    let before = client.token.clone();
    client.send("POST", "/log-in").await;
    assert_ne!(client.token, before);
    let seen = ask(&site, "/read", &[(TOKEN, &before)]).await;
    assert_eq!(seen.body, "cart None", "the key from before login is dead");
    assert_eq!(client.send("GET", "/read").await.body, "cart Some(2)");

    let ended = client.token.clone();
    let seen = client.send("POST", "/log-out").await;
    assert_eq!(seen.all(TOKEN), [""], "the session has ended");
    assert!(site.stage.rows().await.is_empty());
    let seen = ask(&site, "/read", &[(TOKEN, &ended)]).await;
    assert_eq!(
        (seen.body.as_str(), seen.all(TOKEN)),
        ("cart None", vec![""])
    );
    assert_eq!(client.send("GET", "/write").await.body, "cart Some(1)");
    assert_ne!(client.token, ended);
}

#[tokio::test]
async fn a_route_without_session_is_answered_as_if_there_were_no_layer() {
    let site = Site::with(&with(&[Transport::Header]), routes());
    let mut client = Client::new(&site);
    client.send("GET", "/write").await;
    site.stage.take_calls();
    let bare = send(&routes(), request("GET", "/plain", &[])).await;
    assert_eq!(client.send("GET", "/plain").await.headers, bare.headers);
    assert!(site.stage.take_calls().is_empty());
}

#[tokio::test]
async fn a_key_is_prolonged_without_being_told_again() {
    let mut settings = with(&[Transport::Header]);
    settings.save_every_request = true;
    let site = Site::with(&settings, routes());
    let mut client = Client::new(&site);
    client.send("GET", "/write").await;
    site.stage.take_calls();
    let seen = client.send("GET", "/plain").await;
    assert_eq!(site.stage.take_calls(), ["load", "touch"]);
    assert!(seen.all(TOKEN).is_empty());
    assert_eq!(seen.all("cache-control"), ["private, no-store"]);
}

#[tokio::test]
async fn a_new_session_travels_as_the_request_asks_and_else_as_the_first_transport() {
    let (cookie, header) = (Transport::Cookie, Transport::Header);
    for (transports, sent, expected) in [
        (&[cookie, header][..], &[][..], cookie),
        (&[cookie, header], &[(TOKEN, "")], header),
        (&[cookie, header], &[("authorization", "Bearer")], header),
        (
            &[cookie, header],
            &[("authorization", "Basic YTpi")],
            cookie,
        ),
        (&[cookie, header], &[("cookie", "sessionid=")], cookie),
        (&[header, cookie], &[], header),
        (
            &[header, cookie],
            &[("cookie", "sessionid=unknown-key")],
            cookie,
        ),
        (&[header], &[("cookie", "sessionid=unknown-key")], header),
        (&[header], &[], header),
        (&[cookie], &[(TOKEN, "")], cookie),
    ] {
        let site = Site::with(&with(transports), routes());
        let seen = ask(&site, "/write", sent).await;
        let seen = (seen.all("set-cookie").len(), seen.all(TOKEN).len());
        let expected = if expected == cookie { (1, 0) } else { (0, 1) };
        assert_eq!(seen, expected, "{transports:?} {sent:?}");
    }
}

#[tokio::test]
async fn r03_a_key_that_a_stranger_made_up_is_never_taken_up() {
    let site = Site::with(&with(&[Transport::Header]), routes());
    let invented = "0123456789abcdefghijklmnopqrstuv";
    let bearer = format!("Bearer {invented}");
    for header in [(TOKEN, invented), ("authorization", &*bearer)] {
        for path in ["/write", "/save-and-write"] {
            let seen = ask(&site, path, &[header]).await;
            assert_ne!(seen.all(TOKEN), [invented]);
            assert_eq!(seen.all(TOKEN)[0].len(), 32);
        }
    }
    assert!(!site.stage.rows().await.contains(&invented.to_owned()));
    assert_eq!(site.stage.rows().await.len(), 4);
}

#[tokio::test]
async fn r13_of_two_live_keys_in_headers_neither_counts_and_a_dead_one_is_passed_over() {
    let site = Site::with(&with(&[Transport::Header]), routes());
    let (mut one, mut two) = (Client::new(&site), Client::new(&site));
    one.send("GET", "/write").await;
    two.send("GET", "/write").await;
    let bearer = format!("Bearer {}", two.token);
    for both in [
        [(TOKEN, &*one.token), ("authorization", &*bearer)],
        [(TOKEN, &*one.token), (TOKEN, &*two.token)],
    ] {
        let seen = ask(&site, "/read", &both).await;
        assert_eq!(seen.body, "cart None");
        assert!(seen.all(TOKEN).is_empty(), "neither is taken away");
    }
    let dead = [(TOKEN, "0123456789abcdef"), ("authorization", &*bearer)];
    assert_eq!(ask(&site, "/read", &dead).await.body, "cart Some(1)");
}

#[tokio::test]
async fn r15_no_header_is_looked_at_by_default() {
    let site = Site::new();
    let cookie = site.visitor().await;
    let (_, key) = cookie.split_once('=').unwrap();
    site.stage.take_calls();
    let bearer = format!("Bearer {key}");
    for header in [(TOKEN, key), ("authorization", &*bearer)] {
        let seen = ask(&site, "/read", &[header]).await;
        assert_eq!(seen.body, "cart None");
        assert_eq!(seen.all("vary"), ["Cookie"]);
        assert!(seen.all(TOKEN).is_empty());
    }
    assert!(site.stage.take_calls().is_empty());
}

#[derive(Clone, Debug, Default)]
struct Refused(Arc<Mutex<usize>>);

impl Events for Refused {
    fn suspicious(&self, session: Option<SessionTag<'_>>, what: Suspicion) {
        assert_eq!((session.is_some(), what), (true, Suspicion::OtherTransport));
        *self.0.lock().unwrap() += 1;
    }
}

#[tokio::test]
async fn r15_a_key_given_out_on_one_transport_is_refused_on_the_others() {
    let all = [Transport::Cookie, Transport::Header, Transport::Url];
    let stage = Stage::new(MemoryStore::default());
    let site = |first: Transport, refused: &Refused| {
        let mut transports = all.to_vec();
        transports.sort_by_key(|transport| *transport != first);
        let sessions = Sessions::new(stage.clone(), &with(&transports)).unwrap();
        let sessions = sessions.with_events(refused.clone());
        routes().layer(tenure::SessionLayer::from(sessions))
    };
    let present = |transport: Transport, path: &str, key: &str| {
        let request = Request::builder();
        let request = match transport {
            Transport::Cookie => request
                .uri(path)
                .header("cookie", format!("sessionid={key}")),
            Transport::Header => request.uri(path).header(TOKEN, key),
            _ => request.uri(format!("{path}?sid={key}")),
        };
        request.body(axum::body::Body::empty()).unwrap()
    };
    for given in all {
        let refused = Refused::default();
        let app = site(given, &refused);
        send(&app, request("GET", "/write", &[])).await;
        let key = stage.rows().await.pop().unwrap();
        for used in all {
            let seen = send(&app, present(used, "/read", &key)).await;
            let expected = if used == given {
                "cart Some(1)"
            } else {
                "cart None"
            };
            assert_eq!(seen.body, expected, "{given:?} used as {used:?}");
            if used != given {
                send(&app, present(used, "/write", &key)).await;
                send(&app, present(used, "/log-out", &key)).await;
            }
        }
        assert_eq!(*refused.0.lock().unwrap(), 4);
        let seen = send(&app, present(given, "/write", &key)).await;
        assert_eq!(seen.body, "cart Some(2)", "the session itself is as it was");
        for row in stage.rows().await {
            let key = tenure::SessionKey::parse(&row).unwrap();
            tenure::store::SessionStore::delete(&stage, &key)
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn a_session_that_was_cleared_travels_as_before() {
    let clear = async |session: Session| {
        session.clear().unwrap();
        session.insert("cart", 5).unwrap();
    };
    let settings = with(&[Transport::Cookie, Transport::Header]);
    let site = Site::with(&settings, routes().route("/clear", get(clear)));
    let mut client = Client::new(&site);
    client.send("GET", "/write").await;
    client.send("GET", "/clear").await;
    assert_eq!(client.send("GET", "/read").await.body, "cart Some(5)");
    let as_cookie = format!("sessionid={}", client.token);
    assert_eq!(site.get("/read", &as_cookie).await.body, "cart None");
}

#[tokio::test]
async fn a_session_says_how_it_travels() {
    let how = async |session: Session| format!("{:?}", session.transport());
    let settings = with(&[Transport::Cookie, Transport::Header]);
    let site = Site::with(&settings, Router::new().route("/", get(how)));
    assert_eq!(site.get("/", "").await.body, "Cookie");
    assert_eq!(Client::new(&site).send("GET", "/").await.body, "Header");
}
