//! Listing sessions.

use std::collections::BTreeSet;

use super::{
    case::{Bench, Case, Outcome, cases, ensure, failed},
    expiry::ensure_near,
    in_seconds,
};
use crate::store::Listed;

pub(super) const CASES: &[Case] = cases![
    scan_lists_every_session_once_and_in_order,
    scan_tells_end_and_size,
    scan_does_not_list_the_dead,
];

/// Every session, in pages of three.
async fn all(bench: &Bench) -> Outcome<Vec<Listed>> {
    bench.needs(|powers| powers.scan, "scan")?;
    let mut all: Vec<Listed> = Vec::new();
    loop {
        let after = all.last().map(|listed| listed.name.clone());
        let page = bench.one.scan(after.as_deref(), 3).await;
        let page = page.map_err(|error| failed("`scan`", &error))?;
        ensure!(
            page.len() <= 3,
            "`scan` with the limit 3 gave {} lines",
            page.len()
        );
        for listed in &page {
            let last = all.last().map(|listed| listed.name.as_str());
            ensure!(
                last < Some(listed.name.as_str()),
                "`scan` gave {:?} after {last:?}, which is not in order",
                listed.name
            );
            all.push(listed.clone());
        }
        // A page that is not full is the last one.
        if page.len() < 3 {
            return Ok(all);
        }
    }
}

fn names(listed: &[Listed]) -> BTreeSet<&str> {
    listed.iter().map(|listed| listed.name.as_str()).collect()
}

async fn scan_lists_every_session_once_and_in_order(bench: Bench) -> Outcome {
    let before = all(&bench).await?;
    for number in 0..7 {
        bench
            .keep_json(&format!(r#"{{"number":{number}}}"#))
            .await?;
    }
    let after = all(&bench).await?;
    let added = names(&after).difference(&names(&before)).count();
    ensure!(
        added == 7 && after.len() == before.len() + 7,
        "7 sessions were made, and `scan` lists {} names more than before, {added} of them new",
        i128::try_from(after.len()).unwrap_or(0) - i128::try_from(before.len()).unwrap_or(0)
    );
    Ok(())
}

async fn scan_tells_end_and_size(bench: Bench) -> Outcome {
    let before = all(&bench).await?;
    let ends_at = in_seconds(1000);
    let record = Bench::record_until(r#"{"long":"0123456789"}"#, ends_at)?;
    bench.keep(&record).await?;
    let after = all(&bench).await?;
    let known = names(&before);
    let new = after
        .iter()
        .filter(|listed| !known.contains(listed.name.as_str()));
    for listed in new {
        ensure_near(listed.expires_at, ends_at, "a listed session")?;
        ensure!(
            listed.size >= 10,
            "`scan` says that a session takes {} bytes that holds more",
            listed.size
        );
    }
    Ok(())
}

async fn scan_does_not_list_the_dead(bench: Bench) -> Outcome {
    let before = all(&bench).await?;
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    bench.end(&kept).await?;
    let after = all(&bench).await?;
    ensure!(
        names(&after) == names(&before),
        "after `create` and `delete`, `scan` lists other sessions than before"
    );
    Ok(())
}
