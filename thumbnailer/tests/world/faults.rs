//! What may stand between the function and S3: a proxy that answers in S3's place, or breaks off.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It is answered with this status, content type and body, and S3 never sees it.
    Answer(u16, &'static str, &'static str),
    /// S3's answer lacks its last byte.
    CutShort,
}

impl Fault {
    /// A proxy's or a web server's own page.
    pub(crate) const HTML_404: Self = Self::Answer(404, "text/html", "<html><h1>Not Found</h1></html>");

    /// S3's document for `code`, which has to be a word of XML.
    pub(crate) const fn s3(status: u16, document: &'static str) -> Self {
        Self::Answer(status, "application/xml", document)
    }
}

/// Listens before the server at `upstream` until the runtime ends; `fault` is asked with each request's
/// `METHOD /path`.
pub(crate) async fn between(
    upstream: SocketAddr,
    fault: impl Fn(&str) -> Option<Fault> + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let fault = Arc::new(fault);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let fault = fault.clone();
            // A client that hangs up is none of the proxy's business.
            tokio::spawn(async move { _ = pass(client, upstream, &*fault).await });
        }
    });
    address
}

/// One request and its answer: neither side is left the connection for another.
async fn pass(
    mut client: TcpStream,
    upstream: SocketAddr,
    fault: &(impl Fn(&str) -> Option<Fault> + ?Sized),
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let head = loop {
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let line = String::from_utf8_lossy(&request[..head]).lines().next().unwrap_or_default().to_owned();
    let (method_and_path, _) = line.split_once(['?']).or(line.rsplit_once(' ')).unwrap_or((&line, ""));
    let (mut from_client, mut to_client) = client.split();

    let fault = fault(method_and_path);
    if let Some(Fault::Answer(status, media_type, body)) = fault {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} Fault\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        to_client.write_all(answer.as_bytes()).await?;
        to_client.write_all(body.as_bytes()).await?;
        to_client.shutdown().await?;
        // What is still being sent is taken, lest the answer be lost to a reset.
        copy(&mut from_client, &mut tokio::io::sink()).await?;
        return Ok(());
    }

    let (mut from_server, mut to_server) = TcpStream::connect(upstream).await?.into_split();
    to_server.write_all(&request[..head]).await?;
    to_server.write_all(b"\r\nconnection: close").await?;
    to_server.write_all(&request[head..]).await?;
    let answering = async {
        let mut answer = Vec::new();
        from_server.read_to_end(&mut answer).await?;
        if matches!(fault, Some(Fault::CutShort)) {
            answer.pop();
        }
        to_client.write_all(&answer).await?;
        to_client.shutdown().await
    };
    tokio::select! {
        done = answering => done,
        // Ends with the client's side at the latest.
        error = async { copy(&mut from_client, &mut to_server).await?; std::future::pending().await } => error,
    }
}
