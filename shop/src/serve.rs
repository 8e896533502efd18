//! Serving until somebody says stop.

use std::{future::IntoFuture, io, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, signal, sync::oneshot};

/// How long requests under way may take once the shop is told to stop. A browser may hold connections open without ever sending
/// anything, and those must not keep the shop from ending.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until Ctrl-C or SIGTERM, then answers what is under way.
pub(crate) async fn until_stopped(listener: TcpListener, app: Router) -> io::Result<()> {
    let mut terminate = Terminate::new()?;
    let (stopping, stopped) = oneshot::channel();
    let stop = async move {
        tokio::select! {
            _ = signal::ctrl_c() => {}
            () = terminate.recv() => {}
        }
        tracing::info!("stopping: what is under way is still answered");
        // Nobody listens any more only if the server has ended already.
        let _ = stopping.send(());
    };
    let server = axum::serve(listener, app).with_graceful_shutdown(stop);
    let out_of_patience = async {
        if stopped.await.is_ok() {
            tokio::time::sleep(GRACE).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = server.into_future() => result,
        () = out_of_patience => {
            tracing::warn!("connections that are still open are cut off");
            Ok(())
        }
    }
}

#[cfg(unix)]
struct Terminate(signal::unix::Signal);

#[cfg(unix)]
impl Terminate {
    fn new() -> io::Result<Self> {
        signal::unix::signal(signal::unix::SignalKind::terminate()).map(Self)
    }

    async fn recv(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(not(unix))]
struct Terminate;

#[cfg(not(unix))]
impl Terminate {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn recv(&mut self) {
        std::future::pending().await
    }
}
