//! One contestant of the benchmark: a server that answers the same routes over one engine in one way.
//!
//! `contestants NAME`, with `BENCH_ADDRESS=127.0.0.1:PORT` and the engine's URL in `BENCH_URL`. All answer to `GET`:
//!
//! | route | what it does |
//! |---|---|
//! | `/plain` | `ok`; sessions are there, and nobody looks at one |
//! | `/read` | the session's `user_id` |
//! | `/write` | adds 1 to the session's `visits` and answers the sum |
//! | `/new` | a new session that holds `user_id` |
//! | `/fill/SIZE` | a new session of `SIZE` bytes of JSON: `300`, `10k` or a number |

mod bare;
mod floor;
mod payload;
mod tenure;

use std::{env, process::ExitCode};

use axum::{
    Router,
    serve::{Listener as _, ListenerExt as _},
};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The user whose session it is.
const USER_ID: u64 = 4711;
/// How long a session lasts.
const TWO_WEEKS: u64 = 14 * 24 * 60 * 60;

const HELP: &str = "usage: BENCH_ADDRESS=127.0.0.1:PORT BENCH_URL=URL contestants NAME

NAME is one of
  bare           axum without sessions
  floor-ENGINE   axum and the engine's bare driver, by hand
  tenure-ENGINE  axum and tenure
where ENGINE is sqlite, postgres, mysql, redis, memcached, file, memory, signed-cookies or encrypted-cookies; tenure has cached-db
too, whose BENCH_URL is that of the database, a space, and that of the cache.";

// One thread: what a request costs is compared, not how many processors there are.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Error> {
    let name = env::args().nth(1).ok_or(HELP)?;
    let url = env::var("BENCH_URL").unwrap_or_default();
    let routes = routes(&name, &url).await?.ok_or(HELP)?;
    let address = env::var("BENCH_ADDRESS").map_err(|_| HELP)?;
    let listener = tokio::net::TcpListener::bind(&address).await?;
    // An answer that waits for the client's acknowledgement would measure the network's timer.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    eprintln!("{name} listens on {}", listener.local_addr()?);
    Ok(axum::serve(listener, routes).await?)
}

/// `None` if there is no contestant of this name.
async fn routes(name: &str, url: &str) -> Result<Option<Router>, Error> {
    match name.split_once('-') {
        None if name == "bare" => Ok(Some(bare::routes())),
        Some(("floor", engine)) => floor::open(engine, url).await,
        Some(("tenure", engine)) => tenure::open(engine, url).await,
        _ => Ok(None),
    }
}
