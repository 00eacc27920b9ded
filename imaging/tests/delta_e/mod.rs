//! CIEDE2000 (Sharma, Wu, Dalal 2005), and Lab of sRGB.
#![allow(clippy::many_single_char_names, missing_docs, unreachable_pub)]

/// CIE L*a*b* of an sRGB colour, relative to D65.
pub fn lab_of_srgb(color: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = color.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    let x = (0.412_390_8 * r + 0.357_584_3 * g + 0.180_480_8 * b) / 0.950_455_9;
    let y = 0.212_639 * r + 0.715_168_7 * g + 0.072_192_3 * b;
    let z = (0.019_330_8 * r + 0.119_194_8 * g + 0.950_532_2 * b) / 1.089_057_8;
    lab_of_ratios([x, y, z])
}

/// CIE L*a*b* of X, Y and Z as parts of white's.
pub fn lab_of_ratios([x, y, z]: [f64; 3]) -> [f64; 3] {
    let f = |t: f64| {
        if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 }
    };
    [116.0 * f(y) - 16.0, 500.0 * (f(x) - f(y)), 200.0 * (f(y) - f(z))]
}

pub fn ciede2000(one: [f64; 3], two: [f64; 3]) -> f64 {
    let [l1, a1, b1] = one;
    let [l2, a2, b2] = two;
    let mean_c = (a1.hypot(b1) + a2.hypot(b2)) / 2.0;
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25.0_f64.powi(7))).sqrt();
    let g = 0.5 * (1.0 - seventh(mean_c));
    let (a1, a2) = (a1 * (1.0 + g), a2 * (1.0 + g));
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| {
        if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) }
    };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let neutral = c1 * c2 == 0.0;
    let dh = match h2 - h1 {
        _ if neutral => 0.0,
        d if d > 180.0 => d - 360.0,
        d if d < -180.0 => d + 360.0,
        d => d,
    };
    let mean_h = match (h1 + h2, (h1 - h2).abs()) {
        (sum, _) if neutral => sum,
        (sum, apart) if apart <= 180.0 => sum / 2.0,
        (sum, _) if sum < 360.0 => (sum + 360.0) / 2.0,
        (sum, _) => (sum - 360.0) / 2.0,
    };
    let (dl, dc) = (l2 - l1, c2 - c1);
    let dhue = 2.0 * (c1 * c2).sqrt() * (dh / 2.0).to_radians().sin();
    let (mean_l, mean_c) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(mean_h - 30.0) + 0.24 * cos(2.0 * mean_h) + 0.32 * cos(3.0 * mean_h + 6.0)
        - 0.20 * cos(4.0 * mean_h - 63.0);
    let turn = 30.0 * (-((mean_h - 275.0) / 25.0).powi(2)).exp();
    let off = (mean_l - 50.0).powi(2);
    let sl = 1.0 + 0.015 * off / (20.0 + off).sqrt();
    let (sc, sh) = (1.0 + 0.045 * mean_c, 1.0 + 0.015 * mean_c * t);
    let rt = -(2.0 * turn).to_radians().sin() * 2.0 * seventh(mean_c);
    let (l, c, h) = (dl / sl, dc / sc, dhue / sh);
    (l * l + c * c + h * h + rt * c * h).sqrt()
}

/// Three pairs of Sharma's table 1.
#[test]
fn agrees_with_the_published_pairs() {
    for (one, two, expected) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0009], 7.1792),
        ([22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619], 2.0373),
    ] {
        assert!((ciede2000(one, two) - expected).abs() < 1e-4, "{} for {expected}", ciede2000(one, two));
    }
}
