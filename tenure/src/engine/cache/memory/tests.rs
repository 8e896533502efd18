use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::system::RandomError;

const HOUR: Duration = Duration::from_hours(1);

/// A clock that tests move.
#[derive(Debug)]
struct Clock(Mutex<SystemTime>);

impl System for Clock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }

    fn fill_random(&self, _: &mut [u8]) -> Result<(), RandomError> {
        unreachable!()
    }
}

impl Clock {
    fn pass(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

fn cache(bytes: u64, entries: u64) -> (MemoryCache, Arc<Clock>) {
    let clock = Arc::new(Clock(Mutex::new(SystemTime::UNIX_EPOCH)));
    let cache = MemoryCache::within(Limits { bytes, entries }).with_system(clock.clone());
    (cache, clock)
}

fn count(cache: &MemoryCache) -> usize {
    cache.stripes.iter().map(|stripe| lock(stripe).len()).sum()
}

#[tokio::test]
async fn a_million_strangers_stay_within_the_bound() {
    let (cache, _) = cache(4 << 20, 5_000);
    for number in 0..1_000_000_u32 {
        let key = format!(":1:django.contrib.sessions.cache{number:032}");
        cache.add(&key, &[7; 100], HOUR).await.unwrap().unwrap();
        if number % 1000 == 0 {
            assert!(cache.bytes() <= 4 << 20);
            assert!(count(&cache) <= 5_000);
        }
    }
    assert!(count(&cache) > 4_000, "{}", count(&cache));
}

#[tokio::test]
async fn strangers_do_not_drive_out_who_comes_back() {
    let (cache, _) = cache(1 << 20, 1_000);
    let regulars: Vec<_> = (0..300).map(|number| format!("regular{number}")).collect();
    for key in &regulars {
        cache.add(key, b"{}", HOUR).await.unwrap().unwrap();
        cache.get(key).await.unwrap().unwrap();
    }
    for number in 0..100_000 {
        cache
            .add(&format!("stranger{number}"), b"{}", HOUR)
            .await
            .unwrap();
        if number % 100 == 0 {
            for key in &regulars {
                assert!(
                    cache.get(key).await.unwrap().is_some(),
                    "{key} after {number}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_has_ended_is_swept_as_others_come() {
    let (cache, clock) = cache(64 << 20, 50_000);
    for number in 0..5_000 {
        cache
            .add(&format!("old{number}"), b"{}", HOUR)
            .await
            .unwrap();
    }
    clock.pass(HOUR);
    assert_eq!(cache.get("old7").await.unwrap().map(|_| ()), None);
    for number in 0..15_000 {
        cache
            .add(&format!("new{number}"), b"{}", HOUR)
            .await
            .unwrap();
    }
    assert_eq!(count(&cache), 15_000);
}

#[tokio::test]
async fn clear_expired_removes_what_has_ended_up_to_its_limit() {
    let (cache, clock) = cache(64 << 20, 50_000);
    for number in 0..100 {
        let ttl = if number % 2 == 0 { HOUR } else { HOUR * 2 };
        cache.add(&format!("{number}"), b"{}", ttl).await.unwrap();
    }
    assert_eq!(cache.clear_expired(1000).await.unwrap(), 0);
    clock.pass(HOUR);
    assert_eq!(cache.clear_expired(20).await.unwrap(), 20);
    assert_eq!(cache.clear_expired(1000).await.unwrap(), 30);
    assert_eq!(count(&cache), 50);
}

#[tokio::test]
async fn an_entry_ends_to_the_nanosecond_and_touch_never_shortens_it() {
    let (cache, clock) = cache(1 << 20, 100);
    let version = cache.add("a", b"{}", HOUR).await.unwrap().unwrap();
    assert!(cache.touch("a", HOUR / 2, &version).await.unwrap());
    assert!(
        !cache
            .touch("a", HOUR * 9, &Version::from_text("other"))
            .await
            .unwrap()
    );
    assert_eq!(cache.get("a").await.unwrap().unwrap().ttl, Some(HOUR));
    clock.pass(HOUR.checked_sub(Duration::from_nanos(1)).unwrap());
    assert!(cache.get("a").await.unwrap().is_some());
    assert!(cache.touch("a", HOUR, &version).await.unwrap());
    clock.pass(HOUR);
    assert!(cache.get("a").await.unwrap().is_none());
    assert!(!cache.touch("a", HOUR, &version).await.unwrap());
    assert!(!cache.delete("a").await.unwrap());
    assert!(matches!(
        cache.replace("a", b"", HOUR, &version).await.unwrap(),
        Replaced::Gone
    ));
    assert!(
        cache
            .add("a", b"{}", Duration::MAX)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn what_does_not_fit_is_an_error_and_not_a_session_that_is_lost() {
    let (cache, _) = cache(64 << 10, 16);
    let error = cache.add("a", &vec![0; 64 << 10], HOUR).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("raise MAX_BYTES in its OPTIONS, now 65536"),
        "{text}"
    );
    let largest = (64 << 10) / 10 * 9 - 300;
    cache
        .add("b", &vec![0; largest], HOUR)
        .await
        .unwrap()
        .unwrap();
    assert!(cache.get("b").await.unwrap().is_some());
}

#[tokio::test]
async fn a_renamed_entry_is_under_one_key_whichever_stripes_they_are_in() {
    let (cache, _) = cache(128 << 20, 100_000);
    assert!(cache.stripes.len() > 4);
    for number in 0..200 {
        let (old, new) = (format!("old{number}"), format!("new{number}"));
        let version = cache.add(&old, b"1", HOUR).await.unwrap().unwrap();
        let other = Version::from_text("other");
        let answer = cache.rename(&old, &new, b"2", HOUR, &other).await.unwrap();
        assert!(matches!(answer, Moved::Other(entry) if entry.value == b"1"));
        let answer = cache
            .rename(&old, &old, b"2", HOUR, &version)
            .await
            .unwrap();
        assert!(matches!(answer, Moved::Taken));
        let answer = cache
            .rename(&old, &new, b"2", HOUR, &version)
            .await
            .unwrap();
        assert!(matches!(answer, Moved::Moved(_)));
        assert!(cache.get(&old).await.unwrap().is_none());
        assert_eq!(cache.get(&new).await.unwrap().unwrap().value, b"2");
        let answer = cache
            .rename(&old, &new, b"3", HOUR, &version)
            .await
            .unwrap();
        assert!(matches!(answer, Moved::Gone));
    }
}

#[test]
fn threads_that_rename_back_and_forth_do_not_wait_for_each_other() {
    let (cache, _) = cache(128 << 20, 100_000);
    let moved = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (cache, moved) = (&cache, &moved);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    for round in 0..10_000 {
                        let pair = [format!("a{}", round % 7), format!("b{}", round % 5)];
                        let [old, new] = if thread % 2 == 0 {
                            &pair
                        } else {
                            &[pair[1].clone(), pair[0].clone()]
                        };
                        let _ = cache.add(old, b"1", HOUR).await.unwrap();
                        if let Some(entry) = cache.get(old).await.unwrap() {
                            let answer = cache
                                .rename(old, new, b"2", HOUR, &entry.version)
                                .await
                                .unwrap();
                            moved.fetch_add(
                                usize::from(matches!(answer, Moved::Moved(_))),
                                Ordering::Relaxed,
                            );
                        }
                        let _ = cache.delete(new).await.unwrap();
                    }
                });
            });
        }
    });
    assert!(moved.into_inner() > 0);
}

