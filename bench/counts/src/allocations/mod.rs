//! Allocations that a session layer adds to a request: every contestant in every case.

mod cost;

pub use self::cost::{Cost, Mean};
use crate::{
    Error,
    case::{CASES, Case},
    contestant::{Contestant, EmptyLayer, Nobody},
    tenure::Tenure,
    tower_sessions::TowerSessions,
};

/// What a layer is put around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// A tower service that answers at once.
    Bare,
    /// The same, with requests whose `Extensions` hold a value already: the layer's own work and nothing else.
    Extended,
    /// A route of an axum router.
    Axum,
}

/// What one contestant adds to requests of one kind.
#[derive(Debug)]
pub struct Row {
    /// What its layer was put around.
    pub around: Around,
    /// The requests.
    pub case: Case,
    /// The contestant's name.
    pub contestant: &'static str,
    /// What it costs more than the same without the layer.
    pub added: Cost,
}

/// Counts everything.
///
/// # Errors
///
/// When a request is not answered as its case demands.
pub fn all() -> Result<Vec<Row>, Error> {
    let (tenure, tower_sessions) = (Tenure::new()?, TowerSessions::new()?);
    let bare: [&dyn Contestant; 2] = [&tenure, &tower_sessions];
    let axum: [&dyn Contestant; 3] = [&EmptyLayer, &tenure, &tower_sessions];
    let mut rows = Vec::new();
    for (around, contestants) in [
        (Around::Bare, &bare[..]),
        (Around::Extended, &bare[..]),
        (Around::Axum, &axum[..]),
    ] {
        for case in CASES {
            for contestant in contestants {
                rows.push(Row {
                    around,
                    case,
                    contestant: contestant.name(),
                    added: added(*contestant, around, &case)?,
                });
            }
        }
    }
    Ok(rows)
}

/// What `contestant` adds to a request of this `case`.
///
/// # Errors
///
/// When a request is not answered as the case demands.
pub fn added(contestant: &dyn Contestant, around: Around, case: &Case) -> Result<Cost, Error> {
    Ok(match around {
        Around::Bare => Cost::of(contestant.bare(case)?)?.above(Cost::of(Nobody.bare(case)?)?),
        Around::Extended => {
            let case = case.extended();
            Cost::of(contestant.bare(&case)?)?.above(Cost::of(Nobody.bare(&case)?)?)
        }
        Around::Axum => Cost::of(contestant.axum(case)?)?.above(Cost::of(Nobody.axum(case)?)?),
    })
}
