//! Text from outside that tries to control a terminal, and a judge of what reaches it.

use super::Ran;

/// Pieces of text, each with another kind of control in it.
pub(crate) const HOSTILE: [&str; 10] = [
    "\u{1b}[31mred\u{1b}]0;owned\u{7}",
    "two\nforged: line",
    "return\rforged: line",
    "back\u{8}\u{8}space",
    "tab\tulator",
    "delete\u{7f}",
    "c1\u{9b}31m\u{85}forged: line",
    "bidi\u{202e}gpj.exe\u{202c}",
    "isolate\u{2066}x\u{2069}\u{200f}",
    "separator\u{2028}forged: line\u{2029}",
];

/// Fails if `ran` printed anything else than text and its own line breaks.
pub(crate) fn assert_harmless(ran: &Ran, what: &str) {
    for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        for line in text.split('\n') {
            let control = line.chars().find(|c| {
                matches!(u32::from(*c), 0..0x20 | 0x7f..0xa0 | 0x61c | 0x200e..=0x200f | 0x2028..=0x202e | 0x2066..=0x2069)
            });
            assert_eq!(control, None, "{what}, {stream}: {line:?}");
            assert!(!line.trim_start().starts_with("forged"), "{what}, {stream}: {text}");
        }
    }
}

/// A server that answers every request with an error in `words`.
pub(crate) async fn server(words: String) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let words = words.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 1 << 16];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let body = format!("<Error><Code>{words}</Code><Message>{words}</Message></Error>");
                let body = if request[..read].starts_with(b"HEAD") { String::new() } else { body };
                let head = format!(
                    "HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\nETag: \"\u{9b}31m\u{202e}\"\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all((head + &body).as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    endpoint
}
