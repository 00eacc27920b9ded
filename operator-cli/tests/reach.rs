//! How `thumbnailer status` and `sweep` reach S3, and what they say if they cannot.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

/// A proxy that notes the first line of each request and answers `answer`.
fn proxy(answer: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = lines.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 8192];
            let read = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..read]).into_owned();
            lines.lock().unwrap().push(text.lines().next().unwrap_or_default().to_owned());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, seen)
}

const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 80\r\n\r\n\
    <Error><Code>AccessDenied</Code><Message>not with these credentials</Message></Error>";

fn thumbnailer(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thumbnailer"));
    command.args(args).env_clear().envs([
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ]);
    command.envs(variables.iter().copied()).output().unwrap()
}

fn all(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

const STATUS: [&str; 2] = ["status", "a.jpg"];
const SWEEP: [&str; 2] = ["sweep", "--dry-run"];

#[test]
fn requests_go_through_the_proxy_of_the_environment() {
    for (args, begins) in [
        (STATUS, "GET http://s3.invalid/derived/a.jpg/manifest.json"),
        (SWEEP, "GET http://s3.invalid/derived/?versions"),
    ] {
        let (address, seen) = proxy(DENIED);
        let output =
            thumbnailer(&args, &[("HTTP_PROXY", &address), ("AWS_ENDPOINT_URL", "http://s3.invalid")]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            all(&output).contains("access to s3://derived is denied. The credentials need s3:"),
            "{output:?}"
        );
        let seen = seen.lock().unwrap();
        assert!(seen.first().is_some_and(|line| line.starts_with(begins)), "{seen:?}");
    }
    // Without an endpoint it is Amazon's, by TLS.
    let (address, seen) = proxy("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    let output = thumbnailer(&STATUS, &[("HTTPS_PROXY", &address)]);
    assert!(output.status.code() == Some(1) && all(&output).contains("could not be reached"), "{output:?}");
    assert!(all(&output).contains("Check the network, HTTPS_PROXY"), "{output:?}");
    let seen = seen.lock().unwrap();
    assert!(seen[0].starts_with("CONNECT derived.s3.us-east-1.amazonaws.com:443 "), "{seen:?}");
}

#[test]
fn exceptions_and_this_machine_do_not_go_through_a_proxy() {
    let (address, seen) = proxy(DENIED);
    let (server, asked) = proxy(DENIED);
    for variables in [
        [("HTTP_PROXY", &*address), ("NO_PROXY", "s3.invalid"), ("AWS_ENDPOINT_URL", "http://s3.invalid")],
        [("HTTP_PROXY", &*address), ("NO_PROXY", ""), ("AWS_ENDPOINT_URL", &*server)],
    ] {
        assert_eq!(thumbnailer(&STATUS, &variables).status.code(), Some(1));
    }
    assert_eq!(seen.lock().unwrap().len(), 0);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn failures_have_one_sentence_and_a_remedy() {
    let expired = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n\
        <Error><Code>ExpiredToken</Code><Message>it has expired</Message></Error>";
    let elsewhere = "HTTP/1.1 301 Moved\r\nConnection: close\r\nx-amz-bucket-region: eu-central-1\r\n\r\n\
        <Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>";
    for (answer, words) in [(expired, "`aws sso login`."), (elsewhere, "Set AWS_REGION=eu-central-1.")] {
        for args in [STATUS, SWEEP] {
            let (endpoint, _) = proxy(answer);
            let output = thumbnailer(&args, &[("AWS_ENDPOINT_URL", &endpoint)]);
            assert_eq!(output.status.code(), Some(1));
            assert_eq!(all(&output).matches(words).count(), 1, "{output:?}");
        }
    }
    for args in [STATUS, SWEEP] {
        let output = thumbnailer(&args, &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]);
        let words =
            "http://127.0.0.1:1 could not be reached: the connection was refused. Check that a server";
        assert!(all(&output).contains(words), "{output:?}");
        let output = thumbnailer(&args, &[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]);
        assert!(all(&output).contains("there are no AWS credentials: "), "{output:?}");
        let output = thumbnailer(&args, &[("AWS_CA_BUNDLE", "/nowhere.pem")]);
        assert_eq!(output.status.code(), Some(2));
        assert!(all(&output).contains("AWS_CA_BUNDLE is '/nowhere.pem', which cannot be read"), "{output:?}");
    }
}
