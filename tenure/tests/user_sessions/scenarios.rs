//! What holds on every engine.

use std::sync::Arc;

use tenure::{
    SessionKey, Sessions, Settings,
    auth::{self, AuthError},
    events::EndReason,
    settings::AtMaxSessions,
};

use tokio::{sync::Barrier, task::JoinSet};

use crate::site::{Browser, Ends, Users, at_most, handles, listing};

/// All of it, on sessions that `open` opens on one and the same engine.
pub(crate) async fn all(settings: Settings, open: impl AsyncFn(&Settings) -> Sessions) {
    let users = Users::open().await;
    let settings = listing(settings);
    let ends = Ends::default();
    let sessions = open(&settings).await.with_events(ends.clone());
    // Twice does no harm.
    sessions.store().prepare().await.unwrap();
    sessions.store().prepare().await.unwrap();
    r05_each_session_of_a_user_can_be_ended(&sessions, &users, &ends).await;
    r05_a_changed_password_ends_the_others(&sessions, &users, &ends).await;
    a_new_key_keeps_the_handle(&sessions, &users).await;
    what_ended_elsewhere_is_not_listed(&sessions, &users).await;
    let with = async |policy| {
        let settings = at_most(settings.clone(), 2, policy);
        open(&settings).await.with_events(ends.clone())
    };
    let policies = [
        with(AtMaxSessions::EndOldest).await,
        with(AtMaxSessions::Refuse).await,
    ];
    r20_one_session_too_many(&policies, &users, &ends).await;
    // Without versions to compare, the list loses one of two entries that are added at once.
    if sessions.store().powers().compare_and_swap {
        r20_logins_at_once_are_not_too_many(&policies, &users).await;
    }
}

/// A login in three browsers; one is ended from another, then the others, then all.
async fn r05_each_session_of_a_user_can_be_ended(sessions: &Sessions, users: &Users, ends: &Ends) {
    let (ada, bob) = (users.user("ada").await, users.user("bob").await);
    let mut browsers = [
        Browser::logged_in(sessions, &ada).await,
        Browser::logged_in(sessions, &ada).await,
        Browser::logged_in(sessions, &ada).await,
    ];
    let mut bobs = Browser::logged_in(sessions, &bob).await;
    let listed = sessions.sessions_of(ada.id()).await.unwrap();
    assert_eq!(listed.len(), 3);
    let told = format!("{listed:?}");
    for browser in &browsers {
        let key = browser.key.as_deref().unwrap();
        assert!(!told.contains(key), "a key in {told}");
        assert!(listed.iter().all(|listed| !key.contains(&listed.handle)));
    }

    let third = browsers[2].handle(sessions, &ada).await;
    assert!(!sessions.end(bob.id(), &third).await.unwrap());
    assert!(!sessions.end(ada.id(), "nobody's").await.unwrap());
    assert!(browsers[2].visitor(sessions, users).await.is_some());
    assert!(ends.take().is_empty());
    assert!(sessions.end(ada.id(), &third).await.unwrap());
    assert!(!sessions.end(ada.id(), &third).await.unwrap());
    assert_eq!(browsers[2].visitor(sessions, users).await, None);
    assert!(browsers[1].visitor(sessions, users).await.is_some());
    assert_eq!(ends.take(), [EndReason::Revoked]);

    browsers[2].try_log_in(sessions, &ada).await.unwrap();
    let ended = browsers[0]
        .request(sessions, async |session| sessions.end_others(session).await)
        .await;
    assert_eq!(ended.unwrap(), 2);
    let mut visitors = Vec::new();
    for browser in &mut browsers {
        visitors.push(browser.visitor(sessions, users).await.is_some());
    }
    assert_eq!(visitors, [true, false, false]);
    assert_eq!(handles(sessions, &ada).await.len(), 1);
    assert!(bobs.visitor(sessions, users).await.is_some());
    let strangers = Browser::default()
        .request(sessions, async |session| sessions.end_others(session).await)
        .await;
    assert_eq!(strangers.unwrap(), 0);

    browsers[1].try_log_in(sessions, &ada).await.unwrap();
    assert_eq!(sessions.end_all(ada.id()).await.unwrap(), 2);
    assert_eq!(sessions.end_all(ada.id()).await.unwrap(), 0);
    for browser in &mut browsers {
        assert_eq!(browser.visitor(sessions, users).await, None);
    }
    assert_eq!(ends.take(), [EndReason::Revoked; 4]);

    browsers[0].try_log_in(sessions, &ada).await.unwrap();
    browsers[0].log_out(sessions).await;
    assert!(handles(sessions, &ada).await.is_empty());
    bobs.log_out(sessions).await;
    ends.take();
}

/// The browser in which the password is changed stays logged in; those in which it was not are out at once, and not at their next click.
async fn r05_a_changed_password_ends_the_others(sessions: &Sessions, users: &Users, ends: &Ends) {
    let mut ada = users.user("ada").await;
    let mut here = Browser::logged_in(sessions, &ada).await;
    let mut elsewhere = Vec::new();
    for _ in 0..3 {
        elsewhere.push(Browser::logged_in(sessions, &ada).await);
    }
    ada.set_password("battery staple").await.unwrap();
    let changed = async |session: &tenure::Session| {
        auth::update_session_auth_hash(session, &ada).await.unwrap();
        sessions.end_others(session).await.unwrap()
    };
    assert_eq!(here.request(sessions, changed).await, 3);
    assert_eq!(ends.take(), [EndReason::Revoked; 3]);
    let listed = sessions.sessions_of(ada.id()).await.unwrap();
    assert_eq!(listed.len(), 1);
    for browser in &mut elsewhere {
        let left = browser.request(sessions, async |session| session.is_empty());
        assert!(left.await);
    }
    assert!(here.visitor(sessions, users).await.is_some());
    ada.set_password(crate::site::PASSWORD).await.unwrap();
    sessions.end_all(ada.id()).await.unwrap();
    ends.take();
}

