use aws_sdk_s3::primitives::{ByteStream, DateTime};

use crate::support::{is, refused, site};

#[tokio::test]
async fn reads_heed_etags_and_times() {
    let site = site().await;
    let etag = site.put("plain", "a", "x").await;
    let get = || site.client.get_object().bucket("plain").key("a");
    let head = || site.client.head_object().bucket("plain").key("a");
    let past = DateTime::from_secs(1_000_000_000);
    let future = DateTime::from_secs(4_000_000_000);

    get().if_match(&etag).send().await.unwrap();
    get().if_match(etag.trim_matches('"')).send().await.unwrap();
    get().if_match("*").send().await.unwrap();
    get().if_none_match("\"other\"").send().await.unwrap();
    get().if_modified_since(past).send().await.unwrap();
    get().if_unmodified_since(future).send().await.unwrap();

    assert_eq!(refused(get().if_match("\"other\"").send()).await, is(412, "PreconditionFailed"));
    assert_eq!(refused(get().if_unmodified_since(past).send()).await, is(412, "PreconditionFailed"));
    assert_eq!(refused(get().if_none_match(&etag).send()).await.0, 304);
    assert_eq!(refused(get().if_modified_since(future).send()).await.0, 304);
    assert_eq!(refused(head().if_match("\"other\"").send()).await.0, 412);
    assert_eq!(refused(head().if_none_match(&etag).send()).await.0, 304);
    // ETags count more than times.
    get().if_match(&etag).if_unmodified_since(past).send().await.unwrap();
    get().if_none_match("\"other\"").if_modified_since(future).send().await.unwrap();
}

#[tokio::test]
async fn not_modified_carries_what_caches_need_and_no_body() {
    let site = site().await;
    let put = site.client.put_object().bucket("plain").key("a").cache_control("max-age=9");
    let etag = put.send().await.unwrap().e_tag.unwrap();
    let error =
        site.client.get_object().bucket("plain").key("a").if_none_match(&etag).send().await.unwrap_err();
    let response = error.raw_response().unwrap();
    assert_eq!(response.status().as_u16(), 304);
    assert_eq!(response.headers().get("etag"), Some(etag.as_str()));
    assert_eq!(response.headers().get("cache-control"), Some("max-age=9"));
    assert!(response.headers().get("last-modified").is_some());
    assert_eq!(response.body().bytes(), Some(&b""[..]));
}

#[tokio::test]
async fn writes_heed_conditions() {
    let site = site().await;
    let put = |body: &'static [u8]| {
        site.client.put_object().bucket("plain").key("a").body(ByteStream::from_static(body))
    };
    assert_eq!(refused(put(b"0").if_match("\"x\"").send()).await, is(404, "NoSuchKey"));
    let etag = put(b"1").if_none_match("*").send().await.unwrap().e_tag.unwrap();
    assert_eq!(refused(put(b"2").if_none_match("*").send()).await, is(412, "PreconditionFailed"));
    assert_eq!(refused(put(b"2").if_match("\"x\"").send()).await, is(412, "PreconditionFailed"));
    assert_eq!(site.get("plain", "a").await, b"1");
    put(b"3").if_match(&etag).send().await.unwrap();
    assert_eq!(refused(put(b"4").if_match(&etag).send()).await, is(412, "PreconditionFailed"));
    assert_eq!(site.get("plain", "a").await, b"3");

    let delete = site.client.delete_object().bucket("plain").key("a").if_match(&etag);
    assert_eq!(refused(delete.send()).await, is(412, "PreconditionFailed"));
    assert_eq!(site.get("plain", "a").await, b"3");
}

#[tokio::test]
async fn a_deleted_key_counts_as_absent() {
    let site = site().await;
    site.put("kept", "a", "1").await;
    site.client.delete_object().bucket("kept").key("a").send().await.unwrap();
    site.client.put_object().bucket("kept").key("a").if_none_match("*").send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_first_writers_exactly_one_wins() {
    let site = site().await;
    for bucket in ["plain", "kept"] {
        let races = (0..32).map(|at: u8| {
            let put = site.client.put_object().bucket(bucket).key("race").if_none_match("*");
            let put = put.body(ByteStream::from(vec![at; 1000])).send();
            async move { (at, put.await) }
        });
        let results = futures::future::join_all(races).await;
        let winners: Vec<u8> =
            results.iter().filter(|(_, result)| result.is_ok()).map(|(at, _)| *at).collect();
        assert_eq!(winners.len(), 1);
        for (_, result) in &results {
            if let Err(error) = result {
                assert_eq!(error.raw_response().unwrap().status().as_u16(), 412);
            }
        }
        assert_eq!(site.get(bucket, "race").await, vec![winners[0]; 1000]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compare_and_swap_loses_no_increment() {
    let site = site().await;
    site.put("plain", "count", "0").await;
    let workers = (0..8).map(|_| {
        let client = site.client.clone();
        async move {
            for _ in 0..5 {
                loop {
                    let got = client.get_object().bucket("plain").key("count").send().await.unwrap();
                    let etag = got.e_tag().unwrap().to_owned();
                    let text = got.body.collect().await.unwrap().to_vec();
                    let count: u32 = String::from_utf8(text).unwrap().parse().unwrap();
                    let body = ByteStream::from((count + 1).to_string().into_bytes());
                    let put = client.put_object().bucket("plain").key("count").if_match(etag).body(body);
                    if put.send().await.is_ok() {
                        break;
                    }
                }
            }
        }
    });
    futures::future::join_all(workers).await;
    assert_eq!(site.get("plain", "count").await, b"40");
}
