"""Pictures: made for uploads, and read by Pillow and littlecms, which nobody here wrote."""

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps

SRGB = ImageCms.createProfile("sRGB")


def photograph(width, height, seed, quality=85, noise=6.0, icc=None):
    """A JPEG with a camera's kind of detail: soft shapes, edges, and sensor noise. Differs by seed."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(width, height)
    planes = []
    for _ in range(3):
        a, b, c, d = random.uniform(2, 9, 4)
        soft = np.sin(a * x + b * y) + np.cos(c * x * y + d * y)
        edge = np.where(x * random.uniform(0.5, 2) + y > random.uniform(0.4, 1.2), 40, 0)
        planes.append(110 + 35 * soft + edge)
    picture = np.stack(planes, axis=-1) + noise * random.standard_normal((height, width, 3), dtype=np.float32)
    out = io.BytesIO()
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    image.save(out, "JPEG", quality=quality, subsampling=0 if quality > 90 else 2, icc_profile=icc)
    return out.getvalue()


def metadata(path):
    """Names of what a rendition carries besides pixels and ought not to."""
    with Image.open(path) as picture:
        found = {name for name in ("exif", "xmp", "icc_profile") if picture.info.get(name)}
        if picture.getexif():
            found.add("exif")
    # What Pillow doesn't tell apart: a second look at the bytes themselves.
    data = path.read_bytes()
    found |= {name for name, mark in [("exif", b"Exif\0\0"), ("xmp", b"ns.adobe.com/xap"), ("gps", b"GPSLatitude")]
              if mark in data}
    return found


def seen(source, profile=None):
    """What a colour-managed viewer shows of a file: (sRGB as h×w×3 in 0…1, alpha as h×w in 0…1), upright.

    `profile` stands in for one that the file names in a way that Pillow doesn't read.
    """
    with Image.open(source) as picture:
        picture.seek(0)
        profile = profile or picture.info.get("icc_profile")
        picture = ImageOps.exif_transpose(picture)
        deep = _deep_grey(picture)
        if deep is not None and not profile:
            return np.repeat(deep[..., None], 3, axis=-1), np.ones(deep.shape)
        if deep is not None:
            picture = Image.fromarray(np.round(deep * 255).astype(np.uint8))
        if picture.mode == "P" or (picture.mode == "1"):
            picture = picture.convert("RGBA")
        if "transparency" in picture.info:
            picture = picture.convert("RGBA")
        alpha = np.ones((picture.height, picture.width))
        if picture.mode in ("RGBA", "LA"):
            alpha = np.asarray(picture.getchannel("A")) / 255
            picture = picture.convert(picture.mode[:-1])
        if profile:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            picture = ImageCms.profileToProfile(
                picture, profile, SRGB, ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB"
            )
        return np.asarray(picture.convert("RGB")) / 255, alpha


def _deep_grey(picture):
    """16-bit grey in 0…1, which Pillow's own conversion to 8 bits would clip; None for anything else."""
    if not picture.mode.startswith("I"):
        return None
    return np.asarray(picture).astype(np.float64) / 65535


def lab(srgb):
    """CIE L*a*b* (D65) of sRGB in 0…1 (IEC 61966-2-1; CIE 15)."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ matrix.T / matrix.sum(axis=1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )


def difference(one, other):
    """ΔE*ab (1976) of each pixel: a stricter measure than ΔE2000 for strong colours."""
    return np.linalg.norm(lab(one) - lab(other), axis=-1)
