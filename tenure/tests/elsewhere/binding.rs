//! What each policy does about a stolen cookie.

use tenure::{
    Secret, Sessions, Settings,
    settings::{Policy, Transport},
    testing::{self, MemoryStore},
};

use crate::engines::{in_memory, in_sqlite};
use crate::site::{ABROAD, Browser, CURL, FIREFOX, HOME, NEXT_DOOR, NEXT_FIREFOX, Site};

pub(crate) fn bound(mut settings: Settings, agent: Policy, address: Policy) -> Settings {
    settings.bind_user_agent = agent;
    settings.bind_address = address;
    settings
}

async fn site(agent: Policy, address: Policy) -> Site {
    Site::open(&in_memory(bound(testing::settings(), agent, address))).await
}

pub(crate) async fn off_neither_marks_nor_compares(settings: Settings) {
    let site = Site::open(&bound(settings, Policy::Off, Policy::Off)).await;
    let ada = site.ada().await;
    assert!(!site.stored(&ada).await.contains("_tenure_"));
    let mut thief = ada.copied_to(CURL, ABROAD);
    assert_eq!(thief.get(&site, "/show").await.body, "ada 1");
    assert!(site.heard.take().is_empty());
}

pub(crate) async fn report_tells_once_for_each_request(settings: Settings) {
    let site = Site::open(&bound(settings, Policy::Report, Policy::Report)).await;
    let mut ada = site.ada().await;
    let mut thief = ada.copied_to(CURL, ABROAD);
    // The guard and two extractors ask for the session.
    assert_eq!(thief.get(&site, "/members").await.status, 200);
    assert_eq!(site.heard.take(), ["OtherUserAgent", "OtherNetwork"]);
    // Nor does what the thief writes make it theirs.
    thief.post(&site, "/add").await;
    assert_eq!(thief.get(&site, "/show").await.body, "ada 2");
    assert_eq!(site.heard.take().len(), 4);
    ada.cookie.clone_from(&thief.cookie);
    assert_eq!(ada.get(&site, "/show").await.body, "ada 2");
    assert!(site.heard.take().is_empty());
}

pub(crate) async fn ask_lets_nobody_in_until_a_new_login(settings: Settings) {
    let site = Site::open(&bound(settings, Policy::Ask, Policy::Ask)).await;
    for (agent, address) in [(CURL, HOME), (FIREFOX, ABROAD)] {
        let mut ada = site.ada().await;
        let mut elsewhere = ada.copied_to(agent, address);
        assert_eq!(elsewhere.get(&site, "/show").await.body, "nobody 1");
        let seen = elsewhere.get(&site, "/members").await;
        // The session goes on.
        assert!(seen.status == 302 && seen.set_cookie.is_empty(), "{seen:?}");
        // Writing it does not make it theirs.
        elsewhere.post(&site, "/add").await;
        assert_eq!(elsewhere.get(&site, "/members").await.status, 302);
        ada.cookie = elsewhere.cookie;
        assert_eq!(ada.get(&site, "/show").await.body, "ada 2");
    }
    let mut moved = site.ada().await.copied_to(FIREFOX, ABROAD);
    moved.post(&site, "/elevate").await;
    assert_eq!(moved.get(&site, "/show").await.body, "ada 1");
    let ada = site.ada().await;
    let mut phone = ada.copied_to(CURL, ABROAD);
    phone.post(&site, "/log-in").await;
    assert_ne!(phone.cookie, ada.cookie);
    site.heard.take();
    assert_eq!(phone.get(&site, "/show").await.body, "ada 1");
    assert_eq!(phone.get(&site, "/members").await.status, 200);
    assert!(site.heard.take().is_empty());
}

/// `replayed`: whether an ended session stays ended, as it does where there is a server that knows of it.
pub(crate) async fn end_ends_it_for_all(settings: Settings, replayed: bool) {
    for (agent, address, suspicion) in [
        (CURL, HOME, "OtherUserAgent"),
        (FIREFOX, ABROAD, "OtherNetwork"),
    ] {
        let site = Site::open(&bound(settings.clone(), Policy::End, Policy::End)).await;
        let mut ada = site.ada().await;
        let mut thief = ada.copied_to(agent, address);
        let seen = thief.get(&site, "/show").await;
        assert_eq!(seen.body, "nobody 0");
        assert_eq!(thief.cookie, None, "{seen:?}");
        let heard = site.heard.take();
        assert_eq!(heard[0], suspicion);
        if replayed {
            assert_eq!(heard[1..], ["Elsewhere"]);
            assert_eq!(ada.get(&site, "/show").await.body, "nobody 0");
        }
        // The same request may begin a new one.
        let mut other = site.ada().await.copied_to(agent, address);
        other.post(&site, "/add").await;
        assert_eq!(other.get(&site, "/show").await.body, "nobody 1");
    }
}

