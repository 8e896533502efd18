//! Whole requests: the layer untouched, read, written, new.

use crate::{
    Error,
    case::CASES,
    contestant::{Contestant, EmptyLayer, Nobody},
    task::Named,
    tenure::Tenure,
    tower_sessions::TowerSessions,
};

/// The tasks borrow their contestants, which live as long as the program.
pub(super) fn all() -> Result<Vec<Named<'static>>, Error> {
    let tenure: &'static Tenure = Box::leak(Box::new(Tenure::new()?));
    let tower_sessions: &'static TowerSessions = Box::leak(Box::new(TowerSessions::new()?));
    let contestants: [&'static dyn Contestant; 4] = [&Nobody, &EmptyLayer, tenure, tower_sessions];
    let mut all = Vec::new();
    for case in &CASES {
        for contestant in contestants {
            let (name, what) = (contestant.name(), case.name);
            // A layer that does nothing costs something only in axum.
            if name != EmptyLayer.name() {
                let task = contestant.bare(case)?;
                all.push(task.named(format!("request, bare service, {what}: {name}")));
            }
            let task = contestant.axum(case)?;
            all.push(task.named(format!("request, axum, {what}: {name}")));
        }
    }
    Ok(all)
}
