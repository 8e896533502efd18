//! Every kind of expiry ends a session at the same moment on both sides, and both clear the same sessions away.

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value as Json, json};
use tenure::{Expiry, Record, Sessions};

use crate::{
    generate::isoformat,
    site::{Site, apart},
};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// What is set, and how long ago the session was saved.
#[derive(Clone, Debug)]
struct Kind {
    name: &'static str,
    /// As Django's driver takes it.
    django: Json,
    /// None where tenure cannot set it.
    tenure: Option<Expiry>,
    seconds_ago: u64,
    ended: bool,
}

/// Where Django does not end a session that has ended, which tenure does. Each is asserted, so that this list is true.
const DJANGO_FORGETS: &[(&str, &[&str], &str)] = &[
    (
        "file",
        &["seconds, over", "fraction, over"],
        "Django compares a number of seconds with nothing: such a file never ends, and is never cleared away",
    ),
    (
        "signed_cookies",
        &[
            "seconds, over",
            "fraction, over",
            "negative",
            "date in the past",
            "timedelta in the past",
        ],
        "Django looks at the age of the cookie alone (tickets 19201 and 27775)",
    ),
];

fn kinds() -> Vec<Kind> {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let date = |seconds: i64, fraction: i64| {
        let micros = (i64::try_from(now.as_secs()).unwrap() + seconds) * 1_000_000 + fraction;
        let moment = SystemTime::UNIX_EPOCH + Duration::from_micros(micros.cast_unsigned());
        (json!(isoformat(micros)), Some(Expiry::At(moment)))
    };
    let seconds = |seconds: f64| Some(Expiry::After(Duration::from_secs_f64(seconds)));
    let (soon, soon_at) = date(5000, 0);
    let (exact, exact_at) = date(5000, 250_001);
    let (past, past_at) = date(-5, 0);
    let kind = |name, (django, tenure), seconds_ago, ended| Kind {
        name,
        django,
        tenure,
        seconds_ago,
        ended,
    };
    vec![
        kind("default", (Json::Null, Some(Expiry::Default)), 0, false),
        kind(
            "default, old",
            (Json::Null, Some(Expiry::Default)),
            13 * DAY,
            false,
        ),
        kind(
            "default, over",
            (Json::Null, Some(Expiry::Default)),
            15 * DAY,
            true,
        ),
        kind(
            "browser close",
            (json!(0), Some(Expiry::BrowserClose)),
            0,
            false,
        ),
        kind(
            "browser close, over",
            (json!(0), Some(Expiry::BrowserClose)),
            15 * DAY,
            true,
        ),
        kind("seconds", (json!(7200), seconds(7200.0)), 0, false),
        kind("seconds, old", (json!(7200), seconds(7200.0)), HOUR, false),
        kind(
            "seconds, over",
            (json!(7200), seconds(7200.0)),
            3 * HOUR,
            true,
        ),
        kind("fraction", (json!(7200.5), seconds(7200.5)), 0, false),
        kind(
            "fraction, over",
            (json!(7200.5), seconds(7200.5)),
            3 * HOUR,
            true,
        ),
        kind(
            "longer than the default",
            (json!(30 * DAY), seconds(2_592_000.0)),
            0,
            false,
        ),
        kind("negative", (json!(-5), None), 0, true),
        kind("date", (soon, soon_at), 0, false),
        kind("date with a fraction", (exact, exact_at), 0, false),
        kind("date in the past", (past, past_at), 0, true),
        kind("timedelta", (json!({"after": 5000}), None), 0, false),
        kind(
            "timedelta in the past",
            (json!({"after": -5}), None),
            0,
            true,
        ),
    ]
}

/// A session that was made to end, and where it is.
struct Made {
    name: String,
    kind: Kind,
    key: Json,
}

