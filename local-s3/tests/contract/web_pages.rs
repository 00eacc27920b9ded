//! Requests that browsers send for web pages: those of other origins are refused.

use local_s3::Bucket;

use crate::support::{Site, raw, site_with, target};

/// A signed GET of an object, as a link that any page can make with the public key pair.
async fn link(site: &Site, bucket: &str, key: &str) -> String {
    let hour =
        aws_sdk_s3::presigning::PresigningConfig::expires_in(std::time::Duration::from_secs(3600)).unwrap();
    let link = site.client.get_object().bucket(bucket).key(key).presigned(hour).await.unwrap();
    target(link.uri()).to_owned()
}

async fn put_link(site: &Site, bucket: &str, key: &str) -> String {
    let hour =
        aws_sdk_s3::presigning::PresigningConfig::expires_in(std::time::Duration::from_secs(3600)).unwrap();
    let link = site.client.put_object().bucket(bucket).key(key).presigned(hour).await.unwrap();
    target(link.uri()).to_owned()
}

async fn site() -> Site {
    let site = site_with(|builder| {
        builder
            .bucket(Bucket::new("open").public_read(true))
            .allow_origin("https://blog.example.org".parse().unwrap())
            .allow_host("photos.lan")
    })
    .await;
    site.put("plain", "secret.html", "<script>secret</script>").await;
    site.put("open", "a.jpg", "picture").await;
    site
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

/// The values of a header, in the order of the answer.
fn header<'a>(answer: &'a str, name: &str) -> Vec<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

const FOREIGN: [&str; 6] = [
    "sec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: document\r\n",
    "sec-fetch-site: same-site\r\n",
    "sec-fetch-site: cross-site\r\norigin: https://evil.test\r\n",
    "origin: https://evil.test\r\n",
    "origin: null\r\n",
    "sec-fetch-site: same-origin\r\nsec-fetch-site: cross-site\r\n",
];

