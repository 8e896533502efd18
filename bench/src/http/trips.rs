//! Round trips to the engine: how often a request waits for it.

use std::collections::BTreeMap;

use testkit::Proxy;

use super::{
    engine,
    registry::Contestant,
    route::{Route, Sessions},
    server::Running,
};
use crate::Error;

/// Requests before the count: a driver prepares its statements once.
const WARM_UP: u32 = 20;
const REQUESTS: u32 = 50;

/// Sends requests one after the other, through a line that counts. What a contestant sends at once counts once.
///
/// Of an engine without a server there is nothing to count.
pub(super) fn count(
    contestant: Contestant,
    engine: &engine::Running,
    core: usize,
) -> Result<BTreeMap<Route, f64>, Error> {
    let proxies = engine.proxies();
    if proxies.is_empty() {
        return Ok(BTreeMap::new());
    }
    let place = engine.place(contestant.name, &proxies)?;
    let running = Running::start(contestant, &place, core)?;
    let mut trips = BTreeMap::new();
    for route in Route::ALL {
        let cookie = match route.sessions() {
            Sessions::None => None,
            Sessions::Small => running.made("/fill/300", 1)?.pop(),
            Sessions::Large if contestant.engine.is_large() => running.made("/fill/10k", 1)?.pop(),
            Sessions::Large => continue,
        };
        let mut client = running.client();
        let mut ask = |requests| -> Result<(), Error> {
            for _ in 0..requests {
                let answer = client.get(route.path(), cookie.as_deref())?;
                if answer.status != 200 {
                    return Err(format!("{} answered {}", route.path(), answer.status).into());
                }
            }
            Ok(())
        };
        ask(WARM_UP)?;
        let take = || proxies.iter().map(Proxy::take_round_trips).sum::<u64>();
        take();
        ask(REQUESTS)?;
        let counted = u32::try_from(take())?;
        trips.insert(route, f64::from(counted) / f64::from(REQUESTS));
    }
    Ok(trips)
}
