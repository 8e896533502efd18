//! Serving until somebody says stop.

use std::{
    future::IntoFuture,
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, http::Extensions};
use tokio::{net::TcpListener, signal, sync::oneshot};

/// How long requests under way may take once the shop is told to stop. A browser may hold connections open without ever sending
/// anything, and those must not keep the shop from ending.
const GRACE: Duration = Duration::from_secs(10);

/// Ctrl-C and SIGTERM. From its making on they no longer end the program at once: make it before anybody is told that the shop is open.
pub(crate) struct Stop {
    #[cfg(unix)]
    interrupt: signal::unix::Signal,
    #[cfg(unix)]
    terminate: signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    pub(crate) fn new() -> io::Result<Self> {
        use signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Stop {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn asked(&mut self) {
        if signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// The address at the other end of a request's connection.
pub(crate) fn peer_address(extensions: &Extensions) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(peer.ip())
}

/// Serves until it is asked to stop, then answers what is under way.
pub(crate) async fn until_stopped(
    mut stop: Stop,
    listener: TcpListener,
    app: Router,
) -> io::Result<()> {
    let (stopping, stopped) = oneshot::channel();
    let asked = async move {
        stop.asked().await;
        tracing::info!("stopping: what is under way is still answered");
        // Nobody listens any more only if the server has ended already.
        let _ = stopping.send(());
    };
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, app).with_graceful_shutdown(asked);
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
