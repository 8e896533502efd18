//! The session as a dictionary.

use std::{borrow::Cow, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::{Session, State};
use crate::{
    error::{SessionError, ValueError},
    json::{self, Json},
};

impl State {
    pub(super) fn set(&mut self, key: &str, value: Json) -> Result<(), SessionError> {
        self.writable()?;
        if self.data.insert(key, value.clone()) {
            self.changes.set(key, value);
        }
        Ok(())
    }

    /// Refuses changes that could not be kept any more: the cookie of a session that has none yet could not be sent.
    pub(super) fn writable(&self) -> Result<(), SessionError> {
        if self.closed && self.stored.is_none() {
            Err(SessionError::ResponseSent)
        } else {
            Ok(())
        }
    }
}

fn value_error(key: &str) -> impl FnOnce(ValueError) -> SessionError {
    move |source| SessionError::Value {
        key: key.to_owned(),
        source,
    }
}

impl Session {
    /// The value under `key`; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] if the value is not a `T`; it names the key and the type.
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.insert("visits", 3)?;
    /// assert_eq!(session.get::<u32>("visits")?, Some(3));
    /// assert_eq!(session.get::<u32>("missing")?, None);
    /// assert!(session.get::<String>("visits").is_err());
    /// # Ok(())
    /// # });
    /// ```
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        self.0.state().data.get(key).map_err(value_error(key))
    }

    /// The JSON text of the value under `key`, as Django would write it. For values of any kind.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.insert("cart", [1, 2])?;
    /// assert_eq!(session.get_json("cart").as_deref(), Some("[1,2]"));
    /// # Ok(())
    /// # });
    /// ```
    pub fn get_json(&self, key: &str) -> Option<String> {
        self.0.state().data.get_json(key).map(str::to_owned)
    }

    /// Sets `key` to `value`. An equal value is no change, so nothing is written for it.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] if the value cannot be stored, [`SessionError::ResponseSent`] if it is too late.
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.insert("theme", "dark")?;
    /// assert_eq!(session.get::<String>("theme")?.as_deref(), Some("dark"));
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "__setitem__")]
    pub fn insert(&self, key: &str, value: impl Serialize) -> Result<(), SessionError> {
        let value = Json::of(&value).map_err(value_error(key))?;
        self.0.state().set(key, value)
    }

    /// Takes the value under `key` out of the session. Removing a missing key is no change.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] if the value is not a `T`, and it stays then; [`SessionError::ResponseSent`] if it is too late.
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.insert("notice", "Saved.")?;
    /// assert_eq!(session.remove::<String>("notice")?.as_deref(), Some("Saved."));
    /// assert_eq!(session.remove::<String>("notice")?, None);
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "pop")]
    pub fn remove<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        let mut state = self.0.state();
        let value = state.data.get(key).map_err(value_error(key))?;
        if value.is_some() {
            state.remove(key)?;
        }
        Ok(value)
    }

    /// Takes `key` out of the session whatever its value is; tells whether it was there.
    ///
    /// # Errors
    ///
    /// [`SessionError::ResponseSent`] if it is too late.
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.insert("cart", [1, 2])?;
    /// assert!(session.remove_key("cart")?);
    /// assert!(!session.remove_key("cart")?);
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "__delitem__")]
    pub fn remove_key(&self, key: &str) -> Result<bool, SessionError> {
        self.0.state().remove(key)
    }

    /// Computes the new value of `key` from its present one, and gives it back.
    ///
    /// When another request has saved the session meanwhile, the closure runs again on what that one stored: increments add up. So it
    /// should do nothing but compute. It may use the session itself.
    ///
    /// It counts once for each save that succeeds. A [`save`](Self::save) whose future is dropped may have succeeded all the same; saving
    /// again then counts it twice.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] if the present value is not a `T` or the new one cannot be stored; nothing changes then.
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// let visits = session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
    /// assert_eq!(visits, 1);
    /// # Ok(())
    /// # });
    /// ```
    pub fn update<T, F>(&self, key: &str, compute: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        let compute = Arc::new(compute);
        loop {
            // The closure runs without the lock, so that it may look at the session.
            let before = self.get_json(key);
            let old = before
                .as_deref()
                .map(json::read)
                .transpose()
                .map_err(value_error(key))?;
            let new = compute(old);
            let value = Json::of(&new).map_err(value_error(key))?;
            let mut state = self.0.state();
            state.writable()?;
            if state.data.get_json(key) != before.as_deref() {
                continue;
            }
            if state.data.insert(key, value) {
                let again = Arc::clone(&compute);
                let updater =
                    move |old: Option<&str>| Json::of(&again(old.map(json::read).transpose()?));
                state.changes.update(key, Arc::new(updater));
            }
            return Ok(new);
        }
    }

    /// The value under `key`, set to `default` first if there is none.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] if the present value is not a `T` or `default` cannot be stored.
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// assert_eq!(session.get_or_insert("page_size", 20)?, 20);
    /// assert_eq!(session.get_or_insert("page_size", 50)?, 20);
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "setdefault")]
    pub fn get_or_insert<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        default: T,
    ) -> Result<T, SessionError> {
        let value = Json::of(&default).map_err(value_error(key))?;
        let mut state = self.0.state();
        match state.data.get(key).map_err(value_error(key))? {
            Some(present) => Ok(present),
            None => state.set(key, value).map(|()| default),
        }
    }

    /// Sets several keys at once, or none if one of the values cannot be stored. Django's `update()`.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.extend([("theme", "dark"), ("language", "fr")])?;
    /// assert_eq!(session.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    pub fn extend<K: AsRef<str>, V: Serialize>(
        &self,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), SessionError> {
        let mut texts = Vec::new();
        for (key, value) in values {
            let value = Json::of(&value).map_err(value_error(key.as_ref()))?;
            texts.push((key, value));
        }
        let mut state = self.0.state();
        for (key, value) in texts {
            state.set(key.as_ref(), value)?;
        }
        Ok(())
    }

    /// Whether `key` has a value.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// assert!(!session.contains_key("cart"));
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "has_key")]
    pub fn contains_key(&self, key: &str) -> bool {
        self.0.state().data.contains_key(key)
    }

    /// The keys, in the order in which they were first set.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.extend([("b", 1), ("a", 2)])?;
    /// assert_eq!(session.keys(), ["b", "a"]);
    /// # Ok(())
    /// # });
    /// ```
    pub fn keys(&self) -> Vec<String> {
        self.0.state().data.keys().map(Cow::into_owned).collect()
    }

    /// The keys with their values as JSON text, as they are now.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.insert("cart", [1, 2])?;
    /// let all: Vec<(String, String)> = session.iter().collect();
    /// assert_eq!(all, [("cart".to_owned(), "[1,2]".to_owned())]);
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "items")]
    pub fn iter(&self) -> impl Iterator<Item = (String, String)> + use<> {
        let state = self.0.state();
        let all: Vec<_> = state
            .data
            .iter()
            .map(|(key, json)| (key.into_owned(), json.to_owned()))
            .collect();
        all.into_iter()
    }

    /// How many keys there are, Django's own included.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// assert_eq!(session.len(), 0);
    /// # Ok(())
    /// # });
    /// ```
    pub fn len(&self) -> usize {
        self.0.state().data.len()
    }

    /// Whether there are no keys.
    ///
    /// Differs from Django's `is_empty()`, which is false too for a session that has a key but no data.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// assert!(session.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.state().data.is_empty()
    }

    /// Removes every key, Django's own included. The session keeps its key; [`flush`](Self::flush) ends it.
    ///
    /// # Errors
    ///
    /// [`SessionError::ResponseSent`] if it is too late.
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.insert("cart", [1, 2])?;
    /// session.clear()?;
    /// assert!(session.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    pub fn clear(&self) -> Result<(), SessionError> {
        let mut state = self.0.state();
        state.writable()?;
        state.data.clear();
        // Also if it was empty already: what another request has put in meanwhile goes too.
        state.changes.clear();
        Ok(())
    }

    /// Has the session saved, and its cookie sent again, although nothing changed. Django's `modified = True`.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.mark_modified();
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "modified")]
    pub fn mark_modified(&self) {
        self.0.state().modified = true;
    }
}

impl State {
    pub(super) fn remove(&mut self, key: &str) -> Result<bool, SessionError> {
        self.writable()?;
        let there = self.data.remove(key).is_some();
        if there {
            self.changes.remove(key);
        }
        Ok(there)
    }
}