async fn a_new_key_keeps_the_handle(sessions: &Sessions, users: &Users) {
    let ada = users.user("ada").await;
    let mut browser = Browser::logged_in(sessions, &ada).await;
    let before = sessions.sessions_of(ada.id()).await.unwrap();
    let key = browser.key.clone();
    browser
        .request(sessions, async |session| session.cycle_key().await)
        .await
        .unwrap();
    assert_ne!(browser.key, key);
    assert_eq!(
        browser.handle(sessions, &ada).await,
        before[0].handle,
        "after a new key"
    );
    // A login in the same browser is a new key too.
    browser.try_log_in(sessions, &ada).await.unwrap();
    let after = sessions.sessions_of(ada.id()).await.unwrap();
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].handle, before[0].handle);
    assert_eq!(after[0].created_at, before[0].created_at);
    // Another user in the same browser is another session.
    let bob = users.user("bob").await;
    browser.try_log_in(sessions, &bob).await.unwrap();
    assert!(handles(sessions, &ada).await.is_empty());
    assert_ne!(handles(sessions, &bob).await, [before[0].handle.clone()]);
    browser.log_out(sessions).await;
}

/// As when Django logs out, or clears what has expired: it knows nothing of the list.
async fn what_ended_elsewhere_is_not_listed(sessions: &Sessions, users: &Users) {
    let ada = users.user("ada").await;
    let mut here = Browser::logged_in(sessions, &ada).await;
    let elsewhere = Browser::logged_in(sessions, &ada).await;
    let key = SessionKey::parse(elsewhere.key.as_deref().unwrap()).unwrap();
    sessions.store().delete(&key).await.unwrap();
    let own = here.handle(sessions, &ada).await;
    for _ in 0..2 {
        assert_eq!(handles(sessions, &ada).await, std::slice::from_ref(&own));
    }
    here.log_out(sessions).await;
}

async fn r20_one_session_too_many(policies: &[Sessions; 2], users: &Users, ends: &Ends) {
    let ada = users.user("ada").await;
    let [sessions, refusing] = policies;
    let mut first = Browser::logged_in(sessions, &ada).await;
    let mut second = Browser::logged_in(sessions, &ada).await;
    ends.take();
    let mut third = Browser::logged_in(sessions, &ada).await;
    assert_eq!(ends.take(), [EndReason::TooMany]);
    assert_eq!(first.visitor(sessions, users).await, None);
    assert!(second.visitor(sessions, users).await.is_some());
    assert!(third.visitor(sessions, users).await.is_some());
    assert_eq!(handles(sessions, &ada).await.len(), 2);

    let sessions = refusing;
    let mut fourth = Browser::default();
    let cart = fourth.request(sessions, async |session| session.insert("cart", [1]));
    cart.await.unwrap();
    let refused = fourth.try_log_in(sessions, &ada).await.unwrap_err();
    assert!(
        matches!(refused, AuthError::TooManySessions { most: 2 }),
        "{refused}"
    );
    assert_eq!(refused.status(), 409);
    assert_eq!(fourth.visitor(sessions, users).await, None);
    let cart = fourth.request(sessions, async |session| session.get("cart"));
    assert_eq!(cart.await.unwrap(), Some(vec![1]), "their cart stays");
    assert!(second.visitor(sessions, users).await.is_some());
    assert_eq!(handles(sessions, &ada).await.len(), 2);
    second.try_log_in(sessions, &ada).await.unwrap();
    third.log_out(sessions).await;
    fourth.try_log_in(sessions, &ada).await.unwrap();
    assert!(fourth.visitor(sessions, users).await.is_some());
    sessions.end_all(ada.id()).await.unwrap();
    ends.take();
}

async fn r20_logins_at_once_are_not_too_many(policies: &[Sessions; 2], users: &Users) {
    const MANY: usize = 6;
    let ada = users.user("ada").await;
    for (sessions, refuses) in policies.iter().zip([false, true]) {
        for _ in 0..4 {
            let all_are_there = Arc::new(Barrier::new(MANY));
            let mut logins = JoinSet::new();
            for _ in 0..MANY {
                let (sessions, ada) = (sessions.clone(), ada.clone());
                let all_are_there = Arc::clone(&all_are_there);
                logins.spawn(async move {
                    let mut browser = Browser::default();
                    all_are_there.wait().await;
                    let told = browser.try_log_in(&sessions, &ada).await;
                    (browser, told)
                });
            }
            let mut logged_in = 0;
            for (mut browser, told) in logins.join_all().await {
                if let Err(error) = told {
                    assert_eq!(error.status(), 409, "{error}");
                }
                let visitor = browser.visitor(sessions, users).await;
                logged_in += usize::from(visitor.is_some());
            }
            let listed = handles(sessions, &ada).await.len();
            assert_eq!(listed, logged_in, "refuses: {refuses}");
            // Who counts at the same moment as others may be refused together with them.
            let expected = if refuses { 0..=2 } else { 2..=2 };
            assert!(expected.contains(&logged_in), "{logged_in} logged in");
            sessions.end_all(ada.id()).await.unwrap();
        }
    }
}
