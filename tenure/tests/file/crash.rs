//! The process is killed in the midst of its work.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, SystemTime},
};

use tenure::{
    engine::file::FileStore,
    store::{Renamed, Saved, SessionStore},
};

use crate::site::{KEY, key, names, record, settings};

const ROUNDS: u32 = 200;
/// Tells the worker where to work.
const FOLDER: &str = "FILE_TEST_FOLDER";

/// Saves one session and changes its key, again and again: the process that the test below starts and kills.
#[tokio::test]
async fn worker() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let store = FileStore::open(&settings(&folder)).await.unwrap();
    let (mut now, mut next) = (key(KEY), key("abcdefghijklmnopqrstuvwxyz012345"));
    store
        .create(&now, &record(r#"{"user":7,"n":0}"#))
        .await
        .unwrap();
    println!("ready");
    for number in 0.. {
        let record = record(&format!(r#"{{"user":7,"n":{number}}}"#));
        let base = store.load(&now).await.unwrap().unwrap().version;
        let saved = store.save(&now, &record, &base).await.unwrap();
        let Saved::Saved(base) = saved else {
            panic!("{saved:?}");
        };
        let renamed = store.rename(&now, &next, &record, &base).await.unwrap();
        assert!(matches!(renamed, Renamed::Renamed(_)), "{renamed:?}");
        std::mem::swap(&mut now, &mut next);
    }
}

#[tokio::test]
async fn a_killed_process_leaves_the_old_or_the_new_session_whole() {
    let mut left_behind = 0;
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let mut worker = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::worker", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(worker.stdout.take().unwrap());
        let ready = output.lines().any(|line| line.unwrap().contains("ready"));
        assert!(ready, "round {round}: the worker ended");
        thread::sleep(Duration::from_micros(u64::from(round * 7919 % 15_000)));
        worker.kill().unwrap();
        worker.wait().unwrap();

        let store = FileStore::open(&settings(folder.path())).await.unwrap();
        let listed = store.scan(None, 9).await.unwrap();
        // Both only if it died between making the new one and removing the old one.
        assert!((1..=2).contains(&listed.len()), "round {round}: {listed:?}");
        for listed in &listed {
            let found = store.load(&key(&listed.name)).await.unwrap().unwrap();
            assert_eq!(found.damage, None, "round {round}");
            assert_eq!(
                found.data.get::<u32>("user").unwrap(),
                Some(7),
                "round {round}"
            );
        }
        left_behind += names(folder.path()).len() - listed.len();
        let later = SystemTime::now() + Duration::from_hours(2);
        assert_eq!(store.clear_expired(later, 9).await.unwrap(), 0);
        assert_eq!(names(folder.path()).len(), listed.len(), "round {round}");
    }
    println!("{left_behind} temporary files in {ROUNDS} rounds");
}
