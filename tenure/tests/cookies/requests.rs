//! What requests and their responses do with sessions that are their keys.

use tenure::{SessionError, engine::cookies::Revocation, testing};

use crate::site::{Browser, ENGINES, clock, revoking};

#[tokio::test]
async fn a_failed_response_keeps_the_old_cookie_unless_something_was_saved_by_a_call() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), revoking(), &clock());
        let mut browser = Browser::default();
        browser.set(&sessions, "user", 7).await;
        let headers = browser
            .answered(&sessions, 500, async |session| session.insert("cart", 1))
            .await
            .unwrap();
        assert_eq!(headers.set_cookies().count(), 0, "{engine:?}");
        // The old key is dead, so the visitor must learn the new one.
        let headers = browser
            .answered(&sessions, 500, async |session| {
                session.cycle_key().await?;
                session.insert("cart", 1)
            })
            .await
            .unwrap();
        browser.take(headers);
        assert_eq!(browser.sees(&sessions).await, "user=7 ", "{engine:?}");
        let headers = browser
            .answered(&sessions, 500, async |session| session.flush().await)
            .await
            .unwrap();
        browser.take(headers);
        assert!(browser.jar.is_empty(), "{engine:?}");
    }
}

#[tokio::test]
async fn reading_sends_no_cookie_and_saving_every_request_sends_one() {
    for engine in ENGINES {
        for every in [false, true] {
            let mut settings = testing::settings();
            settings.save_every_request = every;
            let sessions = engine.sessions(&settings, revoking(), &clock());
            let mut browser = Browser::default();
            browser.set(&sessions, "user", 7).await;
            for writes in [false, true] {
                let headers = browser
                    .answered(&sessions, 200, async |session| {
                        if writes {
                            session.insert("cart", 1)?;
                            session.save().await?;
                        }
                        session.get::<u32>("user").map(drop)
                    })
                    .await
                    .unwrap();
                let sent = headers.set_cookies().count();
                assert_eq!(
                    sent,
                    usize::from(every || writes),
                    "{engine:?} {every} {writes}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_stream_cannot_save_what_no_cookie_can_carry_any_more() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), Revocation::Off, &clock());
        let mut browser = Browser::default();
        browser.set(&sessions, "user", 7).await;
        let header = browser.header();
        let lazy = sessions.begin(header.as_deref().map(str::as_bytes));
        let session = lazy.load().await.unwrap();
        assert!(sessions.finish_now(&lazy, 200).is_some());
        session.insert("late", 1).unwrap();
        let saved = session.save().await;
        assert!(
            matches!(saved, Err(SessionError::ResponseSent)),
            "{engine:?}"
        );
        session.remove_key("late").unwrap();
    }
}

#[tokio::test]
async fn two_requests_at_once_cannot_be_merged_and_the_last_response_wins() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), Revocation::Off, &clock());
        let mut browser = Browser::default();
        browser.set(&sessions, "user", 7).await;
        let mut other = browser.clone();
        browser.set(&sessions, "one", 1).await;
        other.set(&sessions, "other", 1).await;
        assert_eq!(other.sees(&sessions).await, "user=7 other=1 ", "{engine:?}");
    }
}

#[tokio::test]
async fn nothing_can_be_listed_and_the_error_says_why() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), revoking(), &clock());
        let error = sessions.store().scan(None, 10).await.unwrap_err();
        assert!(
            error.to_string().contains("in the visitors' cookies"),
            "{error}"
        );
    }
}
