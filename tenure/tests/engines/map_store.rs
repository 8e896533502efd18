use std::{collections::HashMap, sync::Mutex};
use tenure::{
    Record, SessionKey, StoreError, Version,
    store::{Created, Saved, SessionStore},
};

#[derive(Default)]
pub(crate) struct MapStore(Mutex<HashMap<String, Record>>);

impl SessionStore for MapStore {
    fn engine(&self) -> &'static str {
        "map"
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        Ok(self.0.lock().unwrap().get(key.as_str()).cloned())
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        let mut map = self.0.lock().unwrap();
        if map.contains_key(key.as_str()) {
            return Ok(Created::Taken);
        }
        map.insert(key.as_str().to_owned(), record.clone());
        Ok(Created::Created(Version::default()))
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        _: &Version,
    ) -> Result<Saved, StoreError> {
        match self.0.lock().unwrap().get_mut(key.as_str()) {
            Some(place) => {
                *place = record.clone();
                Ok(Saved::Saved(Version::default()))
            }
            None => Ok(Saved::Gone),
        }
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        Ok(self.0.lock().unwrap().remove(key.as_str()).is_some())
    }
}
