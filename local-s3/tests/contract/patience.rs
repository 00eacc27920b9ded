//! Clients that stall.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use aws_sdk_s3::presigning::PresigningConfig;
use local_s3::Server;

use crate::support::{Site, raw, site_with, target};

const LIMIT: Duration = Duration::from_millis(400);

async fn impatient() -> Site {
    site_with(|builder| builder.stall_timeout(LIMIT).allow_host("h")).await
}

/// Sends the beginning of a request, waits for the end of the connection, and returns the answer.
async fn stall(server: &Server, beginning: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let started = Instant::now();
    stream.write_all(beginning.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(20 * LIMIT, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the connection ends");
    assert!(started.elapsed() >= LIMIT, "it ended before the limit");
    String::from_utf8(answer).unwrap()
}

async fn put_target(site: &Site) -> String {
    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let put = site.client.put_object().bucket("plain").key("a").presigned(minute).await.unwrap();
    target(put.uri()).to_owned()
}

#[tokio::test]
async fn a_body_that_stalls_is_answered_and_leaves_nothing() {
    let site = impatient().await;
    let target = put_target(&site).await;
    let form = "POST /plain HTTP/1.1\r\nhost: h\r\ncontent-type: multipart/form-data; boundary=b\r\n";
    for beginning in [
        format!(
            "PUT {target} HTTP/1.1\r\nhost: {}\r\ncontent-length: 100\r\n\r\nten bytes.",
            site.server.address()
        ),
        format!(
            "PUT {target} HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
            site.server.address()
        ),
        format!("{form}content-length: 100\r\n\r\n--b\r\n"),
    ] {
        let answer = stall(&site.server, &beginning).await;
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains("<Code>RequestTimeout</Code>"),
            "{answer}"
        );
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    }
    assert!(site.keys("plain").await.is_empty());
    let left = std::fs::read_dir(site.dir.path().join(".s3/tmp")).unwrap().count();
    assert_eq!(left, 0, "temporary files are removed");
}

#[tokio::test]
async fn a_slow_body_that_goes_on_is_taken() {
    let site = impatient().await;
    let target = put_target(&site).await;
    let mut stream = TcpStream::connect(site.server.address()).await.unwrap();
    let head =
        format!("PUT {target} HTTP/1.1\r\nhost: {}\r\ncontent-length: 8\r\n\r\n", site.server.address());
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..8 {
        tokio::time::sleep(LIMIT / 4).await; // twice the limit in all
        stream.write_all(b"x").await.unwrap();
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    assert_eq!(site.get("plain", "a").await, b"xxxxxxxx");
}

#[tokio::test]
async fn heads_that_stall_and_idle_connections_are_closed() {
    let site = impatient().await;
    assert_eq!(stall(&site.server, "").await, "");
    assert_eq!(stall(&site.server, "GET / HTTP/1.1\r\nhost:").await, "");
    let answer = stall(&site.server, "GET /plain/a HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403") && !answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_client_that_expects_to_send_an_empty_body_is_not_left_waiting() {
    let site = impatient().await;
    let target = put_target(&site).await;
    let head = format!("PUT {target} HTTP/1.1\r\nhost: {}\r\n", site.server.address());
    let mut stream = TcpStream::connect(site.server.address()).await.unwrap();
    stream
        .write_all(format!("{head}expect: 100-continue\r\ncontent-length: 0\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let started = Instant::now();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    assert!(started.elapsed() < LIMIT, "the end waits for nothing");
    // A refusal too.
    let answer = raw(&site.server, "PUT", "/plain/a", "Expect: 100-Continue\r\n", b"").await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("connection: close"), "{answer}");
    // With a body, the connection stays open.
    let mut stream = TcpStream::connect(site.server.address()).await.unwrap();
    stream
        .write_all(format!("{head}expect: 100-continue\r\ncontent-length: 1\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"x").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}
