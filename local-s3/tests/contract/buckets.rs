use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

use crate::support::{is, refused, site, site_with};

#[tokio::test]
async fn buckets_come_and_go() {
    let site = site().await;
    let client = &site.client;
    client.create_bucket().bucket("new-one").send().await.unwrap();
    client.head_bucket().bucket("new-one").send().await.unwrap();
    client.create_bucket().bucket("new-one").send().await.unwrap();
    let listed = client.list_buckets().send().await.unwrap();
    let names: Vec<_> = listed.buckets().iter().filter_map(|bucket| bucket.name()).collect();
    assert_eq!(names, ["kept", "new-one", "noted", "plain"]);

    site.put("new-one", "a", "x").await;
    assert_eq!(refused(client.delete_bucket().bucket("new-one").send()).await, is(409, "BucketNotEmpty"));
    client.delete_object().bucket("new-one").key("a").send().await.unwrap();
    client.delete_bucket().bucket("new-one").send().await.unwrap();
    assert_eq!(refused(client.head_bucket().bucket("new-one").send()).await.0, 404);
    assert_eq!(refused(client.delete_bucket().bucket("new-one").send()).await, is(404, "NoSuchBucket"));

    let site = site.restart().await;
    assert_eq!(
        refused(site.client.list_objects_v2().bucket("new-one").send()).await,
        is(404, "NoSuchBucket")
    );
}

#[tokio::test]
async fn only_the_oldest_region_creates_a_bucket_twice() {
    let site = site_with(|builder| builder.region("eu-central-1")).await;
    let again = site.client.create_bucket().bucket("plain");
    assert_eq!(refused(again.send()).await, is(409, "BucketAlreadyOwnedByYou"));
}

#[tokio::test]
async fn buckets_say_where_they_are_and_that_they_are_not_accelerated() {
    let site = site().await;
    let location = site.client.get_bucket_location().bucket("plain").send().await.unwrap();
    assert_eq!(location.location_constraint().map_or("", |region| region.as_str()), "");
    let accelerate = site.client.get_bucket_accelerate_configuration().bucket("plain").send().await.unwrap();
    assert_eq!(accelerate.status(), None);
}

#[tokio::test]
async fn versioning_is_a_property_of_the_bucket_and_outlives_the_server() {
    let site = site().await;
    let status = |name: &'static str| {
        let request = site.client.get_bucket_versioning().bucket(name);
        async move { request.send().await.unwrap().status().cloned() }
    };
    assert_eq!(status("plain").await, None);
    assert_eq!(status("kept").await, Some(BucketVersioningStatus::Enabled));
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    let request = site.client.put_bucket_versioning().bucket("plain").versioning_configuration(suspended);
    request.send().await.unwrap();
    let site = site.restart().await;
    let now = site.client.get_bucket_versioning().bucket("plain").send().await.unwrap();
    assert_eq!(now.status(), Some(&BucketVersioningStatus::Suspended));
}

#[tokio::test]
async fn bad_names_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = local_s3::Bucket::new("Not_A_Bucket");
    let error = crate::support::builder(dir.path()).bucket(bucket).start().await.unwrap_err();
    assert!(error.to_string().contains("Not_A_Bucket"), "{error}");
}
