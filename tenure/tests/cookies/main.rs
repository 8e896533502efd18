//! The engines that keep the session in the visitor's cookie.

#[cfg(test)]
mod chunks;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod site;
#[cfg(test)]
mod size;

#[cfg(test)]
mod conformance {
    use tenure::{
        Settings,
        engine::cookies::{EncryptedCookies, Revocation, SignedCookies},
        testing::MemoryStore,
    };

    tenure::conformance!(signed_cookies, async |settings: &Settings| {
        let revocation = Revocation::store(MemoryStore::default(), settings);
        (SignedCookies::new(settings, revocation).unwrap(), ())
    });

    tenure::conformance!(
        signed_cookies_that_are_not_revoked,
        async |settings: &Settings| {
            let store = SignedCookies::new(settings, Revocation::Off);
            (store.unwrap(), ())
        }
    );

    tenure::conformance!(encrypted_cookies, async |settings: &Settings| {
        let revocation = Revocation::store(MemoryStore::default(), settings);
        (EncryptedCookies::new(settings, revocation).unwrap(), ())
    });

    tenure::conformance!(
        encrypted_cookies_that_are_not_revoked,
        async |settings: &Settings| {
            let store = EncryptedCookies::new(settings, Revocation::Off);
            (store.unwrap(), ())
        }
    );
}
