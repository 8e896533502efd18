//! `Set-Cookie` and `Vary` through the tower layer, for many settings.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response, header};
use serde_json::Value;
use tenure::{LazySession, SessionLayer, Sessions, engine::db::SqliteStore};
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    common::{Scripted, settings, unix, vectors},
    deliberate,
    operate::operate,
};

#[tokio::test]
async fn cases_of_set_cookie() {
    let file = vectors("set_cookie.json");
    let cases = file["cases"].as_array().unwrap();
    let mut failures = Vec::new();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let keys: Vec<&str> = case["generated_keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key.as_str().unwrap())
            .collect();
        let settings = settings(
            "a secret for these cases, of no other use",
            Some(&case["settings"]),
        );
        let mut settings = match (settings, deliberate::differs("set_cookie.json", name)) {
            (Ok(settings), false) => settings,
            (Err(_), true) => continue,
            (settings, _) => {
                failures.push(format!(
                    "{name}: {:?} {:?}",
                    settings.map(|_| "taken"),
                    case["settings"]
                ));
                continue;
            }
        };
        let folder = tempfile::tempdir().unwrap();
        settings.set_database_url(format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("site.sqlite3").display()
        ));
        let system = Scripted::new(unix(&case["now"]), &keys);
        let store = SqliteStore::open(&settings).await.unwrap();
        store.create_table().await.unwrap();
        let sessions = Sessions::with_system(store, &settings, system).unwrap();

        let case = Arc::new(case.clone());
        let handler = Arc::clone(&case);
        let service =
            SessionLayer::from(sessions).layer(service_fn(move |request: Request<String>| {
                let case = Arc::clone(&handler);
                async move {
                    let lazy = request.extensions().get::<LazySession>().unwrap();
                    for operation in case["operations"].as_array().unwrap() {
                        let session = lazy.load().await.unwrap();
                        operate(&session, operation, async || {}).await.unwrap();
                    }
                    let status = u16::try_from(case["response_status"].as_u64().unwrap()).unwrap();
                    let mut response = Response::builder().status(status);
                    if let Some(vary) = case["response_vary_before"].as_str() {
                        response = response.header(header::VARY, vary);
                    }
                    Ok::<_, Infallible>(response.body(String::new()).unwrap())
                }
            }));
        let mut request = Request::builder();
        if let Some(value) = case["request_cookie"].as_str() {
            request = request.header(header::COOKIE, format!("{}={value}", settings.cookie_name));
        }
        let response = service
            .oneshot(request.body(String::new()).unwrap())
            .await
            .unwrap();
        let values = |name| {
            let values = response
                .headers()
                .get_all(name)
                .iter()
                .map(|value| value.to_str().unwrap().to_owned());
            values.collect::<Vec<_>>()
        };
        let seen = (values(header::SET_COOKIE), values(header::VARY));
        let list = |value: &Value| text(value).into_iter().collect::<Vec<_>>();
        let expected = (list(&case["expect_set_cookie"]), list(&case["expect_vary"]));
        if seen != expected {
            failures.push(format!(
                "{name}\n   seen     {seen:?}\n   expected {expected:?}"
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} differ:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}
