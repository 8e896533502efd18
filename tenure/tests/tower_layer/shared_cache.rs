//! Sites behind a cache that all visitors share.

use std::collections::HashMap;

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, header},
    routing::{MethodRouter, get},
};
use tenure::{LazySession, Session, SessionError, Settings, testing};

use crate::site::{Seen, Site, request, routes, send};

/// Keeps every answer to a GET that does not forbid it, and answers with it whoever sends the same in what `Vary` names (RFC 9111,
/// section 4.1). That it keeps `Set-Cookie` too is what many did.
#[derive(Default)]
struct SharedCache {
    kept: HashMap<String, Vec<Kept>>,
    hits: usize,
}

struct Kept {
    /// The names in `Vary`, with what the request had there.
    varies: Vec<(String, Vec<String>)>,
    headers: HeaderMap,
    body: String,
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

fn list(headers: &HeaderMap, name: &header::HeaderName) -> Vec<String> {
    let text = values(headers, name.as_str()).join(",").to_lowercase();
    let words = text.split(',').map(|word| word.trim().to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

impl SharedCache {
    async fn get(&mut self, app: &Router, path: &str, headers: &[(&'static str, &str)]) -> Seen {
        let mut request = request("GET", path, &[]);
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let sent = request.headers().clone();
        let here = self.kept.entry(path.to_owned()).or_default();
        let fits = |kept: &&Kept| {
            let mut varies = kept.varies.iter();
            varies.all(|(name, had)| *had == values(&sent, name))
        };
        if let Some(kept) = here.iter().find(fits) {
            self.hits += 1;
            return Seen {
                status: 200,
                headers: kept.headers.clone(),
                body: kept.body.clone(),
            };
        }
        let seen = send(app, request).await;
        let control = list(&seen.headers, &header::CACHE_CONTROL);
        let vary = list(&seen.headers, &header::VARY);
        let forbidden = |word: &String| word == "no-store" || word == "private";
        if seen.status == 200 && !control.iter().any(forbidden) && !vary.contains(&"*".to_owned()) {
            let varies = vary.into_iter().map(|name| {
                let had = values(&sent, &name);
                (name, had)
            });
            here.push(Kept {
                varies: varies.collect(),
                headers: seen.headers.clone(),
                body: seen.body.clone(),
            });
        }
        seen
    }
}

fn name(session: &Session) -> String {
    session.get_json("name").unwrap_or_default()
}

/// Pages that look at the session in every way there is, and are one user's.
fn pages() -> Vec<(&'static str, MethodRouter)> {
    /// A page whose handler loads the session, looks at it so, and ends.
    macro_rules! looks {
        ($path:literal, $look:expr) => {
            (
                $path,
                get(async |session: Session| {
                    let look: fn(&Session) -> bool = $look;
                    look(&session);
                    name(&session)
                }),
            )
        };
    }
    vec![
        looks!("/pages/len", |session| session.len() == 1),
        looks!("/pages/is-empty", Session::is_empty),
        looks!("/pages/contains", |session| session.contains_key("name")),
        looks!("/pages/keys", |session| session.keys().is_empty()),
        looks!("/pages/get", |session| session.get::<u32>("x").is_ok()),
        looks!("/pages/key", |session| session.key().is_some()),
        looks!("/pages/age", |session| session.expiry_age() > 0),
        looks!("/pages/close", Session::expires_at_browser_close),
        (
            "/pages/lazy",
            get(async |lazy: LazySession| name(&lazy.load().await.unwrap())),
        ),
        (
            "/pages/write",
            get(async |session: Session| {
                session.update("seen", |seen: Option<u32>| seen.unwrap_or(0) + 1)?;
                Ok::<_, SessionError>(name(&session))
            }),
        ),
        (
            "/pages/public",
            get(async |session: Session| {
                let control = [(header::CACHE_CONTROL, "public, max-age=600")];
                (control, name(&session))
            }),
        ),
    ]
}

async fn site_of_two(settings: &Settings) -> (Site, [String; 2]) {
    let named = async |Path(name): Path<String>, session: Session| session.insert("name", name);
    let mut app = routes().route("/name/{name}", get(named));
    for (path, page) in pages() {
        app = app.route(path, page);
    }
    let site = Site::with(settings, app);
    let ada = site.get("/name/ada", "").await.cookie().unwrap();
    let bob = site.get("/name/bob", "").await.cookie().unwrap();
    (site, [ada, bob])
}

#[tokio::test]
async fn r14_whatever_a_page_looks_at_no_cache_gives_it_to_somebody_else() {
    for no_store in [false, true] {
        let mut settings = testing::settings();
        settings.no_store = no_store;
        let (site, [ada, bob]) = site_of_two(&settings).await;
        let mut cache = SharedCache::default();
        for (path, _) in pages() {
            for (cookie, expected) in [
                ("", ""),
                (&*ada, "\"ada\""),
                (&bob, "\"bob\""),
                (&ada, "\"ada\""),
                ("", ""),
            ] {
                let seen = cache.get(&site.app, path, &[("cookie", cookie)]).await;
                assert_eq!(seen.body, expected, "{path}");
                let given = seen.cookie();
                assert!(given.is_none_or(|given| given != ada && given != bob || given == cookie));
            }
        }
        assert!(cache.hits > 10, "it does keep pages: {}", cache.hits);
    }
}

#[tokio::test]
async fn r14_a_page_that_never_looks_at_its_session_gives_out_no_cookie_where_each_request_saves() {
    let mut settings = testing::settings();
    settings.save_every_request = true;
    let (site, [ada, bob]) = site_of_two(&settings).await;
    let mut cache = SharedCache::default();
    for cookie in [&*ada, &bob, ""] {
        let seen = cache.get(&site.app, "/plain", &[("cookie", cookie)]).await;
        let given = seen.cookie().unwrap_or_default();
        assert_eq!(given, cookie);
    }
}

#[tokio::test]
async fn r14_strict_settings_keep_every_response_with_the_cookie_out_of_caches() {
    let control = |value: &'static str| {
        get(async move |session: Session| {
            session.insert("cart", 1).unwrap();
            ([(header::CACHE_CONTROL, value)], "")
        })
    };
    let routes = routes()
        .route("/public", control("public, max-age=600"))
        .route("/own", control("No-Store, max-age=0"));
    let django = Site::new();
    assert!(
        django
            .get("/write", "")
            .await
            .all("cache-control")
            .is_empty(),
        "as Django, to the byte"
    );
    let mut settings = Settings::strict();
    settings.secret_key = testing::settings().secret_key;
    let site = Site::with(&settings, routes);
    let seen = site.get("/write", "").await;
    assert_eq!(seen.all("cache-control"), ["private, no-store"]);
    let cookie = seen.cookie().unwrap();
    let seen = site.get("/read", &cookie).await;
    assert!(seen.all("cache-control").is_empty(), "no cookie, no word");
    assert_eq!(seen.all("vary"), ["Cookie"]);
    let seen = site.get("/public", "").await;
    assert_eq!(seen.all("cache-control"), ["private, no-store"]);
    let seen = site.get("/own", "").await;
    assert_eq!(seen.all("cache-control"), ["No-Store, max-age=0"]);
    let seen = site.post("/log-out", &cookie).await;
    assert_eq!(seen.all("cache-control"), ["private, no-store"]);
}

#[tokio::test]
async fn r14_keys_in_headers_vary_too() {
    let mut settings = testing::settings();
    settings.transports = vec![tenure::settings::Transport::Header];
    let (name, pages) = ("/name", routes());
    let pages = pages.route(
        name,
        get(async |session: Session| session.get_json("cart").unwrap_or_default()),
    );
    let site = Site::with(&settings, pages);
    let mut cache = SharedCache::default();
    let seen = site.get("/write", "").await;
    let token = seen.all("x-session-token")[0].to_owned();
    let bearer = format!("Bearer {token}");
    for (header, value, expected) in [
        ("x-session-token", "", ""),
        ("x-session-token", &*token, "1"),
        ("authorization", &bearer, "1"),
        ("authorization", "Bearer 0123456789", ""),
        ("x-session-token", "0123456789", ""),
    ] {
        let seen = cache.get(&site.app, name, &[(header, value)]).await;
        assert_eq!(seen.body, expected, "{header}");
    }
}
