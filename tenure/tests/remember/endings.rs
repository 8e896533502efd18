//! What ends it.

use tenure::{auth, events::Suspicion};

use crate::{
    site::{Browser, ID, LATER, Site, on_each},
    stage::Fault,
};

#[tokio::test]
async fn r04_after_a_logout_no_copy_of_the_cookie_counts() {
    on_each(async |site| {
        let mut browser = Browser::remembered(site).await;
        let mut copy = browser.clone();
        copy.restart();
        browser.log_out(site).await;
        assert_eq!(browser.cookies.len(), 0, "{:?}", browser.set);
        assert_eq!(copy.visitor(site).await, None);
        assert_eq!(site.browsers().await, 0);
        // Also one that a remembered login began.
        let mut browser = Browser::remembered(site).await;
        browser.restart();
        assert!(browser.is_ada(site).await);
        let mut copy = browser.clone();
        browser.log_out(site).await;
        copy.restart();
        assert_eq!(copy.visitor(site).await, None);
    })
    .await;
}

#[tokio::test]
async fn r05_whoever_ends_the_session_ends_it_too() {
    on_each(async |site| {
        let ada = site.ada().await;
        let mut browser = Browser::remembered(site).await;
        let mut other = Browser::remembered(site).await;
        let listed = site.sessions.sessions_of(ada.id()).await.unwrap();
        assert_eq!(listed.len(), 2);
        let other_handle = other
            .request(site, async |session| {
                let own = listed.iter().find(|listed| listed.is(session));
                own.unwrap().handle.clone()
            })
            .await;
        assert!(site.sessions.end(ada.id(), &other_handle).await.unwrap());
        assert_eq!(other.visitor(site).await, None);
        assert!(browser.is_ada(site).await);
        assert_eq!(site.browsers().await, 1);
        assert!(!site.sessions.end(ada.id(), &other_handle).await.unwrap());
        browser.log_out(site).await;
    })
    .await;
}

#[tokio::test]
async fn r05_a_browser_that_is_closed_ends_with_the_others() {
    on_each(async |site| {
        let ada = site.ada().await;
        let mut here = Browser::remembered(site).await;
        let mut closed = Browser::remembered(site).await;
        closed.restart();
        site.system
            .advance(std::time::Duration::from_hours(20 * 24));
        assert!(here.is_ada(site).await);
        let listed = site.sessions.sessions_of(ada.id()).await.unwrap();
        assert_eq!(listed.len(), 2, "it is shown, though it has no session");
        let here_first = here
            .request(site, async |session| listed[0].is(session))
            .await;
        assert!(here_first, "what was seen last comes first");
        let ended = here.request(site, async |session| {
            site.sessions.end_others(session).await
        });
        assert_eq!(ended.await.unwrap(), 1);
        assert_eq!(closed.visitor(site).await, None);
        here.restart();
        assert!(here.is_ada(site).await, "this one is still remembered");
        assert_eq!(site.sessions.end_all(ada.id()).await.unwrap(), 1);
        assert_eq!(here.visitor(site).await, None);
    })
    .await;
}

#[tokio::test]
async fn r05_a_change_of_the_password_ends_it_elsewhere() {
    on_each(async |site| {
        let mut here = Browser::remembered(site).await;
        let mut elsewhere = Browser::remembered(site).await;
        elsewhere.restart();
        let mut ada = site.ada().await;
        ada.set_password("battery staple").await.unwrap();
        here.request(site, async |session| {
            auth::update_session_auth_hash(session, &ada).await.unwrap();
        })
        .await;
        assert_eq!(elsewhere.visitor(site).await, None);
        assert_eq!(elsewhere.token(), None);
        assert!(here.is_ada(site).await);
        here.restart();
        assert!(here.is_ada(site).await, "here the user is still remembered");
        here.log_out(site).await;
    })
    .await;
}

