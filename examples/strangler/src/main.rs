//! A Django site of which one route has moved to Rust: Django, the Rust service and a small reverse proxy before both, with one command.
//!
//! * this file: starts everything;
//! * `environment.rs`: what both sides must agree on;
//! * `django.rs`: Django as a child process;
//! * `cart.rs`: the Rust service, with tenure;
//! * `proxy.rs`, `routes.rs`: who answers which path.

mod cart;
mod django;
mod environment;
mod proxy;
mod routes;

use std::{
    error::Error,
    fs,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use tenure::Settings;
use tokio::net::TcpListener;

use crate::{django::Django, routes::Routes};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Django for `/account` and `/admin`, Rust for `/cart`, one login.
#[derive(Debug, Parser)]
struct Flags {
    /// Port of the site; 0 takes a free one.
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Folder for the database, the secret and the Python environment, made if it is not there [default: strangler in the target folder]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// File that says what Rust answers.
    #[arg(long, default_value_os_t = here("routes.txt"), value_name = "FILE")]
    routes: PathBuf,
}

/// A file of this example.
fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(tracing::Level::INFO)
        .with_target(false)
        .init();
    match run(flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done if not even this can be written.
            let _ = writeln!(io::stderr(), "strangler: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> Outcome {
    let routes = Routes::read(&flags.routes)?;
    // Before anything is written: a second start on the same port must not touch the files of the first.
    let front = listen(flags.port).await?;
    let data = match flags.data {
        Some(folder) => std::path::absolute(folder)?,
        None => beside_the_build()?,
    };
    fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;

    let environment = environment::load_or_make(&data)?;
    let mut django = Django::start(&data, &environment).await?;
    let settings = Settings::load_from(Some(&here("django/tenure.toml")), environment)?;
    let back = listen(0).await?;
    let rust = back.local_addr()?;
    let service = cart::router(settings).await?;
    let proxy = proxy::router(routes, rust, django.address);
    let proxy = proxy.into_make_service_with_connect_info::<SocketAddr>();
    announce(front.local_addr()?, django.address, rust, &data)?;
    tokio::select! {
        result = axum::serve(back, service) => result?,
        result = axum::serve(front, proxy) => result?,
        status = django.ended() => return Err(format!("Django has ended: {}", status?).into()),
    }
    Ok(())
}

async fn listen(port: u16) -> Outcome<TcpListener> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("port {port} is in use: choose another with --port").into()
            }
            _ => format!("cannot listen on port {port}: {error}").into(),
        })
}

/// `strangler` in the target folder, where this program lies in `<target>/<profile>`.
fn beside_the_build() -> Outcome<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2);
    let target = target.ok_or("no folder for the data: name one with --data")?;
    Ok(target.join("strangler"))
}

/// What a person needs to know, on standard output; the log goes to standard error.
fn announce(
    front: SocketAddr,
    django: SocketAddr,
    rust: SocketAddr,
    data: &Path,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "The cart:    http://{front}/cart")?;
    writeln!(out, "The account: http://{front}/account")?;
    writeln!(out, "The admin:   http://{front}/admin")?;
    writeln!(
        out,
        "Log in as:   {}, password {}",
        django::USER,
        django::PASSWORD
    )?;
    writeln!(out, "Behind it:   Django on {django}, Rust on {rust}")?;
    writeln!(out, "Data:        {}", data.display())?;
    writeln!(out, "Stop it with Ctrl-C.")?;
    out.flush()
}
