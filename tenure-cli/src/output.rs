//! What goes to the terminal: results through a handle, failures with their causes and an exit code.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use tenure::{
    BoxError, SessionError, SettingsError, StoreError, auth::AuthError, engine::OpenError,
    system::RandomError,
};

/// Where results go.
pub(crate) type Out<'a> = &'a mut dyn Write;

/// Why a command ends early.
pub(crate) enum Failure {
    /// Whoever read our output has gone. That is how `| head -1` ends a list, so nothing is said.
    Closed,
    /// Everything was said already. Exit code 1.
    Said,
    /// Not found, refused, or the store is unavailable. Exit code 1.
    Refused(Reason),
    /// The arguments or the settings are wrong. Exit code 2.
    Usage(Reason),
}

/// What went wrong, and what else helps to know.
pub(crate) struct Reason {
    error: BoxError,
    hints: Vec<String>,
}

impl Failure {
    pub(crate) fn refused(error: impl Into<BoxError>) -> Self {
        Self::Refused(Reason {
            error: error.into(),
            hints: Vec::new(),
        })
    }

    pub(crate) fn usage(error: impl Into<BoxError>) -> Self {
        Self::Usage(Reason {
            error: error.into(),
            hints: Vec::new(),
        })
    }

    /// Adds a line below the error.
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Refused(reason) | Self::Usage(reason) = &mut self {
            reason.hints.push(text.into());
        }
        self
    }

    /// What there is to say: the error, its causes and the hints.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Refused(reason) | Self::Usage(reason) => reason.to_string(),
            Self::Closed | Self::Said => String::new(),
        }
    }

    /// Whether the error or one of its causes mentions `text`.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// Says on standard error what went wrong.
    pub(crate) fn report(self) -> ExitCode {
        let (reason, code) = match self {
            Self::Closed => return ExitCode::SUCCESS,
            Self::Said => return ExitCode::FAILURE,
            Self::Refused(reason) => (reason, 1),
            Self::Usage(reason) => (reason, 2),
        };
        note(&reason.to_string());
        ExitCode::from(code)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.error.to_string();
        f.write_str(&said)?;
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some messages hold that of their cause.
            if !said.contains(&text) {
                write!(f, "\n  because: {}", text.replace('\n', "\n  "))?;
                said.push_str(&text);
            }
            cause = error.source();
        }
        self.hints
            .iter()
            .try_for_each(|hint| write!(f, "\n  {hint}"))
    }
}

/// A line on standard error. If nobody reads it, there is nobody to tell.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "tenure: {text}");
}

/// How what the library warns of is shown: as the other messages are.
pub(crate) struct Warning;

impl<S, N> FormatEvent<S, N> for Warning
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        write!(writer, "tenure: warning: ")?;
        context
            .field_format()
            .format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// `1 session`, `2 sessions`.
pub(crate) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::refused(format!("the output cannot be written: {error}")),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::refused(error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::usage(error)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Settings(error) => error.into(),
            OpenError::Store(error) => error.into(),
            other => Self::refused(other),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => error.into(),
            other => Self::refused(other),
        }
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::UsernameInvalid(_) | AuthError::PasswordInvalid => Self::usage(error),
            other => Self::refused(other),
        }
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        Self::refused(error)
    }
}
