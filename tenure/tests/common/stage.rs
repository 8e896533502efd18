//! A store on which other requests can be let in, or the line be cut, at a named step.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use tenure::{
    Record, SessionKey, StoreError, Version,
    store::{Created, Listed, Renamed, Saved, SessionStore},
};

type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the store is made to suffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Every call fails.
    Down,
    /// No call is ever answered.
    Hangs,
}

#[derive(Default)]
struct Script {
    meanwhile: Option<(&'static str, Meanwhile)>,
    fault: Fault,
    calls: Vec<&'static str>,
}

/// A real store, shared by all clones, with a script of what happens between a caller and it.
pub(crate) struct Stage<S> {
    store: Arc<S>,
    script: Arc<Mutex<Script>>,
}

impl<S> Clone for Stage<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            script: Arc::clone(&self.script),
        }
    }
}

impl<S: SessionStore> Stage<S> {
    pub(crate) fn new(store: S) -> Self {
        Self {
            store: Arc::new(store),
            script: Arc::default(),
        }
    }

    /// The next call of `step` lets `other` run to its end first: after the caller has decided what to do, and before it is done.
    pub(crate) fn before(
        &self,
        step: &'static str,
        other: impl Future<Output = ()> + Send + 'static,
    ) {
        self.script.lock().unwrap().meanwhile = Some((step, Box::pin(other)));
    }

    pub(crate) fn set_fault(&self, fault: Fault) {
        self.script.lock().unwrap().fault = fault;
    }

    /// The calls since this was last asked.
    pub(crate) fn take_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.script.lock().unwrap().calls)
    }

    /// Every session that is stored, whatever the script says.
    pub(crate) async fn rows(&self) -> Vec<String> {
        let listed = self.store.scan(None, 100_000).await.unwrap();
        listed.into_iter().map(|listed| listed.name).collect()
    }

    async fn step(&self, step: &'static str) -> Result<(), StoreError> {
        let meanwhile = {
            let mut script = self.script.lock().unwrap();
            script.calls.push(step);
            script.meanwhile.take_if(|(at, _)| *at == step)
        };
        if let Some((_, other)) = meanwhile {
            other.await;
        }
        let fault = self.script.lock().unwrap().fault;
        match fault {
            Fault::None => Ok(()),
            Fault::Down => Err(StoreError::unavailable(
                "the line is cut",
                std::io::Error::other("connection refused"),
            )),
            Fault::Hangs => std::future::pending().await,
        }
    }
}

impl<S: SessionStore> SessionStore for Stage<S> {
    fn engine(&self) -> &'static str {
        self.store.engine()
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.step("load").await?;
        self.store.load(key).await
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.step("create").await?;
        self.store.create(key, record).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        self.step("save").await?;
        self.store.save(key, record, base).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.step("delete").await?;
        self.store.delete(key).await
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        self.step("rename").await?;
        self.store.rename(old, new, record, base).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        self.step("touch").await?;
        self.store.touch(key, expires_at, base).await
    }

    async fn delete_expired(&self, key: &SessionKey, now: SystemTime) -> Result<bool, StoreError> {
        self.step("delete_expired").await?;
        self.store.delete_expired(key, now).await
    }

    async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.step("clear_expired").await?;
        self.store.clear_expired(now, limit).await
    }

    async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.step("scan").await?;
        self.store.scan(after, limit).await
    }
}
