//! Memory for parts, used again and again: what an allocator keeps of freed blocks this large would come on top.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Blocks that are not in use.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// A block in use, which comes back when the last [`Bytes`] of it are dropped.
struct Lent {
    block: Vec<u8>,
    home: Buffers,
}

impl Buffers {
    /// A block of `length` bytes, whatever is in them.
    pub(super) fn take(&self, length: usize) -> Vec<u8> {
        let mut block = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        block.resize(length, 0);
        block
    }

    /// The block as bytes to be sent.
    pub(super) fn lend(&self, block: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { block, home: self.clone() })
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.block
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let block = std::mem::take(&mut self.block);
        self.home.0.lock().unwrap_or_else(PoisonError::into_inner).push(block);
    }
}
