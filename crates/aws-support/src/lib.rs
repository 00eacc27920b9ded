//! The way to AWS that the command-line programs share: configuration and credentials from the places that the AWS CLI
//! reads, HTTP through the environment's proxy and certificates, and failures in words.

mod access;
mod failure;
mod http;

pub use access::{Access, ca_bundle};
pub use failure::{Explanation, Request, explain, innermost, is_refused};
pub use http::{TLS, http_client, is_on_this_machine};
