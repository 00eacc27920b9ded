//! Progressive files.
use crate::decoder::Job;
use crate::error::{Damage, Error};
use crate::header::Start;
use crate::idct::Kernels;
use crate::layout::Layout;
use crate::plane::Band;

pub(crate) fn memory(_layout: &Layout) -> u64 {
    0
}
pub(crate) fn decode<K: Kernels>(
    _k: K,
    _job: &Job<'_>,
    _l: &Layout,
    _s: &Start<'_>,
    _b: &mut [Band<'_>],
) -> Result<Option<Damage>, Error> {
    Err(Error::Unsupported("progressive JPEGs"))
}
