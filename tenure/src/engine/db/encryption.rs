//! How much TLS the URL of a database asks for. The words are in the docs of [`db`](super).

use percent_encoding::percent_decode_str;

/// How much TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// What a server's clients call it.
#[derive(Debug)]
pub(super) struct Words {
    /// The parameter for the mode.
    pub(super) mode: &'static str,
    pub(super) modes: &'static [(&'static str, Mode)],
    /// The parameter for a file with authorities.
    pub(super) authorities: &'static str,
}

/// What a URL asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) mode: Mode,
    /// A file with the authorities to trust, in PEM format; otherwise those that the system trusts.
    pub(super) authorities: Option<String>,
}

impl Words {
    /// Takes what is about TLS out of `url`, for drivers that know other words or none.
    pub(super) fn take(&self, url: &str) -> Result<(String, Asked), String> {
        let mut parts = url.splitn(2, '?');
        let start = parts.next().unwrap_or_default();
        let (mut mode, mut authorities, mut others) = (None, None, Vec::new());
        for parameter in parts.flat_map(|query| query.split('&')) {
            match parameter.split_once('=') {
                Some((name, word)) if name == self.mode => mode = Some(self.mode(word)?),
                Some((name, path)) if name == self.authorities => {
                    let path = percent_decode_str(path).decode_utf8();
                    let path = path.map_err(|_| format!("`{name}` is not UTF-8"))?;
                    authorities = Some(path.into_owned());
                }
                _ => others.push(parameter),
            }
        }
        let url = if others.is_empty() {
            start.to_owned()
        } else {
            format!("{start}?{}", others.join("&"))
        };
        let mode = self.checked(mode.unwrap_or(Mode::Prefer), authorities.as_deref())?;
        Ok((url, Asked { mode, authorities }))
    }

    fn mode(&self, word: &str) -> Result<Mode, String> {
        let mut modes = self.modes.iter();
        let found = modes.find(|(name, _)| name.eq_ignore_ascii_case(word));
        found.map(|(_, mode)| *mode).ok_or_else(|| {
            let names: Vec<_> = self.modes.iter().map(|(name, _)| *name).collect();
            let names = names.join("`, `");
            format!("`{}={word}` is not known: `{names}` are", self.mode)
        })
    }

    /// Who names an authority wants it asked.
    fn checked(&self, mode: Mode, authorities: Option<&str>) -> Result<Mode, String> {
        let knows = |mode| self.modes.iter().any(|(_, known)| *known == mode);
        let full = self.modes.last().map_or("", |(name, _)| name);
        let (name, file) = (self.mode, self.authorities);
        match (mode, authorities) {
            // As libpq does.
            (Mode::Require, Some(_)) if knows(Mode::VerifyCa) => Ok(Mode::VerifyCa),
            (Mode::Disable | Mode::Prefer | Mode::Require, Some(_)) => Err(format!(
                "`{file}` needs `{name}={full}`: otherwise nobody looks at the server's certificate"
            )),
            (Mode::VerifyCa, None) => Err(format!(
                "this `{name}` needs an authority of your own in `{file}`: those that the system trusts sign for anybody. Or take `{name}={full}`"
            )),
            _ => Ok(mode),
        }
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    const WORDS: Words = Words {
        mode: "sslmode",
        modes: &[
            ("prefer", Mode::Prefer),
            ("require", Mode::Require),
            ("verify-ca", Mode::VerifyCa),
            ("verify-full", Mode::VerifyFull),
        ],
        authorities: "sslrootcert",
    };

    #[test]
    fn a_url_says_how_much() {
        for (url, rest, mode, authorities) in [
            ("db://h/x", "db://h/x", Mode::Prefer, None),
            ("db://h/x?a=b&c", "db://h/x?a=b&c", Mode::Prefer, None),
            ("db://h/x?sslmode=Require", "db://h/x", Mode::Require, None),
            (
                "db://h/x?a=b&sslmode=verify-full&c=d",
                "db://h/x?a=b&c=d",
                Mode::VerifyFull,
                None,
            ),
            (
                "db://h/x?sslrootcert=%2Fa%20b.pem&sslmode=verify-full",
                "db://h/x",
                Mode::VerifyFull,
                Some("/a b.pem"),
            ),
            (
                "db://h/x?sslrootcert=/a.pem&sslmode=require",
                "db://h/x",
                Mode::VerifyCa,
                Some("/a.pem"),
            ),
        ] {
            let asked = Asked {
                mode,
                authorities: authorities.map(str::to_owned),
            };
            assert_eq!(WORDS.take(url).unwrap(), (rest.to_owned(), asked), "{url}");
        }
    }

    #[test]
    fn an_authority_that_nobody_asks_is_refused_and_so_is_asking_nobodys() {
        for (url, problem) in [
            ("db://h/x?sslrootcert=/a.pem", "needs `sslmode=verify-full`"),
            (
                "db://h/x?sslmode=prefer&sslrootcert=/a.pem",
                "needs `sslmode=verify-full`",
            ),
            ("db://h/x?sslmode=verify-ca", "in `sslrootcert`"),
            ("db://h/x?sslmode=on", "`sslmode=on` is not known"),
            ("db://h/x?sslmode=", "`sslmode=` is not known"),
            ("db://h/x?sslrootcert=%ff", "not UTF-8"),
        ] {
            let told = WORDS.take(url).unwrap_err();
            assert!(told.contains(problem), "{url}: {told}");
        }
    }
}
