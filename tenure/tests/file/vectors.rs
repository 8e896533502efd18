//! Files that a real Django wrote (`interop/vectors/files.json`).

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
};

use serde_json::Value;
use tenure::{
    SessionKey, Sessions, codec::SignedJson, engine::file::FileStore, store::SessionStore,
};

use crate::{
    common::{Scripted, settings, unix, vectors},
    deliberate,
    site::names,
};

const SECRET: &str = "django-insecure-b6$k!vz0wq2m8x@t5#hn1r^y7u&e3jc(p4l*d9s+f_g=o)aZ";

/// A folder with one file as a vector has it.
struct Files {
    folder: tempfile::TempDir,
    store: FileStore,
    sessions: Sessions,
}

impl Files {
    async fn with(case: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(SECRET, None).unwrap();
        settings.file_path = Some(folder.path().to_owned());
        let path = folder.path().join(case["file_name"].as_str().unwrap());
        fs::write(&path, case["content"].as_str().unwrap()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(unix(&case["mtime"])).unwrap();
        let system = Scripted::new(unix(&case["now"]), &[]);
        let store = FileStore::open(&settings).await.unwrap();
        let store = store.with_system(system.clone());
        Self {
            sessions: Sessions::with_system(store.clone(), &settings, system).unwrap(),
            folder,
            store,
        }
    }

    fn is_there(&self, case: &Value) -> bool {
        let path = self.folder.path().join(case["file_name"].as_str().unwrap());
        path.exists()
    }
}

#[tokio::test]
async fn files_that_django_saved_are_read_and_end_when_they_should() {
    let file = vectors("files.json");
    let cases = file["load"].as_array().unwrap();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let expect = &case["expect"];
        let turned = deliberate::differs("files.json", name);
        // To Django it is there, or to us.
        let lives = expect["key_kept"].as_bool().unwrap() != turned;
        let files = Files::with(case).await;
        let session = files
            .sessions
            .session(case["session_key"].as_str().unwrap());
        let session = session.load().await.unwrap();
        assert_eq!(session.key().is_some(), lives, "{name}");
        // Django makes a new session for one that has ended; tenure makes none before somebody writes.
        assert_eq!(files.is_there(case), lives, "{name}");
        assert_eq!(
            names(files.folder.path()).len(),
            usize::from(lives),
            "{name}"
        );
        if lives {
            let json = case["payload"].as_str().unwrap();
            let key = session.key().unwrap();
            let record = files.store.load(&key).await.unwrap().unwrap();
            assert_eq!(record.data.to_json(), json, "{name}");
            assert_eq!(record.damage, None, "{name}");
        }
        let files = Files::with(case).await;
        files
            .store
            .clear_expired(unix(&case["now"]), 10)
            .await
            .unwrap();
        // At its very end a session has ended, but is not cleared, as on Django's tables.
        let at_limit = name == "no_expiry_at_limit";
        assert_eq!(files.is_there(case), lives || at_limit, "{name}");
        let survives = case["survives_clear_expired"].as_bool().unwrap();
        assert_eq!(lives != survives, turned, "{name}");
    }
    assert!(cases.len() >= 23);
}

#[tokio::test]
async fn files_with_odd_contents_are_empty_sessions_that_keep_their_key() {
    let file = vectors("files.json");
    for case in file["special"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let files = Files::with(case).await;
        let key = SessionKey::parse(case["session_key"].as_str().unwrap()).unwrap();
        let record = files.store.load(&key).await.unwrap().unwrap();
        let expect = &case["expect"];
        assert_eq!(
            record.data.to_json(),
            expect["payload"].as_str().unwrap(),
            "{name}"
        );
        assert_eq!(
            Value::from(record.damage.is_some()),
            expect["logged_as_corrupted"],
            "{name}"
        );
        let session = files.sessions.session(key.as_str()).load().await.unwrap();
        assert_eq!(
            Value::from(session.key() == Some(key)),
            expect["key_kept"],
            "{name}"
        );
        // The next write makes it whole.
        session.insert("new", 1).unwrap();
        session.save().await.unwrap();
        let text = fs::read_to_string(
            files
                .folder
                .path()
                .join(case["file_name"].as_str().unwrap()),
        );
        let codec = SignedJson::new(&tenure::Secret::new(SECRET), &[]);
        assert_eq!(
            codec.decode(&text.unwrap()).unwrap().to_json(),
            r#"{"new":1}"#,
            "{name}"
        );
    }
}

#[tokio::test]
async fn only_keys_of_small_letters_and_digits_reach_the_disk() {
    let file = vectors("files.json");
    let folder = tempfile::tempdir().unwrap();
    // Where a path would lead to.
    let inside = folder.path().join("sessions");
    fs::create_dir(&inside).unwrap();
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o700)).unwrap();
    let mut settings = settings(SECRET, None).unwrap();
    settings.file_path = Some(inside.clone());
    let store = FileStore::open(&settings).await.unwrap();
    for case in file["keys"].as_array().unwrap() {
        let text = case["session_key"].as_str().unwrap();
        let usable =
            case["accepted_as_file_key"] == true && case["accepted_by_length_rule"] == true;
        let Some(key) = SessionKey::parse(text) else {
            assert!(!usable, "{text:?}");
            continue;
        };
        let record = crate::site::record("{}");
        store.create(&key, &record).await.unwrap();
        assert_eq!(
            store.load(&key).await.unwrap().is_some(),
            usable,
            "{text:?}"
        );
        let made = names(&inside);
        let expected: Vec<_> = usable
            .then(|| format!("sessionid{text}"))
            .into_iter()
            .collect();
        assert_eq!(made, expected, "{text:?}");
        assert_eq!(names(folder.path()), ["sessions"], "{text:?}");
        assert_eq!(store.delete(&key).await.unwrap(), usable, "{text:?}");
    }
}

#[tokio::test]
async fn what_tenure_writes_is_what_django_writes() {
    let file = vectors("files.json");
    for case in file["load"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(SECRET, None).unwrap();
        settings.file_path = Some(folder.path().to_owned());
        let key = case["session_key"].as_str().unwrap();
        let system = Scripted::new(unix(&case["mtime"]), &[key]);
        let store = FileStore::open(&settings)
            .await
            .unwrap()
            .with_system(system.clone());
        let sessions = Sessions::with_system(store, &settings, system).unwrap();
        let session = sessions.new_session().load().await.unwrap();
        let payload =
            tenure::Data::from_json(case["payload"].as_str().unwrap().as_bytes()).unwrap();
        for (key, value) in payload.iter() {
            session
                .insert(&key, serde_json::from_str::<Value>(value).unwrap())
                .unwrap();
        }
        session.save().await.unwrap();
        assert_eq!(
            names(folder.path()),
            [case["file_name"].as_str().unwrap()],
            "{name}"
        );
        let path = folder.path().join(case["file_name"].as_str().unwrap());
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            case["content"].as_str().unwrap(),
            "{name}"
        );
        let stat = fs::metadata(&path).unwrap();
        assert_eq!(
            format!("0o{:o}", stat.mode() & 0o7777),
            case["mode"].as_str().unwrap(),
            "{name}"
        );
        assert_eq!(stat.modified().unwrap(), unix(&case["mtime"]), "{name}");
    }
}
