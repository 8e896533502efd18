//! A token in forms and headers, through axum.

use crate::site::{Site, Visitor};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_form_with_its_token_is_read_whole_and_any_other_is_refused() {
    let site = Site::open().await;
    let mut visitor = Visitor::default();
    let token = visitor.token(&site).await;
    let other = Visitor::default().token(&site).await;
    let bare = visitor_secret(&site, &visitor).await;
    let altered = format!(
        "{}{}",
        &token[..63],
        if token.ends_with('a') { 'b' } else { 'a' }
    );
    let field = |token: &str| format!("csrfmiddlewaretoken={token}");
    for (form, status) in [
        (format!("product=tea&{}", field(&token)), 200),
        (format!("{}&product=tea", field(&token)), 200),
        (format!("product=tea&{}", field(&bare)), 200),
        // As with Django, the last one counts.
        (
            format!("{}&product=tea&{}", field(&other), field(&token)),
            200,
        ),
        (
            format!("{}&product=tea&{}", field(&token), field(&other)),
            403,
        ),
        ("product=tea".to_owned(), 403),
        (format!("product=tea&{}", field("")), 403),
        (format!("product=tea&{}", field(&other)), 403),
        (format!("product=tea&{}", field(&altered)), 403),
        (format!("product=tea&{}", field(&token[1..])), 403),
        (format!("product=tea&not{}", field(&token)), 403),
        (format!("product={token}"), 403),
    ] {
        let (answered, body) = visitor.post(&site, "/checked", &form).await;
        assert_eq!(answered, status, "{form}: {body}");
        if status == 200 {
            assert_eq!(body, "ordered tea", "{form}");
        } else {
            assert!(body.contains("reload the page"), "{body}");
            assert!(!body.contains(&token[..8]), "{body}");
        }
    }
    // The form's own troubles come after.
    let (status, _) = visitor.post(&site, "/checked", &field(&token)).await;
    assert_eq!(status, 422);
    let huge = format!("{}&product={}", field(&token), "a".repeat(3 << 20));
    let (status, _) = visitor.post(&site, "/checked", &huge).await;
    assert_eq!(status, 413);
}

async fn visitor_secret(site: &Site, visitor: &Visitor) -> String {
    let cookie = visitor.cookie.as_deref().unwrap();
    let session = site
        .sessions
        .begin([cookie.as_bytes()])
        .load()
        .await
        .unwrap();
    session.get("_csrftoken").unwrap().unwrap()
}

#[tokio::test]
async fn the_header_stands_in_where_there_is_no_field() {
    let site = Site::open().await;
    let mut visitor = Visitor::default();
    let token = visitor.token(&site).await;
    let other = Visitor::default().token(&site).await;
    let json = ("Content-Type", "application/json");
    for method in ["POST", "PUT", "DELETE"] {
        let headers = [json, ("X-CSRFToken", token.as_str())];
        let answer = visitor.send(&site, method, "/api", &headers, "{}").await;
        assert_eq!(answer, (200, "read {}".to_owned()), "{method}");
        for headers in [&[json][..], &[json, ("X-CSRFToken", &other)]] {
            let (status, _) = visitor.send(&site, method, "/api", headers, "{}").await;
            assert_eq!(status, 403, "{method} {headers:?}");
        }
    }
    // Beside a form, the field counts.
    for (form, header, status) in [
        ("product=tea".to_owned(), &token, 200),
        ("product=tea&csrfmiddlewaretoken=".to_owned(), &token, 200),
        (
            format!("product=tea&csrfmiddlewaretoken={other}"),
            &token,
            403,
        ),
        (
            format!("product=tea&csrfmiddlewaretoken={token}"),
            &other,
            200,
        ),
    ] {
        let headers = [FORM, ("X-CSRFToken", header.as_str())];
        let (answered, _) = visitor
            .send(&site, "POST", "/checked", &headers, &form)
            .await;
        assert_eq!(answered, status, "{form}");
    }
}

#[tokio::test]
async fn safe_methods_need_no_token_and_a_stranger_gets_no_session() {
    let site = Site::open().await;
    let mut stranger = Visitor::default();
    let (status, body) = stranger
        .send(&site, "GET", "/checked?product=tea", &[], "")
        .await;
    assert_eq!((status, body.as_str()), (200, "ordered tea"));
    let rows = site.rows().await;
    let mut stranger = Visitor::default();
    let token = Visitor::default().token(&site).await;
    for form in [
        "product=tea",
        &format!("product=tea&csrfmiddlewaretoken={token}"),
    ] {
        assert_eq!(stranger.post(&site, "/checked", form).await.0, 403);
    }
    assert_eq!(stranger.cookie, None);
    assert_eq!(site.rows().await, rows + 1, "that of the form alone");
}

#[tokio::test]
async fn every_page_masks_the_secret_anew() {
    let site = Site::open().await;
    let mut visitor = Visitor::default();
    let mut tokens = std::collections::BTreeSet::new();
    for _ in 0..20 {
        tokens.insert(visitor.token(&site).await);
    }
    assert_eq!(tokens.len(), 20);
    for token in tokens {
        let form = format!("product=tea&csrfmiddlewaretoken={token}");
        assert_eq!(visitor.post(&site, "/checked", &form).await.0, 200);
    }
    assert_eq!(site.rows().await, 1);
}
