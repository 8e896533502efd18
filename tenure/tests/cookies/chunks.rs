//! A session in several cookies.

use std::sync::Arc;

use tenure::{
    SessionError, Sessions, Settings, StoreError,
    engine::cookies::Revocation,
    testing::{self, TestSystem},
};

use crate::site::{Browser, Engine, clock};

fn settings() -> Settings {
    let mut settings = testing::settings();
    settings.cookie_chunks = true;
    settings
}

fn sessions(system: &Arc<TestSystem>) -> Sessions {
    Engine::Encrypted.sessions(&settings(), Revocation::Off, system)
}

fn names(browser: &Browser) -> Vec<&str> {
    browser.jar.keys().map(String::as_str).collect()
}

/// A visitor whose session fills three cookies.
async fn laden(sessions: &Sessions) -> Browser {
    let mut browser = Browser::default();
    browser.set(sessions, "cart", "x".repeat(5500)).await;
    assert_eq!(names(&browser), ["sessionid.0", "sessionid.1"]);
    browser
}

async fn cart(browser: &Browser, sessions: &Sessions) -> usize {
    let mut length = 0;
    browser
        .clone()
        .visit(sessions, async |session| {
            length = session.get::<String>("cart")?.unwrap_or_default().len();
            Ok(())
        })
        .await
        .unwrap();
    length
}

#[tokio::test]
async fn a_session_grows_and_shrinks_over_cookies_and_leaves_none_behind() {
    let sessions = sessions(&clock());
    let mut browser = Browser::default();
    for (length, expected) in [
        (10, &["sessionid"][..]),
        (3500, &["sessionid.0", "sessionid.1"]),
        (5500, &["sessionid.0", "sessionid.1"]),
        (20, &["sessionid"]),
        (5600, &["sessionid.0", "sessionid.1"]),
    ] {
        browser.set(&sessions, "cart", "x".repeat(length)).await;
        assert_eq!(names(&browser), expected, "{length}");
        assert_eq!(cart(&browser, &sessions).await, length);
    }
    browser
        .visit(&sessions, async |session| session.flush().await)
        .await
        .unwrap();
    assert!(browser.jar.is_empty());
}

#[tokio::test]
async fn a_response_leaves_no_chunks_of_another_one_behind() {
    let sessions = sessions(&clock());
    let mut browser = Browser::default();
    browser.set(&sessions, "user", 7).await;
    // Two requests at once; the one whose session is small is answered last, and has seen no chunks.
    let small = browser
        .answered(&sessions, 200, async |session| session.insert("small", 1))
        .await
        .unwrap();
    browser.set(&sessions, "cart", "x".repeat(5000)).await;
    browser.take(small);
    assert_eq!(names(&browser), ["sessionid"]);
    assert_eq!(browser.sees(&sessions).await, "user=7 small=1 ");
}

#[tokio::test]
async fn missing_reordered_doubled_or_mixed_chunks_are_nobody() {
    let sessions = sessions(&clock());
    let whole = laden(&sessions).await;
    assert_eq!(cart(&whole, &sessions).await, 5500);
    let other = laden(&sessions).await;
    let (first, second) = (&whole.jar["sessionid.0"], &whole.jar["sessionid.1"]);
    let foreign = &other.jar["sessionid.1"];
    for header in [
        format!("sessionid.0={first}"),
        format!("sessionid.1={second}"),
        format!("sessionid.0={second}; sessionid.1={first}"),
        format!("sessionid.0={first}; sessionid.1={foreign}"),
        format!("sessionid.0={first}; sessionid.1={second}; sessionid.2={second}"),
        format!("sessionid.0={first}; sessionid.1={second}; sessionid.1={foreign}"),
        format!("sessionid.0={first}; sessionid.1={second}; sessionid.0={first}"),
        format!("sessionid.0={first}{second}"),
        format!("sessionid={first}{second}"),
        format!("sessionid.00={first}; sessionid.01={second}"),
        format!("other.0={first}; other.1={second}"),
    ] {
        let lazy = sessions.begin([header.as_bytes()]);
        assert!(lazy.load().await.unwrap().is_empty(), "{}", &header[..14]);
    }
    // In any order of the header they are the same chunks.
    let header = format!("sessionid.1={second}; x=y; sessionid.0={first}");
    let lazy = sessions.begin([header.as_bytes()]);
    assert!(!lazy.load().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_plain_session_and_chunks_of_another_count_as_none() {
    let sessions = sessions(&clock());
    let mut browser = laden(&sessions).await;
    let mut other = Browser::default();
    other.set(&sessions, "user", 7).await;
    browser.jar.append(&mut other.jar);
    assert_eq!(browser.sees(&sessions).await, "");
}

#[tokio::test]
async fn all_chunks_have_the_same_attributes_and_stay_within_eight_kib() {
    let mut settings = settings();
    settings.cookie_name = "__Host-id".into();
    settings.cookie_secure = true;
    let sessions = Engine::Encrypted.sessions(&settings, Revocation::Off, &clock());
    let mut longest = 0;
    for length in (3000..6500).step_by(50) {
        let mut browser = Browser::default();
        let answer = browser
            .answered(&sessions, 200, async |session| {
                session.insert("cart", "x".repeat(length))
            })
            .await;
        let headers = match answer {
            Ok(headers) => headers,
            Err(SessionError::Store(StoreError::CookieTooLarge { size, limit })) => {
                assert!(size > limit && limit == 8191);
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        longest = length;
        let lines: Vec<_> = headers.set_cookies().collect();
        let set = lines.iter().filter(|line| !line.contains("Max-Age=0"));
        let total: usize = set.clone().map(String::len).sum();
        assert!(total < 8192, "{total}");
        let attributes: std::collections::BTreeSet<_> = set
            .clone()
            .map(|line| line.split_once(';').unwrap().1)
            .collect();
        assert_eq!(attributes.len(), 1, "{attributes:?}");
        assert_eq!(lines.len(), 4);
        for line in &lines {
            assert!(line.starts_with("__Host-id"));
            assert!(line.ends_with("; Path=/; SameSite=Lax; Secure"), "{line}");
            assert!(line.len() <= 4096);
        }
    }
    assert!(longest > 5700, "{longest}");
}

#[tokio::test]
async fn without_the_setting_chunks_are_strangers() {
    let system = clock();
    let laden = laden(&sessions(&system)).await;
    let plain = Engine::Encrypted.sessions(&testing::settings(), Revocation::Off, &system);
    assert_eq!(cart(&laden, &plain).await, 0);
}
