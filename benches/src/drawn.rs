//! A poster as programs draw one: what PNG is made for. Shapes with smooth edges and shades, lettering, no noise.

use fixtures::Raster;

/// 102 MP, 11,648 × 8,736, with filters chosen row by row and zlib's usual effort.
pub fn png_100mp() -> Vec<u8> {
    let poster = poster(11_648, 8_736);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, poster.width, poster.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_filter(png::Filter::Adaptive);
    encoder.set_deflate_compression(png::DeflateCompression::Level(6));
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&poster.samples))
        .expect("a raster that a PNG can hold");
    file
}

/// Discs before a sky, and a page of lettering below.
fn poster(width: u32, height: u32) -> Raster<u8> {
    let (wide, high) = (width as f32, height as f32);
    let discs: Vec<Disc> = (0..48).map(|number| Disc::new(number, wide, high)).collect();
    let page = height * 2 / 3;
    let margin = width / 24;
    let mut row_of = u32::MAX;
    let mut crossed: Vec<&Disc> = Vec::new();
    Raster::from_fn(width, height, 3, |x, y, pixel| {
        if row_of != y {
            row_of = y;
            crossed = discs.iter().filter(|disc| (y as f32 - disc.y).abs() < disc.radius + 1.0).collect();
        }
        let lettered = y >= page + margin && y < height - margin && x >= margin && x < width - margin;
        let color = if lettered {
            over([250.0, 249.0, 245.0], [32.0, 34.0, 40.0], ink(x - margin, y - page - margin))
        } else if y >= page {
            [250.0, 249.0, 245.0]
        } else {
            let sky = over([24.0, 60.0, 104.0], [238.0, 214.0, 178.0], y as f32 / page as f32);
            crossed.iter().fold(sky, |color, disc| disc.over(color, x as f32, y as f32))
        };
        pixel.iter_mut().zip(color).for_each(|(sample, value)| *sample = value.round() as u8);
    })
}

/// `color` under so much of `paint`.
fn over(color: [f32; 3], paint: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|at| color[at] + (paint[at] - color[at]) * share)
}

/// A disc lit from its middle.
struct Disc {
    x: f32,
    y: f32,
    radius: f32,
    color: [f32; 3],
}

impl Disc {
    fn new(number: u32, width: f32, height: f32) -> Self {
        let part = |what: u32| (scattered(number * 8 + what) % 1_000) as f32 / 1_000.0;
        Self {
            x: part(0) * width,
            y: part(1) * height * 0.6,
            radius: (0.01 + 0.09 * part(2)) * height,
            color: [3, 4, 5].map(|what| 40.0 + 215.0 * part(what)),
        }
    }

    fn over(&self, color: [f32; 3], x: f32, y: f32) -> [f32; 3] {
        let away = (x - self.x).hypot(y - self.y);
        let covered = (self.radius - away + 0.5).clamp(0.0, 1.0);
        if covered == 0.0 {
            return color;
        }
        let light = 1.0 - 0.4 * away / self.radius;
        over(color, self.color.map(|value| value * light), covered)
    }
}

/// How much ink there is at a place of the page: letters of 5 × 7 strokes, each four pixels thick with soft edges, of an
/// alphabet of 61, one in six a space.
fn ink(x: u32, y: u32) -> f32 {
    let (column, line) = (x / 28, y / 48);
    let letter = scattered(line * 4_096 + column) % 73;
    if letter > 60 {
        return 0.0;
    }
    let stroke = |across: i32, down: i32| {
        let inside = (0..5).contains(&across) && (0..7).contains(&down);
        let bit = (down * 5 + across) as u32;
        f32::from(u8::from(inside && scattered(letter * 64 + bit) % 5 < 2))
    };
    let (u, v) = ((x % 28) as f32 / 4.0 - 0.5, (y % 48) as f32 / 4.0 - 0.5);
    let (left, top) = (u.floor(), v.floor());
    let (across, down) = (left as i32, top as i32);
    let between = |a: f32, b: f32, share: f32| a + (b - a) * share;
    let upper = between(stroke(across, down), stroke(across + 1, down), u - left);
    let lower = between(stroke(across, down + 1), stroke(across + 1, down + 1), u - left);
    between(upper, lower, v - top)
}

/// A number that looks like chance (the finaliser of MurmurHash3, which is in the public domain).
fn scattered(number: u32) -> u32 {
    let mut value = number.wrapping_add(0x9E37_79B9);
    value = (value ^ (value >> 16)).wrapping_mul(0x85EB_CA6B);
    value = (value ^ (value >> 13)).wrapping_mul(0xC2B2_AE35);
    value ^ (value >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poster_has_a_sky_discs_and_lettering() {
        let poster = poster(1_200, 900);
        let row = |y: u32| -> Vec<[u8; 3]> {
            (0..1_200).map(|x| poster.pixel(x, y).try_into().expect("three samples")).collect()
        };
        let colors = |y| row(y).into_iter().collect::<std::collections::BTreeSet<_>>().len();
        assert!(colors(200) > 100, "discs are shaded: {} colours", colors(200));
        assert_eq!(colors(610), 1, "the page's margin is blank");
        let dark = (650..850).flat_map(row).filter(|[red, ..]| *red < 128).count();
        assert!((12_000..80_000).contains(&dark), "{dark} pixels of ink");
    }
}
