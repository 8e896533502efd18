//! New hashes for old ones.

use super::{
    AuthError, User,
    users::{Auth, Shared},
};

impl Auth {
    /// The same users; a right password is hashed anew at its login if Django would do so
    /// ([`Hasher::must_update`](super::password::Hasher::must_update)), as by Django's `check_password`. Without this a hash stays as it is.
    ///
    /// **A new hash ends the user's other sessions**, since each holds a digest of the old one. Two services that prefer different hashers
    /// or costs would replace each other's hash at every login, and log the user out each time: first name the site's own by the setting
    /// `TENURE_PASSWORD_HASHER`, and in all services at once.
    ///
    /// A password that is changed while its hash is replaced stays changed, and the old one is refused.
    ///
    /// ```
    /// # async fn example(settings: &tenure::Settings) -> Result<(), Box<dyn std::error::Error>> {
    /// let auth = tenure::auth::Auth::open(settings).await?.upgrade_hashes();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn upgrade_hashes(self) -> Self {
        Self::on(Shared {
            upgrades_hashes: true,
            ..Shared::clone(&self.shared)
        })
    }

    pub(super) fn must_upgrade(&self, user: &User) -> bool {
        self.shared.upgrades_hashes && self.shared.hasher.must_update(user.encoded_password())
    }

    /// `user`, whose password was right, under a new hash of it.
    pub(super) async fn upgraded(
        &self,
        user: User,
        password: &str,
    ) -> Result<Option<User>, AuthError> {
        let encoded = self.new_hash(password).await?;
        let old = Some(user.encoded_password());
        let table = &self.shared.table;
        if table.set_password(user.id(), &encoded, old).await? {
            return Ok(Some(user.with_encoded_password(encoded)));
        }
        // Somebody was faster: another login with a new hash of the same password, or a change of the password. What is there now decides.
        let user = self.user_by_id(user.id()).await?;
        self.verified(user, password).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::password::Hasher, system::OperatingSystem};

    const PASSWORD: &str = "correct horse";

    async fn users() -> (tempfile::TempDir, Auth) {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = crate::testing::settings();
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let auth = Auth::open(&settings).await.unwrap();
        auth.create_table().await.unwrap();
        (folder, auth.with_hasher(Hasher::pbkdf2_sha256(10).unwrap()))
    }

    fn made(password: &str, iterations: u32) -> String {
        let hasher = Hasher::pbkdf2_sha256(iterations).unwrap();
        hasher.make(password, &OperatingSystem).unwrap()
    }

    /// The user after an upgrade during which another has stored `meanwhile`, and what is stored in the end.
    async fn raced(meanwhile: &str) -> (Option<User>, Option<String>) {
        let (_folder, old) = users().await;
        let user = old.create_user("ada", PASSWORD).await.unwrap();
        let other = old.shared.table.database.define(meanwhile);
        other.await.unwrap();
        let new = old.with_hasher(Hasher::pbkdf2_sha256(20).unwrap());
        let id = user.id().clone();
        let upgraded = new.upgraded(user, PASSWORD).await.unwrap();
        let stored = new.user_by_id(&id).await.unwrap();
        (
            upgraded,
            stored.map(|user| user.encoded_password().to_owned()),
        )
    }

    fn storing(encoded: &str) -> String {
        format!("UPDATE auth_user SET password = '{encoded}'")
    }

    #[tokio::test]
    async fn an_upgrade_leaves_what_was_stored_meanwhile() {
        let (user, stored) = raced("").await;
        let stored = stored.unwrap();
        assert_eq!(user.unwrap().encoded_password(), stored);
        assert!(stored.starts_with("pbkdf2_sha256$20$"), "{stored}");

        let changed = made("another", 10);
        let (user, stored) = raced(&storing(&changed)).await;
        assert!(user.is_none(), "the old password is wrong by now");
        assert_eq!(stored.unwrap(), changed);

        let upgraded = made(PASSWORD, 20);
        let (user, stored) = raced(&storing(&upgraded)).await;
        assert_eq!(user.unwrap().encoded_password(), upgraded);
        assert_eq!(stored.unwrap(), upgraded);

        let (user, stored) = raced("DELETE FROM auth_user").await;
        assert!(user.is_none() && stored.is_none());
    }
}
