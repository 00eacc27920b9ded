//! What the C library's allocator does with memory between one picture and the next.

use std::hint::black_box;

/// Little less than the 32 MiB up to which glibc adapts.
const BLOCK: usize = (32 << 20) - (64 << 10);

/// Makes glibc's allocator keep up to 64 MiB of what was freed for the next picture. Programs that derive more than one
/// call it once, at their start.
///
/// glibc gives free memory at the end of its heap back to the system beyond twice the size of the largest block that
/// it mapped on its own and got back, and maps what is larger than that block on its own (`mallopt(3)`, on
/// `M_MMAP_THRESHOLD`). So whether the planes of a picture are touched for the first time again, which takes up to a sixth
/// of all its CPU time, is left to chance. Here such a block comes and goes; none of it is touched. Other allocators do
/// as they did.
pub fn keep_memory() {
    let mut block = Vec::<u8>::new();
    // Where there is no room for it, nothing is lost but time.
    let _ = block.try_reserve_exact(BLOCK);
    drop(black_box(block));
}
