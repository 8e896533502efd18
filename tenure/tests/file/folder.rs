//! The folder: whose it may be, what a crash or an operator does to it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use tenure::{
    conformance::{self, Broken},
    engine::{self, file::FileStore},
    store::{Saved, SessionStore},
};

use crate::site::{KEY, Site, in_memory, key, record, settings, signed};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_folder_that_others_can_change_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o777, 0o770, 0o702] {
        set_mode(folder.path(), mode);
        let error = FileStore::open(&settings(folder.path())).await.unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("others may write to the folder"),
            "{message}"
        );
        assert!(message.contains(&format!("mode 0{mode:o}")), "{message}");
        assert!(message.contains("SESSION_FILE_PATH"), "{message}");
    }
    for mode in [0o700, 0o755, 0o1777] {
        set_mode(folder.path(), mode);
        FileStore::open(&settings(folder.path())).await.unwrap();
    }
    // Only root can give folders away.
    if std::os::unix::fs::chown(folder.path(), Some(65_534), None).is_ok() {
        let error = FileStore::open(&settings(folder.path())).await.unwrap_err();
        let message = error.to_string();
        assert!(message.contains("belongs to user 65534"), "{message}");
    }
}

#[tokio::test]
async fn where_others_can_make_files_a_second_name_is_no_session() {
    let site = Site::new().await;
    let other = site
        .folder
        .path()
        .join("sessionidabcdefghijklmnopqrstuvwxyz012345");
    fs::write(&other, signed(r#"{"user":7}"#)).unwrap();
    set_mode(&other, 0o600);
    fs::hard_link(&other, site.file()).unwrap();
    assert!(site.store.load(&key(KEY)).await.unwrap().is_some());
    set_mode(site.folder.path(), 0o1777);
    let store = FileStore::open(&settings(site.folder.path()))
        .await
        .unwrap();
    assert!(store.load(&key(KEY)).await.unwrap().is_none());
    fs::remove_file(&other).unwrap();
    assert!(store.load(&key(KEY)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_folder_that_is_not_there_says_how_to_make_it() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("sessions");
    let mut settings = settings(&missing);
    settings.engine = "file".to_owned();
    let error = engine::open(&settings).await.unwrap_err().to_string();
    assert!(
        error.contains("is not there: make it with `mkdir -m 700`"),
        "{error}"
    );
    fs::write(&missing, "").unwrap();
    let error = engine::open(&settings).await.unwrap_err().to_string();
    assert!(error.contains("is no folder"), "{error}");
    fs::remove_file(&missing).unwrap();
    fs::create_dir(&missing).unwrap();
    set_mode(&missing, 0o700);
    assert_eq!(engine::open(&settings).await.unwrap().engine(), "file");
}

#[tokio::test]
async fn a_folder_that_is_removed_is_an_outage_until_it_is_made_again() {
    let parent = tempfile::tempdir().unwrap();
    let (path, away) = (parent.path().join("sessions"), parent.path().join("away"));
    fs::create_dir(&path).unwrap();
    fs::create_dir(&away).unwrap();
    set_mode(&path, 0o700);
    let sessions = tenure::Sessions::open({
        let mut settings = settings(&path);
        settings.engine = "file".to_owned();
        settings
    });
    let sessions = sessions.await.unwrap();
    let bring = |from: &Path, to: &Path| {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            fs::rename(entry.path(), to.join(entry.file_name())).unwrap();
        }
    };
    let remove = async || {
        bring(&path, &away);
        fs::remove_dir(&path).unwrap();
    };
    let make = async || {
        fs::create_dir(&path).unwrap();
        set_mode(&path, 0o700);
        bring(&away, &path);
    };
    conformance::outage(&sessions, Broken::Everything, remove, make)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_lock_that_somebody_keeps_ends_in_an_error_within_the_deadline() {
    let site = Site::new().await;
    site.store
        .create(&key(KEY), &record(r#"{"user":7}"#))
        .await
        .unwrap();
    let found = site.store.load(&key(KEY)).await.unwrap().unwrap();
    let held = fs::File::open(site.file()).unwrap();
    held.lock().unwrap();
    let started = Instant::now();
    let new = record(r#"{"user":8}"#);
    let error = site
        .store
        .save(&key(KEY), &new, &found.version)
        .await
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(1500));
    assert!(
        error.to_string().contains("keeps a session's file in"),
        "{error}"
    );
    assert!(site.store.load(&key(KEY)).await.unwrap().is_some());
    assert_eq!(site.json(), r#"{"user":7}"#);
    drop(held);
    // The store is as well as before.
    let saved = site
        .store
        .save(&key(KEY), &new, &found.version)
        .await
        .unwrap();
    assert!(matches!(saved, Saved::Saved(_)), "{saved:?}");
    assert_eq!(site.names().len(), 1);
}

#[tokio::test]
async fn temporary_files_of_a_crash_go_after_an_hour() {
    let site = Site::new().await;
    site.store
        .create(&key(KEY), &record(r#"{"user":7}"#))
        .await
        .unwrap();
    let left = format!("sessionid{KEY}_out_a1b2_3c4");
    fs::write(site.folder.path().join(&left), "half a ses").unwrap();
    let theirs = format!("sessionid{KEY}_out_theirs.txt");
    fs::write(site.folder.path().join(&theirs), "").unwrap();
    // Neither is a session.
    assert_eq!(site.store.scan(None, 9).await.unwrap().len(), 1);
    let minutes = |minutes| SystemTime::now() + Duration::from_mins(minutes);
    assert_eq!(site.store.clear_expired(minutes(59), 9).await.unwrap(), 0);
    assert_eq!(site.names().len(), 3);
    assert_eq!(site.store.clear_expired(minutes(61), 9).await.unwrap(), 0);
    assert_eq!(site.names(), [format!("sessionid{KEY}"), theirs]);
}

#[tokio::test]
async fn clearing_in_batches_meets_every_session_and_listing_goes_in_order() {
    let site = Site::in_folder(in_memory()).await;
    let ended = tenure::Record::new(
        tenure::Data::new(),
        SystemTime::now() - Duration::from_mins(1),
    );
    let text = |number: u32| format!("{:0>8}", (number * 7919) % 100_003);
    for number in 0..500 {
        let alive = record("{}");
        let record = if number % 5 == 0 { &alive } else { &ended };
        site.store
            .create(&key(&text(number)), record)
            .await
            .unwrap();
    }
    let mut listed = Vec::new();
    loop {
        let after: Option<String> = listed.last().cloned();
        let page = site.store.scan(after.as_deref(), 37).await.unwrap();
        listed.extend(page.iter().map(|listed| listed.name.clone()));
        if page.len() < 37 {
            break;
        }
    }
    let mut all: Vec<_> = (0..500).map(text).collect();
    all.sort();
    assert_eq!(listed, all);
    let now = SystemTime::now();
    let mut rounds = Vec::new();
    loop {
        rounds.push(site.store.clear_expired(now, 64).await.unwrap());
        if rounds.last() < Some(&64) {
            break;
        }
    }
    assert_eq!(rounds, [64, 64, 64, 64, 64, 64, 16]);
    // A round that goes on in the middle still meets what was made before it.
    assert_eq!(
        site.store
            .clear_expired(now + Duration::from_hours(15 * 24), 10)
            .await
            .unwrap(),
        10
    );
    for number in 500..540 {
        site.store
            .create(&key(&text(number)), &ended)
            .await
            .unwrap();
    }
    assert_eq!(site.store.clear_expired(now, 1000).await.unwrap(), 40);
    assert_eq!(site.names().len(), 90);
}