#[test]
fn no_increment_is_lost_between_threads() {
    let (cache, _) = cache(1 << 20, 100);
    let cache = &cache;
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    };
    runtime().block_on(cache.add("n", b"0", HOUR)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                runtime().block_on(async {
                    for _ in 0..10_000 {
                        loop {
                            let entry = cache.get("n").await.unwrap().unwrap();
                            let number: u32 =
                                str::from_utf8(&entry.value).unwrap().parse().unwrap();
                            let value = (number + 1).to_string();
                            let answer = cache
                                .replace("n", value.as_bytes(), HOUR, &entry.version)
                                .await;
                            if matches!(answer.unwrap(), Replaced::Replaced(_)) {
                                break;
                            }
                        }
                    }
                });
            });
        }
    });
    let entry = runtime().block_on(cache.get("n")).unwrap().unwrap();
    assert_eq!(entry.value, b"40000");
}

#[test]
fn options_are_checked() {
    let open = |name: &str, value: &str| {
        let mut entry = CacheSettings::default();
        entry.options.insert(name.into(), value.into());
        MemoryCache::open("default", &entry).map(|cache| cache.limits)
    };
    let limits = open("MAX_BYTES", "1000000").unwrap();
    assert_eq!((limits.bytes, limits.entries), (1_000_000, 100_000));
    assert_eq!(
        open("MAX_BYTES", "64 MiB").unwrap_err().to_string(),
        "CACHES.default.OPTIONS.MAX_BYTES is \"64 MiB\": a whole number from 65536 is needed"
    );
    assert!(open("MAX_ENTRIES", "15").is_err());
    assert_eq!(
        open("MAX_ENTRYS", "99").unwrap_err().to_string(),
        "CACHES.default.OPTIONS.MAX_ENTRYS is given: \"tenure.cache.memory\" has MAX_BYTES and MAX_ENTRIES alone; did you mean MAX_ENTRIES?"
    );
}

/// Everything that is logged, as one text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn dropping_sessions_that_have_not_ended_is_said_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let said = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let (cache, clock) = cache(64 << 10, 100);
    for number in 0..90 {
        cache
            .add(&format!("old{number}"), b"{}", HOUR)
            .await
            .unwrap();
    }
    clock.pass(HOUR);
    // Those that go for these have ended.
    for number in 0..90 {
        cache.add(&format!("{number}"), b"{}", HOUR).await.unwrap();
    }
    assert_eq!(said(), "");
    for number in 90..300 {
        cache.add(&format!("{number}"), b"{}", HOUR).await.unwrap();
    }
    let said = said();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("raise MAX_BYTES (now 65536) and MAX_ENTRIES (now 100)"),
        "{said}"
    );
}
