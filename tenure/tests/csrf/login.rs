//! Logins and forged requests.

use crate::site::{PASSWORD, Site, Visitor};

/// CVE-2022-24895 (Symfony), CVE-2023-27495 and CVE-2023-29020 (Fastify): a secret that somebody has planted or read before the login
/// opened the forms after it.
#[tokio::test]
async fn advisory_cve_2022_24895_a_token_from_before_a_login_is_refused_after_it() {
    let site = Site::open().await;
    let mut visitor = Visitor::default();
    let mut before = visitor.token(&site).await;
    // Of a stranger, of the same user once more, and of another one.
    for username in ["ada", "ada", "bob"] {
        visitor.log_in(&site, username).await;
        let form = format!("product=tea&csrfmiddlewaretoken={before}");
        let (status, _) = visitor.post(&site, "/checked", &form).await;
        assert_eq!(status, 403, "{username}");
        before = visitor.token(&site).await;
        let form = format!("product=tea&csrfmiddlewaretoken={before}");
        let (status, _) = visitor.post(&site, "/checked", &form).await;
        assert_eq!(status, 200, "{username}");
    }
}

#[tokio::test]
async fn a_login_without_forms_leaves_no_secret_behind() {
    let site = Site::open().await;
    let mut visitor = Visitor::default();
    visitor.log_in(&site, "ada").await;
    let cookie = visitor.cookie.unwrap();
    let session = site
        .sessions
        .begin([cookie.as_bytes()])
        .load()
        .await
        .unwrap();
    assert!(!session.contains_key("_csrftoken"));
}

/// Login CSRF: a visitor who is made to log in as somebody else hands over what they type from then on. `SameSite` does not help, since
/// this needs no cookie.
#[tokio::test]
async fn another_sites_form_cannot_log_a_visitor_in() {
    let site = Site::open().await;
    let form = format!("username=mallory&password={PASSWORD}");
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let host = ("Host", "shop.example");
    for header in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
    ] {
        let mut visitor = Visitor::default();
        let headers = [kind, host, header];
        let (status, _) = visitor
            .send(&site, "POST", "/log-in", &headers, &form)
            .await;
        assert_eq!(status, 403, "{header:?}");
        assert_eq!(visitor.cookie, None, "{header:?}");
    }
    assert_eq!(site.rows().await, 0);
}