impl Made {
    /// Whether Django does not notice that it has ended.
    fn forgotten(&self, site: &Site) -> bool {
        let mut known = DJANGO_FORGETS.iter();
        known.any(|(engine, kinds, _)| {
            *engine == site.place.engine && kinds.contains(&self.kind.name)
        })
    }
}

/// Sessions of all kinds, made by both sides.
fn make(site: &mut Site) -> Vec<Made> {
    let all = kinds();
    let sessions: Vec<_> = all
        .iter()
        .map(|kind| json!({"data": "{\"a\":1}", "expiry": kind.django}))
        .collect();
    let theirs = site.ask_all("save_many", "sessions", &json!(sessions), "keys");
    let ours: Vec<_> = all
        .iter()
        .filter(|kind| kind.tenure.is_some())
        .cloned()
        .collect();
    let expiries: Vec<_> = ours.iter().filter_map(|kind| kind.tenure).collect();
    let keys = site.at_once(expiries, async |sessions: &Sessions, expiry: Expiry| {
        let session = sessions.new_session().load().await.unwrap();
        session.insert("a", 1).unwrap();
        session.set_expiry(expiry).unwrap();
        session.save().await.unwrap();
        Json::from(session.key().unwrap().as_str())
    });
    let theirs = all.into_iter().zip(theirs).map(|made| ("Django", made));
    let ours = ours.into_iter().zip(keys).map(|made| ("tenure", made));
    let made = theirs.chain(ours).map(|(maker, (kind, key))| Made {
        name: format!("{:?} made by {maker}", kind.name),
        kind,
        key,
    });
    let mut made: Vec<_> = made.collect();
    for age in [HOUR, 3 * HOUR, 13 * DAY, 15 * DAY] {
        let mut old: Vec<_> = made
            .iter_mut()
            .filter(|made| made.kind.seconds_ago == age)
            .collect();
        let keys: Vec<_> = old.iter().map(|made| made.key.clone()).collect();
        let question = json!({"op": "let_pass_many", "keys": keys, "seconds": age});
        let keys = site.django.ask(&question)["keys"]
            .as_array()
            .unwrap()
            .clone();
        for (made, key) in old.iter_mut().zip(keys) {
            made.key = key;
        }
    }
    made
}

fn keys(made: &[Made]) -> Vec<Json> {
    made.iter().map(|made| made.key.clone()).collect()
}

fn alive(record: Option<&Record>) -> bool {
    record.is_some_and(|record| record.expires_at > SystemTime::now())
}

/// Both sides tell the same of each session: whether it lives, and until when.
pub(crate) fn both_mean_the_same_moment(site: &mut Site) {
    let made = make(site);
    let records = site.records(&keys(&made));
    let started = Instant::now();
    let living = made.iter().filter(|made| !made.kind.ended);
    // Not of the others: a request of tenure's that meets one of them deletes it.
    let ages = living.map(|made| made.key.clone()).collect();
    let ages = site.at_once(ages, async |sessions: &Sessions, key: Json| {
        let key = key.as_str().unwrap();
        sessions.session(key).load().await.unwrap().expiry_age()
    });
    let mut ages = ages.into_iter();
    let seen = site.ask_all("look_at_many", "keys", &json!(keys(&made)), "sessions");
    // Django's age was told so much later than tenure's, at most.
    let meanwhile = started.elapsed().as_secs_f64();
    for ((made, record), seen) in made.iter().zip(&records).zip(&seen) {
        let name = &made.name;
        site.same(
            &format!("{name}: tenure finds it alive"),
            &alive(record.as_ref()),
            &!made.kind.ended,
        );
        let exists = !made.kind.ended || made.forgotten(site);
        site.same(
            &format!("{name}: Django finds it alive"),
            &seen["exists"],
            &json!(exists),
        );
        if made.kind.ended {
            continue;
        }
        let ends = Duration::from_micros(seen["ends"].as_u64().unwrap());
        let apart = apart(
            record.as_ref().unwrap().expires_at,
            SystemTime::UNIX_EPOCH + ends,
        );
        // A cache tells how long an entry has still to live, memcached in whole seconds by a clock of whole seconds.
        let cache = site.place.engine.starts_with("cache");
        let slack = if cache { 3.0 } else { 1e-5 };
        site.check(apart <= slack, || {
            format!("{name}: the ends are {apart} s apart")
        });
        let age = ages.next().unwrap();
        let theirs = seen["age"].as_f64().unwrap();
        #[expect(clippy::cast_precision_loss, reason = "ages are small")]
        let apart = (theirs - age as f64).abs();
        site.check(apart <= 1.5 + meanwhile, || {
            format!("{name}: get_expiry_age is {theirs}, expiry_age {age}")
        });
    }
}

