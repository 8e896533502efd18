//! Django writes and deletes without a lock, at the same moment.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{Arc, Barrier},
    thread,
    time::{Duration, SystemTime},
};

use tenure::store::{Renamed, Saved, SessionStore};

use crate::site::{KEY, Site, codec, in_memory, key, record, signed};

const NEW: &str = "abcdefghijklmnopqrstuvwxyz012345";

/// `save` of `django/contrib/sessions/backends/file.py` (5.2); tells whether the session was there.
fn django_saves(path: &Path, text: &str) -> bool {
    if fs::OpenOptions::new().write(true).open(path).is_err() {
        return false;
    }
    let temporary = path.with_file_name("sessionid_out_djangos1");
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&temporary).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    fs::rename(&temporary, path).unwrap();
    true
}

/// Lets `other` run on a thread of its own, at the moment at which `mine` begins.
fn at_once<T>(mine: impl FnOnce() -> T, other: impl FnOnce() + Send) -> T {
    let start = Arc::new(Barrier::new(2));
    thread::scope(|scope| {
        let theirs = Arc::clone(&start);
        scope.spawn(move || {
            theirs.wait();
            other();
        });
        start.wait();
        mine()
    })
}

/// Waits a while that differs from round to round, so that every step of the other is met.
fn stagger(round: u32) {
    let until = std::time::Instant::now() + Duration::from_micros(u64::from(round * 37 % 400));
    while std::time::Instant::now() < until {
        std::hint::spin_loop();
    }
}

#[test]
fn a_logout_in_django_is_never_undone_and_its_writes_are_never_overwritten() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let site = runtime.block_on(Site::in_folder(in_memory()));
    let (mine, new) = (key(KEY), key(NEW));
    let theirs = signed(r#"{"django":1}"#);
    let ours = record(r#"{"user":8}"#);
    let file = site.file();
    let mut conflicts = 0;
    for round in 0..1500 {
        let base = runtime.block_on(async {
            site.store
                .create(&mine, &record(r#"{"user":7}"#))
                .await
                .unwrap();
            site.store.load(&mine).await.unwrap().unwrap().version
        });
        match round % 3 {
            0 => {
                let save = || {
                    runtime
                        .block_on(site.store.save(&mine, &ours, &base))
                        .unwrap()
                };
                at_once(save, || {
                    stagger(round);
                    fs::remove_file(&file).unwrap();
                });
                assert_eq!(
                    site.names(),
                    Vec::<String>::new(),
                    "round {round}: a logout was undone"
                );
            }
            1 => {
                let save = || {
                    runtime
                        .block_on(site.store.save(&mine, &ours, &base))
                        .unwrap()
                };
                let saved = at_once(save, || {
                    stagger(round);
                    assert!(django_saves(&file, &theirs));
                });
                conflicts += u32::from(matches!(saved, Saved::Conflict(_)));
                assert_eq!(
                    fs::read_to_string(&file).unwrap(),
                    theirs,
                    "round {round}: {saved:?}"
                );
                fs::remove_file(&file).unwrap();
            }
            _ => {
                let rename = || runtime.block_on(site.store.rename(&mine, &new, &ours, &base));
                let renamed = at_once(
                    || rename().unwrap(),
                    || {
                        stagger(round);
                        let _ = fs::remove_file(&file);
                    },
                );
                let expected = match renamed {
                    Renamed::Renamed(_) => vec![format!("sessionid{NEW}")],
                    _ => Vec::new(),
                };
                assert_eq!(site.names(), expected, "round {round}: {renamed:?}");
                runtime.block_on(site.store.delete(&new)).unwrap();
            }
        }
    }
    assert!(conflicts > 0, "Django was never first");
}

#[tokio::test]
async fn django_sees_a_prolonged_session_by_its_modification_time() {
    let site = Site::new().await;
    let mine = key(KEY);
    site.store
        .create(&mine, &record(r#"{"user":7}"#))
        .await
        .unwrap();
    let found = site.store.load(&mine).await.unwrap().unwrap();
    let later = found.expires_at + Duration::from_secs(5000);
    assert!(
        site.store
            .touch(&mine, later, &found.version)
            .await
            .unwrap()
    );
    // To Django the end is this much after the modification.
    let modified = fs::metadata(site.file()).unwrap().modified().unwrap();
    assert_eq!(modified + Duration::from_hours(14 * 24), later);
    let again = site.store.load(&mine).await.unwrap().unwrap();
    assert_eq!((again.expires_at, again.version), (later, found.version));
}

#[tokio::test]
async fn a_session_that_ends_at_a_moment_is_not_prolonged() {
    let site = Site::new().await;
    let mine = key(KEY);
    let json = r#"{"user":7,"_session_expiry":"2999-01-01T00:00:00+00:00"}"#;
    site.store.create(&mine, &record(json)).await.unwrap();
    let found = site.store.load(&mine).await.unwrap().unwrap();
    let later = found.expires_at + Duration::from_secs(5000);
    assert!(
        site.store
            .touch(&mine, later, &found.version)
            .await
            .unwrap()
    );
    let again = site.store.load(&mine).await.unwrap().unwrap();
    assert_eq!(again.expires_at, found.expires_at);
    let age =
        SystemTime::now().duration_since(fs::metadata(site.file()).unwrap().modified().unwrap());
    assert!(age.unwrap() < Duration::from_mins(1));
    assert!(
        codec()
            .decode(&fs::read_to_string(site.file()).unwrap())
            .is_ok()
    );
}
