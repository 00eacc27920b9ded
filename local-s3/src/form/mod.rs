//! Browser forms (`multipart/form-data`, RFC 7578) and their policies: pure parsing, without I/O.
//!
//! The reader works on whatever pieces a body arrives in and keeps at most one piece and one field in memory. The
//! `multer` crate was tried for this; it buffers everything that a fast connection delivers, so its memory depends on the
//! size of the file.

mod disposition;
mod fields;
mod policy;
mod reader;

pub(crate) use disposition::boundary;
pub(crate) use fields::Fields;
pub(crate) use policy::{Policy, PolicyError};
pub(crate) use reader::{FormError, Piece, Reader};
