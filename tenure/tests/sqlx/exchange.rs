//! Two stores on one table, of different drivers.

use std::time::{Duration, SystemTime};

use tenure::{
    Data, Record, SessionKey,
    store::{Created, Renamed, Saved, SessionStore},
};

/// What one writes the other reads, to the microsecond, and goes on with.
pub(crate) async fn exchange(one: &impl SessionStore, other: &impl SessionStore) {
    let key = SessionKey::parse("0123456789abcdefghijklmnopqrstuv").unwrap();
    let new_key = SessionKey::parse("abcdefghijklmnopqrstuvwxyz012345").unwrap();
    // What PostgreSQL, MySQL and Python keep: microseconds. In summer and in winter, for the sake of local time.
    for seconds in [4_087_000_000, 4_102_444_800] {
        let ends = SystemTime::UNIX_EPOCH + Duration::new(seconds, 123_456_000);
        let record = Record::new(Data::from_json(br#"{"name":"Zo\u00eb"}"#).unwrap(), ends);

        let Created::Created(written) = one.create(&key, &record).await.unwrap() else {
            panic!("the key is free");
        };
        assert!(matches!(
            other.create(&key, &record).await.unwrap(),
            Created::Taken
        ));
        let read = other.load(&key).await.unwrap().unwrap();
        assert_eq!(read.data.to_json(), record.data.to_json());
        assert_eq!(read.expires_at, ends);
        assert!(read.version == written, "the text is another");

        let later = ends + Duration::from_secs(60);
        assert!(other.touch(&key, later, &read.version).await.unwrap());
        let touched = one.load(&key).await.unwrap().unwrap();
        assert_eq!(touched.expires_at, later);
        assert!(touched.version == written, "the data was written again");

        let changed = Record::new(Data::from_json(br#"{"name":"Ann"}"#).unwrap(), ends);
        let Saved::Saved(newer) = other.save(&key, &changed, &written).await.unwrap() else {
            panic!("nobody else has written");
        };
        let Saved::Conflict(found) = one.save(&key, &record, &written).await.unwrap() else {
            panic!("the other has written");
        };
        assert_eq!(found.data.to_json(), changed.data.to_json());
        assert_eq!(found.expires_at, ends);
        assert!(found.version == newer, "the text is another");

        let renamed = one.rename(&key, &new_key, &record, &newer).await.unwrap();
        assert!(matches!(renamed, Renamed::Renamed(_)), "{renamed:?}");
        assert!(other.load(&key).await.unwrap().is_none());
        let listed = other.scan(None, 10).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].name, new_key.as_str());
        assert_eq!(listed[0].expires_at, ends);
        assert_eq!(other.clear_expired(ends, 10).await.unwrap(), 0);
        assert!(other.delete_expired(&new_key, ends).await.unwrap());
        assert!(one.load(&new_key).await.unwrap().is_none());
    }
}
