//! A user with a thousand sessions.

use std::time::{Duration, SystemTime};

use serde_json::json;
use tenure::{Data, Json, Record, SessionKey, Sessions, Settings, codec::signing::salted_hmac};
use testkit::Proxy;

use crate::site::Browser;

const MANY: usize = 1000;
/// So many take the same statements as a thousand.
const FEW: usize = 101;
const USER: &str = "4711";

/// Makes sessions as Django would leave them, each of which has one request here.
async fn log_in(sessions: &Sessions, times: usize) -> Browser {
    let mut browser = Browser::default();
    for _ in 0..times {
        browser = Browser::default();
        browser
            .request(sessions, async |session| {
                session.insert("_auth_user_id", USER).unwrap();
            })
            .await;
    }
    browser
}

/// Ends all of them; none is left.
pub(crate) async fn end_a_thousand(sessions: &Sessions) {
    let mut last = log_in(sessions, MANY).await;
    assert_eq!(sessions.sessions_of(USER).await.unwrap().len(), MANY);
    assert_eq!(sessions.end_all(USER).await.unwrap(), MANY);
    assert!(sessions.sessions_of(USER).await.unwrap().is_empty());
    let nobody = last.request(sessions, async |session| session.is_empty());
    assert!(nobody.await);
}

/// Once connections stand and statements are prepared, ending a thousand sessions takes at most three round trips on each of these lines.
pub(crate) async fn ends_in_three_round_trips(settings: &Settings, lines: &[Proxy]) {
    let sessions = Sessions::open(settings.clone()).await.unwrap();
    let is_database = sessions.store().index().is_some();
    if is_database {
        log_in(&sessions, FEW).await;
        assert_eq!(sessions.end_all(USER).await.unwrap(), FEW);
        log_in(&sessions, MANY).await;
    } else {
        lay_down(&sessions, settings).await;
    }
    for line in lines {
        line.take_round_trips();
    }
    assert_eq!(sessions.end_all(USER).await.unwrap(), MANY);
    let trips: Vec<u64> = lines.iter().map(Proxy::take_round_trips).collect();
    println!("{MANY} sessions ended in {trips:?} round trips");
    assert!(
        trips.iter().all(|trips| (1..=3).contains(trips)),
        "{trips:?}"
    );
    assert!(sessions.sessions_of(USER).await.unwrap().is_empty());
}

/// A thousand sessions and the user's record of them, which would take a good while to be written a thousand times.
async fn lay_down(sessions: &Sessions, settings: &Settings) {
    let store = sessions.store();
    let ends = SystemTime::now() + Duration::from_hours(1);
    let mut rows = Vec::new();
    for number in 0..MANY {
        let name = format!("{number:032}");
        let key = SessionKey::parse(&name).unwrap();
        let record = Record::new(Data::new(), ends);
        store.create(&key, &record).await.unwrap();
        let micros = ends.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let micros = u64::try_from(micros.as_micros()).unwrap();
        rows.push(json!([
            format!("handle{number}"),
            name,
            0,
            0,
            micros,
            null,
            null,
            null
        ]));
    }
    let mut data = Data::new();
    data.insert("_tenure_sessions", Json::of(&rows).unwrap());
    let secret = settings.secret_key.as_ref().unwrap();
    let key = salted_hmac("tenure.user_sessions", USER.as_bytes(), secret);
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let key: String = key
        .iter()
        .map(|byte| char::from(letters[usize::from(*byte) % 36]))
        .collect();
    let key = SessionKey::parse(&key).unwrap();
    store.create(&key, &Record::new(data, ends)).await.unwrap();
    let first = SessionKey::parse(&format!("{:032}", 0)).unwrap();
    assert!(store.load(&first).await.unwrap().is_some());
}
