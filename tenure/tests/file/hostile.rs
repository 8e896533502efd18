//! Whatever stands under a session's name: nothing hangs, nothing else is touched, and a session is damaged, too large or absent.

use std::{
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    process::Command,
    time::{Duration, Instant, SystemTime},
};

use tenure::{
    Damage, StoreError, Version,
    codec::SignedJson,
    store::{Created, Renamed, Saved, SessionStore},
    testing,
};

use crate::site::{KEY, Site, codec, key, record, signed};

#[tokio::test]
async fn a_changed_byte_anywhere_is_damage_that_keeps_the_key() {
    let site = Site::new().await;
    let text = signed(r#"{"user":7,"cart":[1,2,3]}"#).into_bytes();
    for place in 0..text.len() {
        for byte in [
            b'\0',
            b'\n',
            b':',
            b'.',
            b'A',
            b'_',
            0x7f,
            0xff,
            text[place] ^ 1,
        ] {
            if byte == text[place] {
                continue;
            }
            let mut changed = text.clone();
            changed[place] = byte;
            fs::write(site.file(), &changed).unwrap();
            let record = site.store.load(&key(KEY)).await.unwrap().unwrap();
            assert_eq!(
                record.damage,
                Some(Damage::Signature),
                "byte {place} is {byte}"
            );
            assert!(record.data.is_empty());
        }
    }
    let session = site.sessions.session(KEY).load().await.unwrap();
    assert!(session.is_empty());
    session.insert("new", 1).unwrap();
    session.save().await.unwrap();
    assert_eq!(site.json(), r#"{"new":1}"#);
}

#[tokio::test]
async fn a_text_cut_anywhere_is_damage_and_none_at_all_is_an_empty_session() {
    let site = Site::new().await;
    let text = signed(r#"{"user":7}"#);
    for length in 0..text.len() {
        fs::write(site.file(), &text[..length]).unwrap();
        let record = site.store.load(&key(KEY)).await.unwrap().unwrap();
        assert_eq!(record.damage.is_some(), length > 0, "{length} bytes");
        assert!(record.data.is_empty());
    }
}

#[tokio::test]
async fn a_session_that_is_too_large_is_neither_read_nor_written_nor_lost() {
    let site = Site::new().await;
    let file = fs::File::create(site.file()).unwrap();
    file.set_len(1 << 40).unwrap();
    let started = Instant::now();
    let error = site.store.load(&key(KEY)).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(1));
    // It is listed, not cleared, and can be deleted.
    assert_eq!(site.store.scan(None, 9).await.unwrap()[0].size, 1 << 40);
    let later = SystemTime::now() + Duration::from_hours(100 * 24);
    assert_eq!(site.store.clear_expired(later, 9).await.unwrap(), 0);
    assert!(site.store.delete(&key(KEY)).await.unwrap());

    // What inflates to more than the limit, rightly signed.
    let secret = testing::settings().secret_key.unwrap();
    let generous = SignedJson::new(&secret, &[]).inflate_limit(1 << 30);
    let long = record(&format!(r#"{{"long":"{}"}}"#, "a".repeat(4 << 20)));
    fs::write(site.file(), generous.encode(&long.data, SystemTime::now())).unwrap();
    let error = site.store.load(&key(KEY)).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");

    // What could not be read back is not written.
    fs::write(site.file(), signed(r#"{"user":7}"#)).unwrap();
    let base = site.store.load(&key(KEY)).await.unwrap().unwrap().version;
    let error = site.store.save(&key(KEY), &long, &base).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    assert_eq!(site.json(), r#"{"user":7}"#);
    assert_eq!(site.names().len(), 1);
}

/// Every call with a key whose file is none; what is there must stay as it is.
async fn assert_absent(site: &Site, what: &str) {
    let (mine, other) = (key(KEY), key("abcdefghijklmnopqrstuvwxyz012345"));
    let version = Version::from_text(signed(r#"{"user":7}"#));
    let record = record(r#"{"new":1}"#);
    let store = &site.store;
    assert!(store.load(&mine).await.unwrap().is_none(), "{what}");
    let saved = store.save(&mine, &record, &version).await.unwrap();
    assert!(matches!(saved, Saved::Gone), "{what}: {saved:?}");
    let renamed = store
        .rename(&mine, &other, &record, &version)
        .await
        .unwrap();
    assert!(matches!(renamed, Renamed::Gone), "{what}: {renamed:?}");
    let soon = SystemTime::now() + Duration::from_hours(24);
    assert!(!store.touch(&mine, soon, &version).await.unwrap(), "{what}");
    assert!(!store.delete(&mine).await.unwrap(), "{what}");
    assert!(!store.delete_expired(&mine, soon).await.unwrap(), "{what}");
    let created = store.create(&mine, &record).await.unwrap();
    assert!(matches!(created, Created::Taken), "{what}: {created:?}");
    let later = soon + Duration::from_hours(400 * 24);
    assert_eq!(store.clear_expired(later, 9).await.unwrap(), 0, "{what}");
    assert!(store.scan(None, 9).await.unwrap().is_empty(), "{what}");
    assert_eq!(site.names(), [format!("sessionid{KEY}")], "{what}");
}

#[tokio::test]
async fn a_planted_link_is_not_followed() {
    let site = Site::new().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("target");
    let text = signed(r#"{"user":7}"#);
    fs::write(&target, &text).unwrap();
    let before = fs::metadata(&target).unwrap().modified().unwrap();
    symlink(&target, site.file()).unwrap();
    assert_absent(&site, "a link").await;
    assert_eq!(fs::read_to_string(&target).unwrap(), text);
    assert_eq!(fs::metadata(&target).unwrap().modified().unwrap(), before);
    fs::remove_file(site.file()).unwrap();
    symlink("nowhere", site.file()).unwrap();
    assert_absent(&site, "a link to nowhere").await;
}

#[tokio::test]
async fn pipes_sockets_and_folders_are_no_sessions_and_make_nobody_wait() {
    let site = Site::new().await;
    let started = Instant::now();
    let made = Command::new("mkfifo").arg(site.file()).status().unwrap();
    assert!(made.success());
    assert_absent(&site, "a pipe").await;
    fs::remove_file(site.file()).unwrap();
    let _socket = UnixListener::bind(site.file()).unwrap();
    assert_absent(&site, "a socket").await;
    fs::remove_file(site.file()).unwrap();
    fs::create_dir(site.file()).unwrap();
    assert_absent(&site, "a folder").await;
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_file_that_others_may_write_is_no_session() {
    use std::os::unix::fs::PermissionsExt as _;

    let site = Site::new().await;
    for mode in [0o620, 0o602, 0o666] {
        fs::write(site.file(), signed(r#"{"user":7}"#)).unwrap();
        fs::set_permissions(site.file(), fs::Permissions::from_mode(mode)).unwrap();
        assert_absent(&site, &format!("mode {mode:o}")).await;
    }
    fs::set_permissions(site.file(), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(site.store.load(&key(KEY)).await.unwrap().is_some());
    // Only root can give files away.
    if std::os::unix::fs::chown(site.file(), Some(65_534), None).is_ok() {
        assert_absent(&site, "somebody else's").await;
    }
}

#[tokio::test]
async fn what_damages_one_session_leaves_the_others_listed_and_cleared() {
    let site = Site::new().await;
    fs::write(site.file(), "garbage").unwrap();
    let whole = key("abcdefghijklmnopqrstuvwxyz012345");
    site.store
        .create(&whole, &record(r#"{"user":7}"#))
        .await
        .unwrap();
    fs::write(site.folder.path().join("sessionidNOT-A-KEY"), "theirs").unwrap();
    fs::write(site.folder.path().join("README"), "theirs").unwrap();
    let listed = site.store.scan(None, 9).await.unwrap();
    let names: Vec<_> = listed.iter().map(|listed| listed.name.as_str()).collect();
    assert_eq!(names, [KEY, whole.as_str()]);
    let later = SystemTime::now() + Duration::from_hours(15 * 24);
    assert_eq!(site.store.clear_expired(later, 9).await.unwrap(), 2);
    assert_eq!(site.names(), ["README", "sessionidNOT-A-KEY"]);
    assert!(codec().decode("garbage").is_err());
}
