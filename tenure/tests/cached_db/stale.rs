//! What a slow reader or writer has seen before does not come back.

use std::{sync::Arc, time::Duration};

use tenure::{
    Record, SessionKey,
    store::{Renamed, Saved, SessionStore as _},
};

use crate::cache_stage::{Cached, Site, found, key, record};

/// What another process does to a session.
#[derive(Clone, Copy, Debug)]
enum Change {
    Save,
    Delete,
    Rename,
}

const ALL: [Change; 3] = [Change::Save, Change::Delete, Change::Rename];

impl Change {
    async fn make(self, store: Arc<Cached>, key: SessionKey) {
        let loaded = store.load(&key).await.unwrap().unwrap();
        match self {
            Self::Save => {
                let saved = store.save(&key, &record(8), &loaded.version).await;
                assert!(matches!(saved, Ok(Saved::Saved(_))));
            }
            Self::Delete => assert!(store.delete(&key).await.unwrap()),
            Self::Rename => {
                let renamed = store
                    .rename(
                        &key,
                        &crate::cache_stage::key(),
                        &record(8),
                        &loaded.version,
                    )
                    .await;
                assert!(matches!(renamed, Ok(Renamed::Renamed(_))));
            }
        }
    }

    fn afterwards(self) -> Option<u32> {
        match self {
            Self::Save => Some(8),
            Self::Delete | Self::Rename => None,
        }
    }
}

async fn assert_all_find(site: &Site, key: &SessionKey, expected: Option<u32>, what: Change) {
    for store in [&site.store, &site.other] {
        for _ in 0..2 {
            assert_eq!(found(store, key).await, expected, "{what:?}");
        }
    }
}

#[tokio::test]
async fn what_a_slow_reader_puts_into_the_cache_loses_against_what_happened_since() {
    for change in ALL {
        let site = Site::new().await;
        let key = site.cold_session(7).await;
        let meanwhile = change.make(Arc::clone(&site.other), key.clone());
        site.cache.before("add", meanwhile);
        assert_eq!(
            found(&site.store, &key).await,
            Some(7),
            "it was so when asked"
        );
        assert_all_find(&site, &key, change.afterwards(), change).await;
    }
}

#[tokio::test]
async fn a_change_is_seen_by_all_as_soon_as_it_is_made() {
    for change in ALL {
        for cold in [false, true] {
            let site = Site::new().await;
            let key = if cold {
                site.cold_session(7).await
            } else {
                site.session(7).await
            };
            found(&site.store, &key).await;
            change.make(Arc::clone(&site.other), key.clone()).await;
            assert_all_find(&site, &key, change.afterwards(), change).await;
        }
    }
}

/// Saves on top of what is there, however often others come in between.
async fn save(store: &Cached, key: &SessionKey, value: u32) {
    let mut base = store.load(key).await.unwrap().unwrap().version;
    loop {
        match store.save(key, &record(value), &base).await.unwrap() {
            Saved::Saved(_) => return,
            Saved::Conflict(current) => base = current.version,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_slow_writer_does_not_put_its_value_over_a_newer_one() {
    let site = Site::new().await;
    let key = site.session(7).await;
    let (other, its_key) = (Arc::clone(&site.other), key.clone());
    site.cache
        .before("replace", async move { save(&other, &its_key, 9).await });
    save(&site.store, &key, 8).await;
    for store in [&site.store, &site.other] {
        assert_eq!(found(store, &key).await, Some(9));
    }
}

#[tokio::test]
async fn a_writer_that_vanishes_after_the_database_has_its_value_leaves_no_old_one() {
    for change in ALL {
        let site = Site::new().await;
        let key = site.session(7).await;
        let loaded = site.store.load(&key).await.unwrap().unwrap();
        let step = match change {
            Change::Save => "replace",
            Change::Rename => "add",
            // The cache is told before the database is.
            Change::Delete => continue,
        };
        site.cache.before(step, std::future::pending());
        site.cache.take_calls();
        let writing = async {
            match change {
                Change::Save => drop(site.store.save(&key, &record(8), &loaded.version).await),
                _ => drop(
                    site.store
                        .rename(
                            &key,
                            &crate::cache_stage::key(),
                            &record(8),
                            &loaded.version,
                        )
                        .await,
                ),
            }
        };
        // Until it hangs at the cache; then the visitor hangs up.
        tokio::select! {
            () = writing => panic!("the cache does not answer"),
            () = async {
                while !site.cache.take_calls().contains(&step) {
                    tokio::task::yield_now().await;
                }
            } => {}
        }
        assert_eq!(found(&site.store, &key).await, change.afterwards());
        told(&site.other, &key, change.afterwards()).await;
        assert_all_find(&site, &key, change.afterwards(), change).await;
    }
}

/// What others find as soon as the cache has been told what it missed.
pub(crate) async fn told(store: &Cached, key: &SessionKey, expected: Option<u32>) {
    let all_told = async {
        while found(store, key).await != expected {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, all_told).await.unwrap();
}

#[tokio::test]
async fn prolonging_moves_the_end_in_both() {
    let site = Site::new().await;
    let key = key();
    let mut short: Record = record(7);
    short.expires_at -= Duration::from_mins(30);
    site.store.create(&key, &short).await.unwrap();
    let loaded = site.store.load(&key).await.unwrap().unwrap();
    let later = short.expires_at + Duration::from_mins(30);
    assert!(
        site.store
            .touch(&key, later, &loaded.version)
            .await
            .unwrap()
    );
    let close = |record: Record| {
        let apart = later.duration_since(record.expires_at).unwrap_or_default();
        apart < Duration::from_secs(2)
    };
    assert!(close(site.other.load(&key).await.unwrap().unwrap()));
    assert!(close(site.database.load(&key).await.unwrap().unwrap()));
}
