//! What can go wrong, at the start and in a handler.

use std::{io, path::PathBuf};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tenure::{SessionError, auth::AuthError, engine::OpenError};

/// Why the shop did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("port {0} is in use: choose another with --port, or let --port 0 find a free one")]
    PortInUse(u16),
    #[error("cannot listen on {host}, port {port}: {source}; choose others with --host and --port")]
    Listen {
        host: String,
        port: u16,
        source: io::Error,
    },
    #[error("{}: {problem}", path.display())]
    File { path: PathBuf, problem: String },
    #[error("the database cannot be opened: {0}")]
    Database(#[from] OpenError),
    #[error("the users cannot be prepared: {0}")]
    Users(#[from] AuthError),
    #[error("a template is broken: {0:#}")]
    Template(#[from] minijinja::Error),
    #[error("the address cannot be printed: {0}")]
    Print(#[source] io::Error),
    #[error("serving failed: {0}")]
    Serve(#[source] io::Error),
}

/// Why a handler has no page to give.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Template(#[from] minijinja::Error),
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Auth(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            // tenure answers an outage with 503 and `Retry-After`.
            Self::Auth(error) => error.into_response(),
            Self::Template(error) => {
                tracing::error!("{error:#}");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "The page could not be made.\n",
                )
                    .into_response()
            }
        }
    }
}
