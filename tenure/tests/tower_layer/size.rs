//! How large a session may become.

use axum::{body::Bytes, routing::post};
use tenure::{LazySession, Session, SessionError, Settings, testing};

use crate::site::{Answer, Site, request, routes, send};

const MIB: usize = 1 << 20;

/// Keeps what was sent.
async fn keep(session: Session, body: Bytes) -> Answer {
    session.insert("kept", String::from_utf8_lossy(&body))?;
    Ok("kept".into())
}

/// A key for each byte.
async fn many(session: Session, body: Bytes) -> Answer {
    session.extend((0..body.len()).map(|number| (format!("key{number}"), number)))?;
    Ok("kept".into())
}

fn site(settings: &Settings) -> Site {
    let routes = routes()
        .route("/keep", post(keep))
        .route("/many", post(many))
        .layer(axum::extract::DefaultBodyLimit::disable());
    Site::with(settings, routes)
}

impl Site {
    async fn send_bytes(&self, path: &str, cookie: &str, count: usize) -> crate::site::Seen {
        let (head, _) = request("POST", path, &[cookie.as_bytes()]).into_parts();
        let body = axum::body::Body::from("a".repeat(count));
        send(&self.app, axum::http::Request::from_parts(head, body)).await
    }

    async fn loaded(&self, cookie: &str) -> Session {
        let lazy: LazySession = self.sessions.begin([cookie.as_bytes()]);
        lazy.load().await.unwrap()
    }
}

/// A table says no before the store is asked, and what was there stays.
#[tokio::test]
async fn a_megabyte_is_refused_and_the_stored_session_stays() {
    let site = site(&testing::settings());
    let cookie = site.visitor().await;
    site.stage.take_calls();
    let seen = site.send_bytes("/keep", &cookie, MIB).await;
    assert_eq!(seen.status, 500, "{seen:?}");
    assert!(seen.body.contains("too large to be kept"), "{seen:?}");
    assert_eq!(seen.cookie(), None);
    assert_eq!(site.stage.take_calls(), ["load"]);
    assert_eq!(site.get("/read", &cookie).await.body, "cart Some(1)");

    // A stranger gets no session for it.
    let seen = site.send_bytes("/keep", "", MIB).await;
    assert_eq!((seen.status, seen.cookie()), (500, None));
    assert_eq!(site.stage.rows().await.len(), 1);
}

#[tokio::test]
async fn the_error_names_size_and_limit_and_what_to_do() {
    let mut settings = testing::settings();
    settings.max_size = 2000;
    let site = site(&settings);
    let cookie = site.visitor().await;
    // `{"cart":1,"kept":"…"}`
    let around = 20;
    let session = site.loaded(&cookie).await;
    session.insert("kept", "a".repeat(2001 - around)).unwrap();
    for saved in [session.save().await, session.cycle_key().await] {
        let error = saved.unwrap_err();
        let expected = "the session has 2001 bytes and may have 2000: keep what is large elsewhere and its id in the session, or raise \
                        `TENURE_MAX_SIZE`";
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.status(), 500);
        assert!(matches!(
            error,
            SessionError::TooLarge {
                size: 2001,
                limit: 2000
            }
        ));
    }
    // What is not needed any more can go, and then it is saved; to the byte.
    session.insert("kept", "a".repeat(2000 - around)).unwrap();
    session.save().await.unwrap();
    let kept: Option<String> = site.loaded(&cookie).await.get("kept").unwrap();
    assert_eq!(kept.map(|kept| kept.len()), Some(2000 - around));
}

#[tokio::test]
async fn a_session_holds_only_so_many_keys() {
    let mut settings = testing::settings();
    settings.max_keys = Some(1000);
    let site = site(&settings);
    let cookie = site.visitor().await;
    let seen = site.send_bytes("/many", &cookie, 1000).await;
    assert_eq!((seen.status, seen.cookie()), (500, None));
    assert_eq!(site.loaded(&cookie).await.keys(), ["cart"]);
    let seen = site.send_bytes("/many", &cookie, 999).await;
    assert_eq!(seen.status, 200, "{seen:?}");

    let session = site.loaded(&cookie).await;
    session.insert("one more", 1).unwrap();
    let error = session.save().await.unwrap_err();
    let expected = "the session has 1001 keys and may have 1000: keep a list or map under one key, remove those that nobody reads, or raise \
                    `TENURE_MAX_KEYS`";
    assert_eq!(error.to_string(), expected);
    assert!(matches!(
        error,
        SessionError::TooManyKeys {
            keys: 1001,
            limit: 1000
        }
    ));
    assert_eq!(Settings::strict().max_keys, Some(1000));
    assert_eq!(Settings::django().max_keys, None);
}

/// What two requests add at once counts together.
#[tokio::test]
async fn a_merge_that_becomes_too_large_is_refused_too() {
    let mut settings = testing::settings();
    settings.max_keys = Some(10);
    let site = site(&settings);
    let cookie = site.visitor().await;
    let (one, two) = (site.loaded(&cookie).await, site.loaded(&cookie).await);
    one.extend((0..5).map(|number| (format!("one{number}"), number)))
        .unwrap();
    two.extend((0..5).map(|number| (format!("two{number}"), number)))
        .unwrap();
    one.save().await.unwrap();
    let error = two.save().await.unwrap_err();
    assert!(
        matches!(
            error,
            SessionError::TooManyKeys {
                keys: 11,
                limit: 10
            }
        ),
        "{error}"
    );
    assert_eq!(site.loaded(&cookie).await.len(), 6);
}