/// What one side clears away is what has ended for the other.
pub(crate) fn both_clear_the_same(site: &mut Site) {
    if site.place.engine == "signed_cookies" {
        // Nothing is kept that could be cleared.
        return;
    }
    // Django clears; tenure has told before what lives.
    let made = make(site);
    let living: Vec<_> = site
        .records(&keys(&made))
        .iter()
        .map(|record| alive(record.as_ref()))
        .collect();
    site.django.ask(&json!({"op": "clear_expired"}));
    let left = site.ask_all("are_there", "keys", &json!(keys(&made)), "there");
    for ((made, living), left) in made.iter().zip(living).zip(&left) {
        let name = format!("{}: Django's clearsessions leaves it", made.name);
        site.same(&name, &json!(living || made.forgotten(site)), left);
    }
    let by_django: Vec<_> = made
        .iter()
        .zip(left)
        .map(|(made, left)| (made.name.clone(), left))
        .collect();
    // tenure clears sessions of the same kinds.
    let made = make(site);
    let store = site.sessions.store();
    site.runtime
        .block_on(async { while store.clear_expired(SystemTime::now(), 10).await.unwrap() > 0 {} });
    let left = site.ask_all("are_there", "keys", &json!(keys(&made)), "there");
    for ((made, left), (name, by_django)) in made.iter().zip(left).zip(by_django) {
        assert_eq!(made.name, name);
        let expected = json!(by_django == json!(true) && !made.forgotten(site));
        site.same(
            &format!("{name}: tenure's clear_expired leaves it"),
            &left,
            &expected,
        );
    }
}

/// A request of tenure's prolongs a session that ends so many seconds after the last one; Django sees it, and finds nothing else changed.
pub(crate) fn both_see_what_is_prolonged(site: &mut Site) {
    let sessions = json!([{"data": r#"{"a":1}"#, "expiry": 7200}]);
    let keys = site.ask_all("save_many", "sessions", &sessions, "keys");
    let question = json!({"op": "let_pass_many", "keys": keys, "seconds": HOUR});
    let keys = site.django.ask(&question)["keys"]
        .as_array()
        .unwrap()
        .clone();
    let keys = site.at_once(keys, async |sessions: &Sessions, key: Json| {
        let cookie = format!("sessionid={}", key.as_str().unwrap());
        let request = sessions.begin([cookie.as_bytes()]);
        request.load().await.unwrap();
        let headers = sessions.finish(&request, 200).await.unwrap();
        let cookie = headers.set_cookie.unwrap();
        Json::from(cookie.split(['=', ';']).nth(1).unwrap())
    });
    let seen = site.ask_all("look_at_many", "keys", &json!(keys), "sessions");
    let data = json!(r#"{"a":1,"_session_expiry":7200}"#);
    site.same("a prolonged session", &seen[0]["data"], &data);
    let ends = SystemTime::UNIX_EPOCH + Duration::from_micros(seen[0]["ends"].as_u64().unwrap());
    let apart = apart(ends, SystemTime::now() + Duration::from_hours(2));
    site.check(apart < 60.0, || {
        format!("it ends {apart} s from when it should")
    });
}
