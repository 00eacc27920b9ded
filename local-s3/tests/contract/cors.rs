use crate::support::{Site, is, raw, refused, site, site_with};
use aws_sdk_s3::types::{CorsConfiguration, CorsRule};
use local_s3::Bucket;

async fn with_rules() -> Site {
    let shown = Bucket::new("shown").public_read(true);
    let site = site_with(|builder| builder.bucket(shown).any_origin(true)).await;
    site.put("shown", "a", "for all").await;
    let editors = CorsRule::builder()
        .id("editors")
        .allowed_origins("https://*.example.org")
        .allowed_methods("GET")
        .allowed_methods("PUT")
        .allowed_headers("Content-*")
        .allowed_headers("x-amz-date")
        .expose_headers("ETag")
        .expose_headers("x-amz-version-id")
        .max_age_seconds(600)
        .build()
        .unwrap();
    let readers = CorsRule::builder().allowed_origins("*").allowed_methods("GET").build().unwrap();
    let rules = CorsConfiguration::builder().cors_rules(editors).cors_rules(readers).build().unwrap();
    site.client.put_bucket_cors().bucket("shown").cors_configuration(rules).send().await.unwrap();
    site
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))
}

#[tokio::test]
async fn rules_are_kept_and_removed() {
    let site = site().await;
    let get = |site: &Site| site.client.get_bucket_cors().bucket("plain").send();
    assert_eq!(refused(get(&site)).await, is(404, "NoSuchCORSConfiguration"));
    let rule =
        CorsRule::builder().allowed_origins("https://a.example").allowed_methods("PUT").max_age_seconds(5);
    let rules = CorsConfiguration::builder().cors_rules(rule.build().unwrap()).build().unwrap();
    site.client.put_bucket_cors().bucket("plain").cors_configuration(rules.clone()).send().await.unwrap();
    let site = site.restart().await;
    assert_eq!(get(&site).await.unwrap().cors_rules(), rules.cors_rules());
    site.client.delete_bucket_cors().bucket("plain").send().await.unwrap();
    let site = site.restart().await;
    assert_eq!(refused(get(&site)).await, is(404, "NoSuchCORSConfiguration"));
}

#[tokio::test]
async fn bad_rules_are_refused() {
    let site = site().await;
    for (origin, method, header, code) in [
        ("*", "PATCH", "*", "InvalidRequest"),
        ("https://*.*.example", "GET", "*", "InvalidRequest"),
        ("*", "GET", "x-*-*", "InvalidRequest"),
    ] {
        let rule =
            CorsRule::builder().allowed_origins(origin).allowed_methods(method).allowed_headers(header);
        let rules = CorsConfiguration::builder().cors_rules(rule.build().unwrap()).build().unwrap();
        let put = site.client.put_bucket_cors().bucket("plain").cors_configuration(rules);
        assert_eq!(refused(put.send()).await, is(400, code), "{origin} {method} {header}");
    }
}

#[tokio::test]
async fn preflights_are_answered_by_the_rules() {
    let site = with_rules().await;
    let ask = async |origin: &str, method: &str, headers: &str| {
        let text = format!(
            "origin: {origin}\r\naccess-control-request-method: {method}\r\naccess-control-request-headers: {headers}\r\n"
        );
        raw(&site.server, "OPTIONS", "/shown/any/key", &text, b"").await
    };
    let answer = ask("https://a.example.org", "PUT", "Content-Type, X-Amz-Date").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for (name, value) in [
        ("access-control-allow-origin", "https://a.example.org"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET, PUT"),
        ("access-control-allow-headers", "content-type, x-amz-date"),
        ("access-control-expose-headers", "ETag, x-amz-version-id"),
        ("access-control-max-age", "600"),
        ("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
    ] {
        assert_eq!(header(&answer, name), Some(value), "{name}");
    }
    let answer = ask("https://elsewhere.example", "GET", "").await;
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"), "{answer}");
    assert_eq!(header(&answer, "access-control-allow-credentials"), None);
    for (origin, method, headers) in [
        ("https://elsewhere.example", "PUT", ""),
        ("https://a.example.org", "DELETE", ""),
        ("https://a.example.org", "PUT", "x-amz-acl"),
        ("https://a.example.org.evil.example", "PUT", ""),
        ("null", "PUT", ""),
    ] {
        let answer = ask(origin, method, headers).await;
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("AccessForbidden"), "{answer}");
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{origin}");
    }
    for (target, text, status) in [
        ("/shown/a", "", 400),
        ("/shown/a", "origin: https://a.example.org\r\n", 400),
        ("/shown/a", "origin: https://a.example.org\r\naccess-control-request-method: PATCH\r\n", 400),
        ("/plain/a", "origin: https://a.example.org\r\naccess-control-request-method: GET\r\n", 403),
        ("/missing/a", "origin: https://a.example.org\r\naccess-control-request-method: GET\r\n", 403),
    ] {
        let answer = raw(&site.server, "OPTIONS", target, text, b"").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{target} {text}: {answer}");
    }
}

#[tokio::test]
async fn answers_carry_the_headers_that_let_a_page_read_them() {
    let site = with_rules().await;
    let get = async |target: &str, origin: &str| {
        raw(&site.server, "GET", target, &format!("origin: {origin}\r\n"), b"").await
    };
    let answer = get("/shown/a", "https://a.example.org").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("for all"), "{answer}");
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("https://a.example.org"));
    assert_eq!(header(&answer, "access-control-expose-headers"), Some("ETag, x-amz-version-id"));
    let answer = get("/shown/a", "https://elsewhere.example").await;
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
    let denied = get("/shown", "https://a.example.org").await;
    assert!(denied.starts_with("HTTP/1.1 403"), "{denied}");
    assert_eq!(header(&denied, "access-control-allow-origin"), Some("https://a.example.org"));
    let put = raw(&site.server, "PUT", "/shown/b", "origin: https://elsewhere.example\r\n", b"x").await;
    assert!(
        put.starts_with("HTTP/1.1 403") && header(&put, "access-control-allow-origin").is_none(),
        "{put}"
    );
    let plain = raw(&site.server, "GET", "/shown/a", "", b"").await;
    assert_eq!(header(&plain, "access-control-allow-origin"), None);
    assert!(header(&plain, "vary").is_some(), "a cache must keep answers to other origins apart");
    let without = get("/plain/a", "https://a.example.org").await;
    assert_eq!((header(&without, "access-control-allow-origin"), header(&without, "vary")), (None, None));
}
