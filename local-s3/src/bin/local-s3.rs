//! An S3 server and nothing more, for trying clients on: `cargo run --release -p local-s3 -- DIR PORT`.
//!
//! Bucket `originals`; key `local`, secret `locallocal`. With `--any-origin`, it serves web pages of every origin, as S3 does
//! where a bucket's CORS rules allow it. Ctrl-C ends it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use local_s3::{Bucket, Server};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(port)) = (arguments.next(), arguments.next().and_then(|port| port.parse().ok()))
    else {
        eprintln!("usage: local-s3 DIR PORT [--any-origin]");
        return ExitCode::from(2);
    };
    let any_origin = match arguments.next().as_deref() {
        None => false,
        Some("--any-origin") => true,
        Some(_) => {
            eprintln!("usage: local-s3 DIR PORT [--any-origin]");
            return ExitCode::from(2);
        }
    };
    let server = Server::builder()
        .any_origin(any_origin)
        .data_dir(folder)
        .listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .bucket(Bucket::new("originals"))
        .start()
        .await;
    let server = match server {
        Ok(server) => server,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("S3 at {}", server.endpoint_url());
    if tokio::signal::ctrl_c().await.is_ok() {
        server.stop().await;
    }
    ExitCode::SUCCESS
}
