//! Planes by libjpeg-turbo's family (mozjpeg's copy of it), raw: neither upsampled nor converted.

// A C library is called by pointers; nothing else in this crate's tests or benches is unsafe.
#![allow(unsafe_code, dead_code)]

use std::{
    ffi::c_long,
    mem::{MaybeUninit, size_of},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    slice,
};

use mozjpeg_sys::{
    JPEG_LIB_VERSION, jpeg_CreateDecompress, jpeg_common_struct, jpeg_decompress_struct,
    jpeg_destroy_decompress, jpeg_error_mgr, jpeg_mem_src, jpeg_read_header, jpeg_read_raw_data,
    jpeg_start_decompress, jpeg_std_error,
};

pub(crate) struct Plane {
    /// The component's own N of N/8: libjpeg decodes subsampled components at a larger one, up to the luma's size.
    pub(crate) numerator: u32,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) samples: Vec<u8>,
}

pub(crate) struct Decoded {
    pub(crate) planes: Vec<Plane>,
    /// What libjpeg found wrong and went on from.
    pub(crate) warnings: c_long,
}

/// Whether its SIMD code is there, which its build needs nasm for, and this processor can run it.
pub(crate) fn simd() -> bool {
    unsafe extern "C" {
        fn jsimd_can_idct_islow() -> i32;
    }
    // SAFETY: libjpeg-turbo's own check (jsimd.h), which takes nothing and looks at the processor only.
    unsafe { jsimd_can_idct_islow() != 0 }
}

/// All components at `numerator` / 8 of their size, or the code of libjpeg's message.
pub(crate) fn planes(file: &[u8], numerator: u32) -> Result<Decoded, i32> {
    let mut decompress = Decompress::new();
    let decoded = catch_unwind(AssertUnwindSafe(|| decompress.run(file, numerator)));
    decoded.map_err(|payload| payload.downcast_ref::<i32>().copied().unwrap_or(-1))
}

/// Instead of `exit(1)`.
unsafe extern "C-unwind" fn on_error(common: &mut jpeg_common_struct) {
    // SAFETY: it is the one that `Decompress::new` has put there.
    let code = unsafe { (*common.err).msg_code };
    resume_unwind(Box::new(code));
}

unsafe extern "C-unwind" fn on_message(_: &mut jpeg_common_struct) {}

struct Decompress {
    info: Box<jpeg_decompress_struct>,
    /// `info` points to it.
    _errors: Box<jpeg_error_mgr>,
}

impl Decompress {
    fn new() -> Self {
        // SAFETY: both are C structs for which zeros are valid (null pointers, no functions), as C programs clear
        // them; libjpeg fills them in. The boxes keep their addresses.
        unsafe {
            let mut errors: Box<jpeg_error_mgr> = Box::new(MaybeUninit::zeroed().assume_init());
            jpeg_std_error(&mut errors);
            errors.error_exit = Some(on_error);
            errors.output_message = Some(on_message);
            let mut info: Box<jpeg_decompress_struct> = Box::new(MaybeUninit::zeroed().assume_init());
            info.common.err = &mut *errors;
            jpeg_CreateDecompress(&mut *info, JPEG_LIB_VERSION, size_of::<jpeg_decompress_struct>());
            Self { info, _errors: errors }
        }
    }

    fn run(&mut self, file: &[u8], numerator: u32) -> Decoded {
        let info = &mut *self.info;
        // SAFETY: `file` outlives the calls; the settings are those that libjpeg.txt has for raw data.
        unsafe {
            jpeg_mem_src(info, file.as_ptr(), file.len() as _);
            jpeg_read_header(info, 1);
            info.raw_data_out = 1;
            info.do_block_smoothing = 0;
            (info.scale_num, info.scale_denom) = (numerator, 8);
            jpeg_start_decompress(info);
        }
        // SAFETY: libjpeg made the array, of so many components.
        let components = unsafe { slice::from_raw_parts(info.comp_info, info.num_components as usize) };
        let (most_h, most_v) = (info.max_h_samp_factor as u32, info.max_v_samp_factor as u32);
        let columns = info.image_width.div_ceil(8 * most_h);
        let rows = info.image_height.div_ceil(8 * most_v);
        let mut planes = Vec::new();
        for component in components {
            let (h, v) = (component.h_samp_factor as u32, component.v_samp_factor as u32);
            let own = promoted(numerator, (h, v), (most_h, most_v));
            let samples = |side: u32, factor: u32, most: u32| (side * factor).div_ceil(most) * own;
            planes.push(Padded {
                numerator: own,
                stride: (columns * h * own) as usize,
                step: (v * own) as usize,
                width: samples(info.image_width, h, most_h).div_ceil(8) as usize,
                height: samples(info.image_height, v, most_v).div_ceil(8) as usize,
                samples: vec![0; (columns * h * own * rows * v * own) as usize],
            });
        }
        let mut row = 0;
        while info.output_scanline < info.output_height {
            let mut pointers: Vec<Vec<*mut u8>> = planes.iter_mut().map(|plane| plane.rows(row)).collect();
            let mut image: Vec<*mut *mut u8> = pointers.iter_mut().map(|rows| rows.as_mut_ptr()).collect();
            // SAFETY: a row of MCUs takes, of each component, `step` rows of whole blocks, which are there.
            let read = unsafe { jpeg_read_raw_data(info, image.as_mut_ptr(), most_v * numerator) };
            assert!(read > 0, "libjpeg would suspend, but has the whole file");
            row += 1;
        }
        // SAFETY: as `new` has set it.
        let warnings = unsafe { (*info.common.err).num_warnings };
        Decoded { planes: planes.into_iter().map(Padded::cropped).collect(), warnings }
    }
}

impl Drop for Decompress {
    fn drop(&mut self) {
        // SAFETY: made by jpeg_CreateDecompress, destroyed once.
        unsafe { jpeg_destroy_decompress(&mut self.info) }
    }
}

/// `jpeg_calc_output_dimensions`: twice as large while that divides the luma's.
fn promoted(numerator: u32, own: (u32, u32), most: (u32, u32)) -> u32 {
    let mut size = numerator;
    while size < 8
        && (most.0 * numerator).is_multiple_of(own.0 * size * 2)
        && (most.1 * numerator).is_multiple_of(own.1 * size * 2)
    {
        size *= 2;
    }
    size
}

/// A component's plane in whole MCUs.
struct Padded {
    numerator: u32,
    stride: usize,
    /// Rows of a row of MCUs.
    step: usize,
    width: usize,
    height: usize,
    samples: Vec<u8>,
}

impl Padded {
    fn rows(&mut self, row: usize) -> Vec<*mut u8> {
        let from = row * self.step * self.stride;
        let rows = &mut self.samples[from..from + self.step * self.stride];
        rows.chunks_exact_mut(self.stride).map(<[u8]>::as_mut_ptr).collect()
    }

    fn cropped(self) -> Plane {
        let rows = self.samples.chunks_exact(self.stride).take(self.height);
        let samples = rows.flat_map(|row| &row[..self.width]).copied().collect();
        Plane { numerator: self.numerator, width: self.width, height: self.height, samples }
    }
}