#[tokio::test]
async fn pages_of_other_origins_read_nothing() {
    let site = site().await;
    let link = link(&site, "plain", "secret.html").await;
    for headers in FOREIGN {
        let answer = raw(&site.server, "GET", &link, headers, b"").await;
        assert_eq!(status(&answer), 403, "{headers}\n{answer}");
        assert!(!answer.contains("secret</script>"), "{answer}");
        assert!(answer.contains("--allow-origin"), "the remedy is named: {answer}");
    }
    // The same link works for programs other than browsers, for the address bar, and for the server's own pages.
    let own = format!("origin: {}\r\n", site.server.endpoint_url());
    for headers in ["", "sec-fetch-site: none\r\n", "sec-fetch-site: same-origin\r\n", &own] {
        let answer = raw(&site.server, "GET", &link, headers, b"").await;
        assert_eq!(status(&answer), 200, "{headers}\n{answer}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_write_and_delete_nothing() {
    let site = site().await;
    let link = put_link(&site, "plain", "new.html").await;
    for headers in FOREIGN {
        for (method, target) in [
            ("PUT", link.as_str()),
            ("POST", "/plain"),
            ("POST", "/plain?delete"),
            ("DELETE", "/plain/secret.html"),
            ("OPTIONS", "/plain/secret.html"),
            ("PUT", "/open/a.jpg"),
            ("GET", "/open/"),
            ("GET", "/open"),
            ("GET", "/open?list-type=2"),
        ] {
            let headers = format!("{headers}access-control-request-method: PUT\r\n");
            let answer = raw(&site.server, method, target, &headers, b"x").await;
            assert_eq!(status(&answer), 403, "{method} {target}\n{headers}\n{answer}");
            assert!(header(&answer, "access-control-allow-origin").is_empty(), "{answer}");
        }
    }
    assert_eq!(site.keys("plain").await, ["secret.html"]);
    assert_eq!(site.keys("open").await, ["a.jpg"]);
}

#[tokio::test]
async fn every_page_may_show_public_objects() {
    let site = site().await;
    for headers in FOREIGN {
        for method in ["GET", "HEAD"] {
            let answer = raw(&site.server, method, "/open/a.jpg", headers, b"").await;
            assert_eq!(status(&answer), 200, "{headers}\n{answer}");
            let readable = if headers.contains("origin: ") { vec!["*"] } else { vec![] };
            assert_eq!(header(&answer, "access-control-allow-origin"), readable, "{headers}");
            assert!(header(&answer, "vary").iter().any(|names| names.contains("Origin")), "{answer}");
            assert_eq!(header(&answer, "cross-origin-resource-policy"), ["cross-origin"]);
        }
    }
}

#[tokio::test]
async fn an_allowed_origin_may_do_everything_and_read_the_answers() {
    let site = site().await;
    let page = "origin: https://blog.example.org\r\nsec-fetch-site: cross-site\r\n";
    let asks = format!(
        "{page}access-control-request-method: PUT\r\naccess-control-request-headers: authorization,x-amz-date\r\n\
         access-control-request-private-network: true\r\n"
    );
    let preflight = raw(&site.server, "OPTIONS", "/plain/new.jpg", &asks, b"").await;
    assert_eq!(status(&preflight), 204, "{preflight}");
    assert_eq!(header(&preflight, "access-control-allow-origin"), ["https://blog.example.org"]);
    assert!(header(&preflight, "access-control-allow-methods")[0].contains("PUT"));
    assert_eq!(header(&preflight, "access-control-allow-headers"), ["authorization,x-amz-date"]);
    assert_eq!(header(&preflight, "access-control-allow-private-network"), ["true"]);

    let link = put_link(&site, "plain", "new.jpg").await;
    let answer = raw(&site.server, "PUT", &link, page, b"").await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(header(&answer, "access-control-allow-origin"), ["https://blog.example.org"]);
    let exposed = header(&answer, "access-control-expose-headers")[0];
    for name in ["ETag", "x-amz-version-id", "x-amz-checksum-crc64nvme"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    assert!(header(&answer, "vary").iter().any(|names| names.contains("Origin")));
    assert_eq!(site.keys("plain").await, ["new.jpg", "secret.html"]);

    // The origin alone opens nothing: the request must still be signed.
    let unsigned = raw(&site.server, "PUT", "/plain/other.jpg", page, b"").await;
    assert_eq!(status(&unsigned), 403, "{unsigned}");
}

#[tokio::test]
async fn names_that_could_be_rebound_are_refused() {
    let site = site().await;
    let port = site.server.address().port();
    let with_host = |host: String, headers: &'static str| {
        let address = site.server.address();
        async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let request =
                format!("GET /open/a.jpg HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            String::from_utf8_lossy(&answer).into_owned()
        }
    };
    for host in
        [format!("evil.test:{port}"), "evil.test".into(), "localhost:1".into(), format!("a.localhost:{port}")]
    {
        let answer = with_host(host.clone(), "sec-fetch-site: same-origin\r\n").await;
        assert_eq!(status(&answer), 403, "{host}\n{answer}");
        assert!(answer.contains("--allow-host"), "{answer}");
    }
    for host in [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
        "photos.lan".into(),
    ] {
        let answer = with_host(host.clone(), "").await;
        assert_eq!(status(&answer), 200, "{host}\n{answer}");
    }
}

#[tokio::test]
async fn every_answer_is_inert_in_a_browser() {
    let site = site().await;
    let link = link(&site, "plain", "secret.html").await;
    for (target, headers, expected) in [
        (link.as_str(), "", 200),
        (link.as_str(), "range: bytes=0-3\r\n", 206),
        ("/plain/secret.html", "", 403),
        ("/open/missing.jpg", "", 404),
        ("/open/a.jpg", "", 200),
        ("/open/a.jpg", "sec-fetch-site: cross-site\r\n", 200),
        (link.as_str(), "sec-fetch-site: cross-site\r\n", 403),
        ("/", "", 403),
    ] {
        let answer = raw(&site.server, "GET", target, headers, b"").await;
        assert_eq!(status(&answer), expected, "{answer}");
        assert_eq!(header(&answer, "x-content-type-options"), ["nosniff"], "{answer}");
        assert_eq!(header(&answer, "content-security-policy"), ["sandbox; default-src 'none'"], "{answer}");
    }
}
