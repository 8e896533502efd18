//! A process is killed while it writes.

use std::time::{Duration, SystemTime};

use tenure::{
    Data, Record, SessionKey, Settings, engine,
    store::{Created, Renamed, Saved, Store},
    system::{OperatingSystem, System},
};

use crate::{
    engines::Site,
    worker::{Worker, runtime, say, settings},
};

const KILLS: u32 = 200;

/// The keys that a session has one after the other, so that the test knows where to look.
fn key(run: &str, step: u32) -> SessionKey {
    SessionKey::parse(&format!("run{run}step{step:020}")).unwrap()
}

/// A session that shows whether it is whole.
fn record(step: u32) -> Record {
    let padding = step.to_string().repeat(2000);
    let json = format!(r#"{{"first":{step},"padding":"{padding}","last":{step}}}"#);
    let ends_at = SystemTime::now() + Duration::from_hours(24);
    Record::new(Data::from_json(json.as_bytes()).unwrap(), ends_at)
}

/// The step in which the session was written; it must be whole.
fn step(found: &Record) -> u32 {
    assert_eq!(found.damage, None);
    let step = found.data.get("first").unwrap().unwrap();
    assert_eq!(found.data.len(), 3);
    for (name, value) in record(step).data.iter() {
        assert_eq!(found.data.get_json(&name), Some(value), "half a session");
    }
    step
}

/// The job: saves the session and moves it to its next key, over and over, telling each step before.
pub(crate) async fn write(settings: Settings, run: &str) {
    let store = engine::open(&settings).await.unwrap();
    for step in 0.. {
        let (old, new) = (key(run, step), key(run, step + 1));
        if step == 0 {
            let created = store.create(&old, &record(0)).await.unwrap();
            assert!(matches!(created, Created::Created(_)));
        }
        say(step);
        let found = store.load(&old).await.unwrap().unwrap();
        let saved = store.save(&old, &record(step), &found.version).await;
        let Saved::Saved(version) = saved.unwrap() else {
            panic!("nobody else writes");
        };
        let renamed = store.rename(&old, &new, &record(step), &version).await;
        assert!(matches!(renamed, Ok(Renamed::Renamed(_))));
    }
}

/// Where the session is, after a kill in this step.
async fn look(store: &Store, run: &str, said: u32) {
    let mut old = store.load(&key(run, said)).await.unwrap();
    let new = store.load(&key(run, said + 1)).await.unwrap();
    if old.is_some() && new.is_some() {
        // A server may do what it was asked last between the two looks.
        old = store.load(&key(run, said)).await.unwrap();
    }
    match (&old, &new) {
        (Some(old), None) => {
            let step = step(old);
            assert!(step == said || step + 1 == said || said == 0);
        }
        (None, Some(new)) => assert_eq!(step(new), said),
        (Some(old), Some(new)) => {
            // Two files cannot be changed in one step. Locks keep other requests out, but no kill. Nobody was told the new key.
            let in_two_steps = !store.powers().atomic_rename || store.engine() == "file";
            assert!(in_two_steps, "it is under both keys");
            assert_eq!((step(old), step(new)), (said, said));
        }
        (None, None) => panic!("it is under neither key"),
    }
}

fn random() -> u32 {
    let mut bytes = [0; 4];
    OperatingSystem.fill_random(&mut bytes).unwrap();
    u32::from_le_bytes(bytes)
}

pub(crate) fn a_killed_writer_leaves_old_or_new((engine, _guard): Site) {
    runtime().block_on(async {
        let store = engine::open(&settings(&engine)).await.unwrap();
        store.prepare().await.unwrap();
        for kill in 0..KILLS {
            let run = kill.to_string();
            let mut worker = Worker::start("write", &engine, &run);
            let mut said = worker.hear().unwrap();
            std::thread::sleep(Duration::from_micros(u64::from(random() % 5000)));
            worker.kill();
            // What it has said before it died.
            while let Some(more) = worker.hear() {
                said = more;
            }
            look(&store, &run, said.parse().unwrap()).await;
        }
    });
}
