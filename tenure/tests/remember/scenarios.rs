//! What a token is good for.

use std::time::Duration;

use tenure::{
    Secret, Sessions,
    auth::{self, Remember},
    events::{EndReason, Suspicion},
    settings::AtMaxSessions,
    testing::MemoryStore,
};

use crate::site::{Browser, ID, LATER, PASSWORD, REMEMBER, Site, on_each, strict};

#[tokio::test]
async fn r21_a_session_goes_with_the_browser_and_remembering_is_separate() {
    on_each(async |site| {
        let ada = site.ada().await;
        let mut browser = Browser::default();
        let login = async |session: &_| auth::login(session, &ada).await.unwrap();
        browser.request(site, login).await;
        assert_eq!(browser.set.len(), 1, "who does not ask is not remembered");
        assert!(!browser.set[0].contains("Max-Age") && !browser.set[0].contains("expires"));
        browser.restart();
        assert_eq!(browser.visitor(site).await, None);

        browser.log_in(site).await;
        let [session, remember] = browser.set.as_slice() else {
            panic!("{:?}", browser.set);
        };
        assert!(!session.contains("Max-Age"), "{session}");
        assert!(remember.starts_with("__Host-remember="), "{remember}");
        for part in [
            "HttpOnly",
            "Max-Age=2592000",
            "Path=/",
            "SameSite=Lax",
            "Secure",
        ] {
            assert!(remember.contains(part), "no {part} in {remember}");
        }
        assert!(!remember.contains("Domain"), "{remember}");
        browser.restart();
        assert!(browser.is_ada(site).await);
        browser.log_out(site).await;
        site.sessions.end_all(ada.id()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_token_is_good_for_one_login_and_gives_the_next() {
    on_each(async |site| {
        let mut browser = Browser::remembered(site).await;
        let mut tokens = vec![browser.token().unwrap().to_owned()];
        assert!(browser.is_ada(site).await);
        assert_eq!(
            browser.token(),
            Some(&*tokens[0]),
            "not while the session lasts"
        );
        for _ in 0..3 {
            browser.restart();
            site.system.advance(Duration::from_hours(15 * 24));
            assert!(browser.is_ada(site).await);
            let token = browser.token().unwrap().to_owned();
            assert!(!tokens.contains(&token));
            tokens.push(token);
            assert!(browser.is_ada(site).await);
        }
        assert_eq!(site.browsers().await, 1, "it is one browser all the time");
        browser.log_out(site).await;
        assert_eq!(browser.cookies.len(), 0, "{:?}", browser.set);
        assert_eq!(site.browsers().await, 0);
    })
    .await;
}

#[tokio::test]
async fn r21_a_reused_token_ends_its_family() {
    on_each(async |site| {
        let mut browser = Browser::remembered(site).await;
        browser.restart();
        let mut thief = browser.clone();
        assert!(thief.is_ada(site).await);
        site.system.advance(LATER);
        site.heard.suspicions();
        site.heard.ends();

        assert_eq!(browser.visitor(site).await, None, "the user has to log in");
        assert_eq!(browser.token(), None);
        assert_eq!(site.heard.suspicions(), [Suspicion::RememberedTwice]);
        assert!(site.heard.ends().contains(&EndReason::Revoked));
        assert_eq!(
            thief.visitor(site).await,
            None,
            "the thief's session is over"
        );
        assert_eq!(thief.cookies.len(), 0, "and so is the thief's cookie");
        assert_eq!(site.browsers().await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_thief_who_comes_second_ends_it_too() {
    on_each(async |site| {
        let mut browser = Browser::remembered(site).await;
        let mut elsewhere = Browser::remembered(site).await;
        browser.restart();
        let mut thief = browser.clone();
        assert!(browser.is_ada(site).await);
        site.system.advance(LATER);
        assert_eq!(thief.visitor(site).await, None);
        assert_eq!(browser.visitor(site).await, None);
        elsewhere.restart();
        assert!(
            elsewhere.is_ada(site).await,
            "another browser is another family"
        );
        elsewhere.log_out(site).await;
        site.heard.suspicions();
    })
    .await;
}

#[tokio::test]
async fn r02_a_remembered_login_has_a_new_key_and_keeps_what_was_gathered() {
    on_each(async |site| {
        let mut browser = Browser::remembered(site).await;
        let earlier = browser.cookies[ID].clone();
        // A visit to a page that does not ask who is there.
        let mut cart = Browser::default();
        let add = async |session: &tenure::Session| session.insert("cart", [1]).unwrap();
        cart.request(site, add).await;
        let anonymous = cart.cookies[ID].clone();
        browser.cookies.insert(ID.into(), anonymous.clone());
        assert!(browser.is_ada(site).await);
        let cart = async |session: &tenure::Session| session.get("cart").unwrap();
        assert_eq!(browser.request(site, cart).await, Some(vec![1]));
        for key in [earlier, anonymous] {
            assert_ne!(browser.cookies[ID], key);
            let mut copy = Browser::default();
            copy.cookies.insert(ID.into(), key);
            assert_eq!(copy.visitor(site).await, None, "what came before is over");
        }
        browser.log_out(site).await;
        site.heard.suspicions();
    })
    .await;
}

#[tokio::test]
async fn a_stranger_with_a_made_up_cookie_costs_nothing() {
    on_each(async |site| {
        let made_up = "0".repeat(32);
        for (value, expected) in [
            (format!("{made_up}.{made_up}"), Suspicion::UnknownKey),
            (made_up.clone(), Suspicion::MalformedKey),
            (
                format!("{made_up}.{}", "é".repeat(16)),
                Suspicion::MalformedKey,
            ),
            (
                format!("{made_up}.../{}", "0".repeat(28)),
                Suspicion::MalformedKey,
            ),
            ("short".into(), Suspicion::MalformedKey),
        ] {
            let mut stranger = Browser::default();
            stranger.cookies.insert(REMEMBER.into(), value.clone());
            assert_eq!(stranger.visitor(site).await, None);
            assert_eq!(site.heard.suspicions(), [expected], "{value}");
            assert_eq!(stranger.cookies.len(), 0, "it is taken away");
            assert_eq!(stranger.set.len(), 1, "{:?}", stranger.set);
        }
        // The right series alone is no credential, and whoever has it had the cookie once.
        let mut browser = Browser::remembered(site).await;
        let series = browser
            .token()
            .unwrap()
            .split('.')
            .next()
            .unwrap()
            .to_owned();
        let mut thief = Browser::default();
        thief
            .cookies
            .insert(REMEMBER.into(), format!("{series}.{made_up}"));
        assert_eq!(thief.visitor(site).await, None);
        assert_eq!(site.heard.suspicions(), [Suspicion::RememberedTwice]);
        assert_eq!(browser.visitor(site).await, None);
        site.heard.suspicions();
    })
    .await;
}

#[tokio::test]
async fn a_cookie_that_was_not_used_for_too_long_is_dead() {
    on_each(async |site| {
        let mut browser = Browser::remembered(site).await;
        site.system.advance(site.settings.remember_age);
        assert_eq!(browser.visitor(site).await, None);
        assert_eq!(browser.token(), None);
        assert!(site.heard.suspicions().contains(&Suspicion::UnknownKey));
    })
    .await;
}

#[tokio::test]
async fn nothing_in_the_database_is_of_use() {
    let site = &Site::in_sqlite().await;
    let browser = Browser::remembered(site).await;
    let database = site.folder.path().join("site.sqlite3");
    let table = rusqlite::Connection::open(database).unwrap();
    let mut rows = table
        .prepare("SELECT session_key, session_data FROM django_session")
        .unwrap();
    let rows: Vec<(String, String)> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let signer = tenure::codec::SignedJson::new(site.settings.secret_key.as_ref().unwrap(), &[]);
    let (series, token) = browser.token().unwrap().split_once('.').unwrap();
    let mut seen = 0;
    for (key, data) in &rows {
        let text = signer.decode(data).unwrap().to_json();
        seen += usize::from(text.contains("_tenure_remember"));
        for secret in [series, token] {
            assert!(!key.contains(secret) && !text.contains(secret), "{text}");
        }
        // The name of a record opens nothing either.
        for cookie in [ID, REMEMBER] {
            let mut thief = Browser::default();
            thief.cookies.insert(cookie.into(), key.clone());
            if text.contains("_tenure_remember") {
                assert_eq!(thief.visitor(site).await, None);
            }
        }
    }
    assert!(seen > 0);
}

#[tokio::test]
async fn after_a_rotation_of_the_secret_users_are_still_remembered() {
    let site = Site::in_sqlite().await;
    let mut browser = Browser::remembered(&site).await;
    let mut settings = strict(&site.folder);
    let new = Secret::new("the secret of this year, with more than 32 characters");
    let old = settings.secret_key.replace(new).unwrap();
    settings.secret_key_fallbacks = vec![old];
    let site = Site::reopened(settings.clone(), site.folder).await;
    browser.restart();
    assert!(browser.is_ada(&site).await);
    assert_eq!(site.browsers().await, 1);

    settings.secret_key_fallbacks.clear();
    let site = Site::reopened(settings, site.folder).await;
    browser.restart();
    assert!(browser.is_ada(&site).await, "now the old secret can go");
    browser.log_out(&site).await;
    assert_eq!(browser.cookies.len(), 0);
}

#[tokio::test]
async fn a_remembered_browser_is_no_session_too_many() {
    let site = Site::in_sqlite().await;
    let mut settings = strict(&site.folder);
    settings.max_sessions = Some(1);
    settings.at_max_sessions = AtMaxSessions::Refuse;
    let site = Site::reopened(settings, site.folder).await;
    let mut browser = Browser::remembered(&site).await;
    let mut other = Browser::default();
    let ada = site.ada().await;
    let refused = other.request(&site, async |session| auth::login(session, &ada).await);
    assert!(refused.await.is_err());
    site.system.advance(Duration::from_hours(15 * 24));
    // The session is over, so there is room.
    other
        .request(&site, async |session| auth::login(session, &ada).await)
        .await
        .unwrap();
    assert_eq!(browser.visitor(&site).await, None, "and now there is none");
    assert!(browser.token().is_some(), "the browser stays remembered");
    other.log_out(&site).await;
    browser.restart();
    assert!(browser.is_ada(&site).await);
}

#[tokio::test]
async fn what_could_not_be_ended_is_refused() {
    let site = Site::in_memory().await;
    let mut settings = site.settings.clone();
    settings.user_sessions = false;
    let sessions = Sessions::new(MemoryStore::default(), &settings).unwrap();
    let refused = Remember::new(&sessions, site.auth.clone()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "TENURE_USER_SESSIONS is off, or without effect on this engine: remembering users needs it, and an engine that keeps sessions on \
         the server: a user must be able to end what remembers them"
    );
    settings.user_sessions = true;
    settings.engine = "signed_cookies".into();
    settings.cookie_revocation = Some("none".into());
    let sessions = Sessions::open(settings).await.unwrap();
    assert!(Remember::new(&sessions, site.auth.clone()).is_err());
    assert!(
        site.auth
            .authenticate("ada", PASSWORD)
            .await
            .unwrap()
            .is_some()
    );
}
