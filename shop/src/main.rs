//! A tea shop: the demo of tenure. Cart, theme, expiry and login live in a session that Django could read.
//!
//! `cargo run -p shop` needs no set-up: database, secret and a demo user are made at the first start.

mod app;
mod cart;
mod catalogue;
mod devices;
mod error;
mod expiry;
mod first_start;
mod login;
mod password;
mod preferences;
mod render;
mod secret_file;
mod serve;
mod session_page;
mod user_agent;

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use tokio::net::TcpListener;

use crate::{
    error::StartError,
    first_start::{DEMO_PASSWORD, DEMO_USER, DemoUser},
    serve::Stop,
};

/// A tea shop that keeps its carts and logins in Django sessions, by tenure.
#[derive(Debug, Parser)]
struct Flags {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Address to listen on. The demo user's password is public: keep to this machine unless the network is yours.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// SQLite file, made if it is not there.
    #[arg(long, default_value = "shop.sqlite3", value_name = "FILE")]
    database: PathBuf,
    /// The profile `strict` in place of Django's defaults: its cookies are for HTTPS alone, as which browsers count http://localhost.
    #[arg(long)]
    strict: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(tracing::Level::INFO)
        .with_target(false)
        .init();
    match run(&flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done if not even this can be written.
            let _ = writeln!(io::stderr(), "shop: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: &Flags) -> Result<(), StartError> {
    // Before anything is written: a second shop on the same port must not touch the files of the first.
    let listener = listen(&flags.host, flags.port).await?;
    let address = listener.local_addr().map_err(StartError::Serve)?;
    let opened = first_start::open(&flags.database, flags.strict).await?;
    let stop = Stop::new().map_err(StartError::Serve)?;
    announce(address, &opened.database, opened.demo_user).map_err(StartError::Print)?;
    if !address.ip().is_loopback() {
        tracing::warn!(
            "other machines can reach this shop, and the demo user's password is public"
        );
    }
    let app = app::router(opened.shop);
    serve::until_stopped(stop, listener, app)
        .await
        .map_err(StartError::Serve)
}

async fn listen(host: &str, port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind((host, port))
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse(port),
            _ => StartError::Listen {
                host: host.to_owned(),
                port,
                source: error,
            },
        })
}

/// What a person needs to know, on standard output; the log goes to standard error.
fn announce(address: SocketAddr, database: &Path, demo_user: DemoUser) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "The shop is open: http://{address}/")?;
    match demo_user {
        DemoUser::Ready => writeln!(
            out,
            "Log in as:        {DEMO_USER}, password {DEMO_PASSWORD}"
        )?,
        DemoUser::OtherPassword => writeln!(
            out,
            "Log in as:        {DEMO_USER}, with the password it was given (not the demo's)"
        )?,
    }
    writeln!(out, "Database:         {}", database.display())?;
    writeln!(out, "Stop it with Ctrl-C.")?;
    out.flush()
}
