//! One store in the memory of this process, for several `Sessions`.

use std::sync::Arc;

use tenure::{
    Record, SessionKey, StoreError, Version,
    store::{Created, Powers, Saved, SessionStore},
};

pub(crate) struct Shared<S>(pub(crate) Arc<S>);

impl<S: SessionStore> SessionStore for Shared<S> {
    fn engine(&self) -> &'static str {
        self.0.engine()
    }

    fn powers(&self) -> Powers {
        Powers {
            compare_and_swap: self.0.powers().compare_and_swap,
            ..Powers::default()
        }
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.0.load(key).await
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.0.create(key, record).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        self.0.save(key, record, base).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.0.delete(key).await
    }
}
