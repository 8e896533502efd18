//! Every case of the counts file.

mod codec;
mod cookies;
mod headers;
mod json;
mod merge;
mod pickle;
mod requests;

use crate::{Error, payload::Payload, task::Named};

/// All cases, in no order that matters.
///
/// # Errors
///
/// When something does not work that is to be counted.
pub fn all() -> Result<Vec<Named<'static>>, Error> {
    let payloads = Payload::all()?;
    let mut all = requests::all()?;
    all.extend(headers::all()?);
    all.extend(codec::all(&payloads)?);
    all.extend(json::all(&payloads)?);
    all.extend(pickle::all(&payloads)?);
    all.extend(cookies::all(&payloads)?);
    all.extend(merge::all()?);
    Ok(all)
}
