//! Whose stacks and buckets, in which region, and the clients that reach them.

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region};
use aws_support::{ca_bundle, http_client};

use crate::cli::ReachArgs;
use crate::failure::Failure;

/// An account in a region.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) stacks: aws_sdk_cloudformation::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    /// Twelve digits.
    pub(crate) id: String,
    pub(crate) region: String,
    /// The server, if it isn't Amazon's.
    pub(crate) endpoint: Option<String>,
}

impl Account {
    /// The account of the credentials that are found where the AWS CLI finds them.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when no region is named, or the credentials aren't there or won't do.
    pub(crate) async fn of(reach: &ReachArgs) -> Result<Self, Failure> {
        let mut of_profile = ProfileFileRegionProvider::builder();
        let ca_bundle = ca_bundle(|name| std::env::var(name).ok())
            .map_err(|why| Failure::usage(why, "Give the path of a PEM file that you may read."))?;
        let https = http_client(reach.endpoint_url.as_deref(), ca_bundle.as_deref());
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(https);
        if let Some(profile) = &reach.profile {
            of_profile = of_profile.profile_name(profile);
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &reach.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        // An operator's machine is asked for no instance metadata: where there is none, that takes seconds.
        let region = RegionProviderChain::first_try(reach.region.clone().map(Region::new))
            .or_else(EnvironmentVariableRegionProvider::new())
            .or_else(of_profile.build());
        let region = region.region().await.ok_or_else(|| {
            Failure::usage("no region is named", "Give one with --region, or set AWS_REGION.")
        })?;
        let shared = loader.region(region.clone()).load().await;
        let endpoint = shared.endpoint_url().map(|url| url.trim_end_matches('/').to_owned());
        // Servers other than Amazon's rarely have a DNS name for each bucket.
        let s3 = aws_sdk_s3::config::Builder::from(&shared).force_path_style(endpoint.is_some()).build();

        let whose = aws_sdk_sts::Client::new(&shared).get_caller_identity().send().await;
        let whose =
            whose.map_err(|error| Failure::of_request("STS", "say whose credentials these are", &error))?;
        Ok(Self {
            stacks: aws_sdk_cloudformation::Client::new(&shared),
            s3: aws_sdk_s3::Client::from_conf(s3),
            id: whose.account().unwrap_or_default().to_owned(),
            region: region.to_string(),
            endpoint,
        })
    }
}
