use std::{future::Future, time::Duration};

use axum::{response::AppendHeaders, routing::any};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;

/// A service on a free port.
async fn serve(service: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, service).await });
    address
}

/// Nobody listens there.
fn away() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], testkit::free_port()))
}

/// A proxy with this service for `/cart`, and nobody for the rest.
async fn before(rust: Router) -> SocketAddr {
    let routes = Routes::parse("/cart").unwrap();
    serve(router(routes, serve(rust).await, away())).await
}

async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

async fn soon<T>(answer: impl Future<Output = T>) -> T {
    let answer = tokio::time::timeout(Duration::from_secs(30), answer).await;
    answer.expect("no answer for half a minute")
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    send(&mut stream, request).await;
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

/// Answers with what it was asked.
async fn echo(request: Request) -> String {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    format!(
        "{} {} {body:?} {:#?}",
        parts.method, parts.uri, parts.headers
    )
}

#[tokio::test]
async fn a_request_arrives_as_it_was_sent() {
    let proxy = before(Router::new().fallback(echo)).await;
    let answer = ask(
        proxy,
        "PUT /cart/a%20b?x=1&x=%2F HTTP/1.1\r\nHost: shop.example\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\n\
         Cookie: a=1\r\nOrigin: http://shop.example\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\
         Forwarded: for=6.6.6.6\r\nContent-Length: 3\r\n\r\ntea",
    )
    .await;
    for part in [
        "PUT /cart/a%20b?x=1&x=%2F b\"tea\"",
        "\"host\": \"shop.example\"",
        "\"cookie\": \"a=1\"",
        "\"origin\": \"http://shop.example\"",
        "\"x-forwarded-for\": \"127.0.0.1\"",
        "\"x-forwarded-host\": \"shop.example\"",
        "\"x-forwarded-proto\": \"http\"",
    ] {
        assert!(answer.contains(part), "no {part} in {answer}");
    }
    for part in ["6.6.6.6", "x-mine", "\"connection\"", "\"forwarded\""] {
        assert!(!answer.contains(part), "{part} in {answer}");
    }
}

#[tokio::test]
async fn every_cookie_of_an_answer_comes_back() {
    let cookies = AppendHeaders([("set-cookie", "sessionid=1"), ("set-cookie", "csrftoken=2")]);
    let proxy = before(Router::new().route("/cart", any((cookies, "tea")))).await;
    let answer = ask(proxy, "GET /cart HTTP/1.0\r\nHost: shop.example\r\n\r\n").await;
    for part in [
        "set-cookie: sessionid=1",
        "set-cookie: csrftoken=2",
        "x-served-by: rust",
        "\r\n\r\ntea",
    ] {
        assert!(answer.contains(part), "no {part} in {answer}");
    }
}

#[tokio::test]
async fn bodies_are_not_held_up_in_either_direction() {
    let mirror = async |request: Request| Body::new(request.into_body());
    let proxy = before(Router::new().route("/cart", any(mirror))).await;
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    let head = "POST /cart HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    send(&mut stream, head).await;
    send(&mut stream, "5\r\nearly\r\n").await;
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("early") {
        assert_ne!(soon(stream.read_buf(&mut answer)).await.unwrap(), 0);
    }
    send(&mut stream, "4\r\nlate\r\n0\r\n\r\n").await;
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("late"));
}

#[tokio::test]
async fn a_side_that_is_away_takes_nothing_else_with_it() {
    let proxy = before(Router::new().fallback(echo)).await;
    let away = ask(proxy, "GET /account HTTP/1.0\r\nHost: shop.example\r\n\r\n").await;
    assert!(away.starts_with("HTTP/1.0 502"), "{away}");
    assert!(away.contains("x-served-by: django"), "{away}");
    let there = ask(proxy, "GET /cart HTTP/1.0\r\nHost: shop.example\r\n\r\n").await;
    assert!(there.starts_with("HTTP/1.0 200"), "{there}");
}