#[tokio::test]
async fn another_user_in_the_same_browser_is_not_mistaken() {
    on_each(async |site| {
        let bob = match site.auth.user_by_name("bob").await.unwrap() {
            Some(bob) => bob,
            None => site.auth.create_user("bob", "staple").await.unwrap(),
        };
        let mut browser = Browser::remembered(site).await;
        let copy = browser.clone();
        let login = async |session: &_| auth::login(session, &bob).await.unwrap();
        browser.request(site, login).await;
        assert_eq!(browser.visitor(site).await.as_deref(), Some("bob"));
        assert_eq!(browser.token(), None, "what remembers Ada is gone");
        browser.restart();
        assert_eq!(browser.visitor(site).await, None);
        let mut copy = copy;
        copy.restart();
        assert_eq!(copy.visitor(site).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_user_who_may_not_log_in_any_more_is_nobody() {
    on_each(async |site| {
        let mut browser = Browser::remembered(site).await;
        browser.restart();
        let database = site.folder.path().join("site.sqlite3");
        let table = rusqlite::Connection::open(database).unwrap();
        let active = |active: u8| {
            let statement =
                format!("UPDATE auth_user SET is_active = {active} WHERE username = 'ada'");
            table.execute_batch(&statement).unwrap();
        };
        active(0);
        assert_eq!(browser.visitor(site).await, None);
        assert_eq!(browser.token(), None);
        active(1);
        assert_eq!(browser.visitor(site).await, None);
    })
    .await;
}

#[tokio::test]
async fn an_outage_is_no_logout() {
    let (site, stage) = Site::staged().await;
    let mut browser = Browser::remembered(&site).await;
    browser.restart();
    let before = browser.clone();
    stage.set_fault(Fault::Down);
    let error = browser
        .answered(&site, 200, async |_| ())
        .await
        .unwrap_err();
    assert_eq!(error.status(), 503);
    assert_eq!(browser.cookies, before.cookies);
    stage.set_fault(Fault::None);
    assert!(browser.is_ada(&site).await);
}

#[tokio::test]
async fn a_logout_that_failed_has_ended_nothing() {
    let (site, stage) = Site::staged().await;
    let mut browser = Browser::remembered(&site).await;
    let failed = browser.request(&site, async |session| {
        stage.set_fault(Fault::Down);
        let failed = auth::logout(session).await;
        stage.set_fault(Fault::None);
        failed
    });
    assert_eq!(failed.await.unwrap_err().status(), 503);
    assert!(browser.is_ada(&site).await);
    browser.restart();
    assert!(browser.is_ada(&site).await);
}

#[tokio::test]
async fn a_failed_response_remembers_nobody_and_loses_no_token() {
    let site = Site::in_memory().await;
    let ada = site.ada().await;
    let mut browser = Browser::default();
    let login = async |session: &tenure::Session| {
        auth::login(session, &ada).await.unwrap();
        site.remember.begin(session, &ada).await.unwrap();
    };
    browser.answered(&site, 500, login).await.unwrap();
    assert_eq!(browser.token(), None, "the login has failed");

    let mut browser = Browser::remembered(&site).await;
    browser.restart();
    browser.answered(&site, 500, async |_| ()).await.unwrap();
    site.system.advance(LATER);
    assert!(browser.is_ada(&site).await, "the next token has come along");
    browser.restart();
    assert!(browser.is_ada(&site).await);
    assert_eq!(site.heard.suspicions(), []);
    assert_ne!(browser.cookies.get(ID), None);
}

#[tokio::test]
async fn an_unknown_cookie_is_read_once_and_nothing_is_written() {
    let (site, stage) = Site::staged().await;
    let mut stranger = Browser::default();
    let made_up = "0".repeat(32);
    let value = format!("{made_up}.{made_up}");
    stranger.cookies.insert(crate::site::REMEMBER.into(), value);
    stage.take_calls();
    assert_eq!(stranger.visitor(&site).await, None);
    assert_eq!(stage.take_calls(), ["load"]);
    assert!(stage.rows().await.is_empty());
    assert_eq!(site.heard.suspicions(), [Suspicion::UnknownKey]);
}
