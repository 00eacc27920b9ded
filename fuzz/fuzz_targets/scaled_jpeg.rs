//! Any bytes, at scales that the first two of them choose, are planes of the announced size or an error: without a
//! panic, in the memory that was predicted, whatever the number of threads.

#![no_main]

use fuzz::in_memory;
use libfuzzer_sys::{Corpus, fuzz_target};
use scaled_jpeg::{Decoded, Decoder, Error, OnDamage, Options, Scale};

/// Small enough that the slowest picture takes milliseconds.
const MEMORY: u64 = 4 << 20;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((&[first, second], file)) = bytes.split_first_chunk::<2>() else { return Corpus::Reject };
    let Ok(decoder) = Decoder::new(file) else { return Corpus::Keep };
    let scale = |choice: u8| Scale::ALL[usize::from(choice) % 6];
    let scales = [scale(first), scale(first / 6), scale(second), scale(second / 6)];
    let predicted = decoder.memory(scales);
    let decode = |options| Decoder::new(file)?.with_options(options).decode_planes(scales);
    let options = Options { memory: MEMORY, max_scans: 16, ..Options::default() };

    let (kept, peak) = in_memory(|| decode(options.clone()));
    if matches!(kept, Err(Error::TooLarge { .. })) {
        return Corpus::Reject;
    }
    assert!(peak <= predicted, "{peak} bytes were taken up, {predicted} were predicted");
    let strict = decode(Options { damage: OnDamage::Fail, ..options.clone() });
    match &kept {
        Ok(kept) => {
            check(&decoder, kept, scales);
            match &kept.damage {
                Some(_) => assert!(matches!(strict, Err(Error::Damaged(_)))),
                None => assert_eq!(strict.as_ref(), Ok(kept)),
            }
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert_eq!(strict.as_ref(), Err(error));
        }
    }
    if let (Ok(one), Ok(two)) = (&kept, &decode(Options { threads: 2, ..options })) {
        assert!(one.planes == two.planes, "threads change samples");
    }
    Corpus::Keep
});

fn check(decoder: &Decoder<'_>, decoded: &Decoded, scales: [Scale; 4]) {
    let components = &decoder.header().components;
    assert_eq!(decoded.planes.len(), components.len());
    for ((plane, component), scale) in decoded.planes.iter().zip(components).zip(scales) {
        let size = (scale.of(component.width), scale.of(component.height));
        assert_eq!((plane.width, plane.height), size);
        assert_eq!(plane.samples.len() as u64, u64::from(size.0) * u64::from(size.1));
    }
    if let Some(damage) = &decoded.damage {
        assert!((0.0..=1.0).contains(&damage.decoded) && !damage.what.is_empty());
    }
}
