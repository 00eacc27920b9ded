//! A line between the program and the server that counts bytes, and damages some on their way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A running proxy; it ends with the runtime.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    sent: Arc<AtomicU64>,
    flipped: Arc<AtomicU64>,
}

impl Proxy {
    /// Passes on to `server`. Of each `flip_every` bytes that clients send, about one has one bit flipped; 0 flips
    /// none.
    pub(crate) async fn start(server: SocketAddr, flip_every: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sent, flipped) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counts = (Arc::clone(&sent), Arc::clone(&flipped));
        tokio::spawn(async move {
            let mut seed = 1;
            while let Ok((client, _)) = listener.accept().await {
                let (sent, flipped) = counts.clone();
                seed += 1;
                let random = fastrand::Rng::with_seed(seed);
                tokio::spawn(async move {
                    let server = TcpStream::connect(server).await?;
                    let (mut from_server, mut to_server) = server.into_split();
                    let (mut from_client, mut to_client) = client.into_split();
                    let back = tokio::spawn(async move {
                        tokio::io::copy(&mut from_server, &mut to_client).await?;
                        to_client.shutdown().await
                    });
                    pass(&mut from_client, &mut to_server, random, flip_every, &sent, &flipped).await?;
                    to_server.shutdown().await?;
                    back.await?
                });
            }
        });
        Self { endpoint, sent, flipped }
    }

    /// Bytes that clients have sent so far, with their headers.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// Bits that were flipped so far.
    pub(crate) fn flipped(&self) -> u64 {
        self.flipped.load(Ordering::SeqCst)
    }
}

async fn pass(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    mut random: fastrand::Rng,
    flip_every: u64,
    sent: &AtomicU64,
    flipped: &AtomicU64,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        sent.fetch_add(read as u64, Ordering::SeqCst);
        // Heads of requests are small and stay as they are: what becomes of those is HTTP's business.
        let is_body = read == buffer.len() || !buffer[..read].windows(9).any(|text| text == b" HTTP/1.1");
        if flip_every > 0 && is_body && random.u64(0..flip_every) < read as u64 {
            buffer[random.usize(0..read)] ^= 1 << random.u8(0..8);
            flipped.fetch_add(1, Ordering::SeqCst);
        }
        to.write_all(&buffer[..read]).await?;
    }
}
