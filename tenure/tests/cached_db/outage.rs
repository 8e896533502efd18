//! The cache goes away and comes back with what it had.

use std::time::Duration;

use tenure::{engine::cache::Cache as _, store::SessionStore as _};

use crate::{
    cache_stage::{Site, found, key, record},
    stage::Fault,
    stale::told,
};

#[tokio::test]
async fn without_its_cache_the_site_lives_on_the_database() {
    let site = Site::new().await;
    let key = site.session(7).await;
    site.cache.set_down(true);
    let loaded = site.store.load(&key).await.unwrap().unwrap();
    site.store
        .save(&key, &record(8), &loaded.version)
        .await
        .unwrap();
    assert_eq!(found(&site.store, &key).await, Some(8));
    let new = site.session(1).await;
    assert_eq!(found(&site.store, &new).await, Some(1));
    assert!(site.store.delete(&key).await.unwrap());
    assert_eq!(found(&site.store, &key).await, None);
}

#[tokio::test]
async fn a_cache_that_comes_back_with_what_it_had_brings_nothing_back() {
    let site = Site::new().await;
    let (changed, ended) = (site.session(7).await, site.session(7).await);
    let loaded = site.store.load(&changed).await.unwrap().unwrap();
    site.cache.set_down(true);
    let saved = site.store.save(&changed, &record(8), &loaded.version).await;
    saved.unwrap();
    assert!(site.store.delete(&ended).await.unwrap());
    site.cache.set_down(false);
    // At once in this process, and everywhere as soon as the cache has been told.
    assert_eq!(found(&site.store, &changed).await, Some(8));
    assert_eq!(found(&site.store, &ended).await, None);
    told(&site.other, &changed, Some(8)).await;
    told(&site.other, &ended, None).await;
}

#[tokio::test]
async fn a_cache_that_is_away_is_not_asked_by_every_request() {
    let site = Site::new().await;
    let key = site.session(7).await;
    site.cache.set_down(true);
    site.cache.take_calls();
    for _ in 0..100 {
        assert_eq!(found(&site.store, &key).await, Some(7));
    }
    assert_eq!(site.cache.take_calls(), ["get"]);
}

#[tokio::test]
async fn what_django_or_nobody_wrote_is_read_from_the_database() {
    let site = Site::new().await;
    for value in [&b"{\"n\":5}"[..], b"", b"\xff", b"tnr1"] {
        let key = site.cold_session(7).await;
        let cache_key = format!(":1:django.contrib.sessions.cached_db{}", key.as_str());
        let hour = Duration::from_hours(1);
        site.cache.put(&cache_key, value, hour).await.unwrap();
        assert_eq!(found(&site.store, &key).await, Some(7), "{value:?}");
        site.database.take_calls();
        assert_eq!(found(&site.store, &key).await, Some(7));
        assert!(
            site.database.take_calls().is_empty(),
            "it is in the cache now"
        );
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_unavailable_and_never_absent() {
    let site = Site::new().await;
    let (warm, cold) = (site.session(7).await, site.cold_session(7).await);
    let store = tenure::store::Store::new(site.other_handle(), Duration::from_millis(50));
    for fault in [Fault::Down, Fault::Hangs] {
        site.database.set_fault(fault);
        assert!(store.load(&cold).await.is_err(), "{fault:?}");
        assert!(store.delete(&cold).await.is_err(), "{fault:?}");
        assert!(store.create(&key(), &record(1)).await.is_err(), "{fault:?}");
        // What is known needs no database.
        assert!(store.load(&warm).await.unwrap().is_some(), "{fault:?}");
    }
    site.database.set_fault(Fault::None);
    assert_eq!(found(&site.store, &cold).await, Some(7));
    assert_eq!(site.database.rows().await.len(), 2);
}
