//! A secret that signs, and never prints.

use std::{fmt, sync::Arc};

use subtle::ConstantTimeEq as _;

/// A signing secret: Django's `SECRET_KEY`, or one of `SECRET_KEY_FALLBACKS`.
///
/// Cheap to clone. It prints as `Secret(..)`, and two are compared in a time that does not depend on where they differ.
///
/// # Example
///
/// ```
/// use tenure::Secret;
///
/// let secret = Secret::new("b6$k!vz0wq2m8x@t5#hn1r^y7u&e3jc(p4l*d9s+f_g=o)aZ");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.as_bytes().len(), 48);
/// ```
#[derive(Clone)]
#[doc(alias = "SECRET_KEY")]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes the text of a secret; its UTF-8 bytes are the key, as in Django.
    ///
    /// See [`Secret`] for an example.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::from(text.into()))
    }

    /// The bytes that sign. Do not log them.
    ///
    /// See [`Secret`] for an example.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_by_content_and_silent() {
        let secret = Secret::new("hunter2");
        assert_eq!(secret, Secret::new(String::from("hunter2")));
        assert_ne!(secret, Secret::new("hunter3"));
        assert_ne!(secret, Secret::new("hunter22"));
        assert!(!format!("{secret:?} {secret:#?}").contains("hunter"));
    }
}
