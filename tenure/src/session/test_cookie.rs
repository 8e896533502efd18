//! The test cookie: does the visitor's browser keep cookies at all?
//!
//! Set it with the form, look for it when the form comes back. Mirrors `set_test_cookie` and its friends in
//! `django/contrib/sessions/backends/base.py`.

use super::Session;
use crate::error::SessionError;

const KEY: &str = "testcookie";
const VALUE: &str = "worked";

impl Session {
    /// Puts the test cookie's mark into the session, so that the next request can tell whether the browser keeps cookies.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// session.set_test_cookie()?;
    /// // … and in the request after this one:
    /// assert!(session.test_cookie_worked());
    /// session.delete_test_cookie()?;
    /// # Ok(())
    /// # });
    /// ```
    pub fn set_test_cookie(&self) -> Result<(), SessionError> {
        self.insert(KEY, VALUE)
    }

    /// Whether the browser has sent the test cookie back. See [`set_test_cookie`](Self::set_test_cookie) for an example.
    pub fn test_cookie_worked(&self) -> bool {
        self.get::<String>(KEY)
            .is_ok_and(|value| value.as_deref() == Some(VALUE))
    }

    /// Takes the test cookie's mark out again. See [`set_test_cookie`](Self::set_test_cookie) for an example.
    ///
    /// # Errors
    ///
    /// As [`remove_key`](Self::remove_key).
    pub fn delete_test_cookie(&self) -> Result<(), SessionError> {
        self.remove_key(KEY).map(|_| ())
    }
}
