//! What is wrong with a pickle.

use crate::error::CodecError;

/// Why a pickle is refused. It names instructions and classes, never values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("the bytes end before the pickle does")]
    Truncated,
    #[error("protocol {0} is not known")]
    Protocol(u8),
    #[error("no instruction has the number {0:#04x}")]
    Unknown(u8),
    #[error("the instruction {0} is not for plain data, and is not run")]
    Instruction(&'static str),
    #[error("{0} is not plain data, and no code in a session is run")]
    Class(String),
    #[error("{0}")]
    Shape(&'static str),
}

impl From<Problem> for CodecError {
    fn from(problem: Problem) -> Self {
        Self::malformed("pickle", problem)
    }
}