pub(crate) async fn an_update_and_the_address_next_door_log_nobody_out(settings: Settings) {
    let site = Site::open(&bound(settings, Policy::End, Policy::End)).await;
    let ada = site.ada().await;
    let mut updated = ada.copied_to(NEXT_FIREFOX, NEXT_DOOR);
    updated.post(&site, "/add").await;
    assert_eq!(updated.get(&site, "/show").await.body, "ada 2");
    assert!(site.heard.take().is_empty());
}

#[tokio::test]
async fn the_stricter_of_two_policies_holds() {
    for (agent, address, body) in [
        (Policy::Report, Policy::Ask, "nobody 1"),
        (Policy::Ask, Policy::End, "nobody 0"),
        (Policy::End, Policy::Report, "nobody 0"),
    ] {
        let site = site(agent, address).await;
        let mut thief = site.ada().await.copied_to(CURL, ABROAD);
        assert_eq!(thief.get(&site, "/show").await.body, body);
    }
}

#[tokio::test]
async fn a_request_without_a_user_agent_is_another_browser() {
    let site = site(Policy::Ask, Policy::Off).await;
    let mut thief = site.ada().await;
    thief.agent = None;
    assert_eq!(thief.get(&site, "/show").await.body, "nobody 1");
    assert_eq!(site.heard.take(), ["OtherUserAgent"]);
}

#[tokio::test]
async fn without_a_known_address_no_network_is_compared() {
    let site = site(Policy::Off, Policy::End).await;
    let mut ada = site.ada().await;
    ada.address = None;
    assert_eq!(ada.get(&site, "/show").await.body, "ada 1");
    // A login from nowhere is tied to nothing.
    ada.post(&site, "/log-in").await;
    assert!(!site.stored(&ada).await.contains("_tenure_net"));
    assert!(site.heard.take().is_empty());
}

#[tokio::test]
async fn an_untouched_session_is_not_compared() {
    let site = site(Policy::End, Policy::End).await;
    let mut ada = site.ada().await;
    assert_eq!(
        ada.copied_to(CURL, ABROAD)
            .get(&site, "/plain")
            .await
            .status,
        200
    );
    assert!(site.heard.take().is_empty());
    assert_eq!(ada.get(&site, "/show").await.body, "ada 1");
}

#[tokio::test]
async fn a_session_without_a_mark_is_bound_when_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let settings = in_sqlite(folder.path()).await;
    // As Django makes them.
    let mut ada = Site::open(&settings).await.ada().await;
    let site = Site::open(&bound(settings, Policy::Report, Policy::Report)).await;
    let mut other = ada.copied_to(CURL, ABROAD);
    other.get(&site, "/client").await;
    assert!(site.heard.take().is_empty());
    assert!(!site.stored(&ada).await.contains("_tenure_"));
    ada.post(&site, "/add").await;
    let stored = site.stored(&ada).await;
    assert!(
        stored.contains(r#""_tenure_net":"203.0.113.0/24""#),
        "{stored}"
    );
    other.get(&site, "/client").await;
    assert_eq!(site.heard.take(), ["OtherUserAgent", "OtherNetwork"]);
}

#[tokio::test]
async fn a_rotated_secret_carries_the_mark_over() {
    let folder = tempfile::tempdir().unwrap();
    let settings = in_sqlite(folder.path()).await;
    let mut settings = bound(settings, Policy::End, Policy::End);
    let mut ada = Site::open(&settings).await.ada().await;
    let older = settings.secret_key.replace(Secret::new(
        "another secret, for after the first one was given up",
    ));
    settings.secret_key_fallbacks.extend(older);
    let site = Site::open(&settings).await;
    ada.get(&site, "/client").await;
    assert!(site.heard.take().is_empty());
    let thief = ada.copied_to(CURL, HOME);
    // Once the older secret is gone, the mark stands under the new one.
    settings.secret_key_fallbacks.clear();
    let site = Site::open(&settings).await;
    ada.get(&site, "/client").await;
    assert!(site.heard.take().is_empty());
    thief.clone().get(&site, "/client").await;
    assert_eq!(site.heard.take(), ["OtherUserAgent", "Elsewhere"]);
}

#[tokio::test]
async fn keys_that_may_stand_in_links_open_nothing_in_another_browser() {
    let mut settings = testing::settings();
    settings.transports = vec![Transport::Cookie, Transport::Url];
    let site = Site::on(Sessions::new(MemoryStore::default(), &settings).unwrap()).await;
    let mut friend = site.ada().await.copied_to(CURL, HOME);
    assert_eq!(friend.get(&site, "/show").await.body, "nobody 0");
    assert_eq!(site.heard.take(), ["OtherUserAgent", "Elsewhere"]);
}

#[tokio::test]
async fn a_stranger_who_writes_nothing_gets_no_mark_and_no_row() {
    let site = site(Policy::End, Policy::End).await;
    let mut stranger = Browser::new(FIREFOX, Some(HOME));
    let seen = stranger.get(&site, "/show").await;
    assert!(seen.set_cookie.is_empty(), "{seen:?}");
}
