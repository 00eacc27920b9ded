"""Pillow as a contender: a call from the file for each rendition, decoded at the smallest scale that will do."""

import io

import PIL
from PIL import Image, ImageCms, ImageOps, features

import contender

Image.MAX_IMAGE_PIXELS = None
SRGB = ImageCms.createProfile("sRGB")


def rendition(data, width, form, job):
    picture = Image.open(io.BytesIO(data))
    turned = picture.getexif().get(0x0112, 1) >= 5
    # `thumbnail` asks libjpeg for a scale that fits this box; Lanczos3 is sharp's filter too.
    scale = width / picture.size[1 if turned else 0]
    picture.thumbnail([round(side * scale) for side in picture.size], Image.Resampling.LANCZOS)
    picture = ImageOps.exif_transpose(picture)
    if profile := picture.info.get("icc_profile"):
        picture = ImageCms.profileToProfile(picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), SRGB)
        picture.info.pop("icc_profile", None)
    file = io.BytesIO()
    if form == "jpeg":
        picture.save(file, "JPEG", quality=job["jpeg_quality"], optimize=True, exif=b"")
    elif form == "webp":
        picture.save(file, "WEBP", quality=job["webp_quality"], method=job["webp_effort"], exif=b"")
    else:
        picture.save(file, "PNG")
    return file.getvalue()


def work(data, job):
    return [
        (width, form, rendition(data, width, form, job)) for width in job["widths"] for form in job["formats"]
    ]


if __name__ == "__main__":
    jpeg = features.version_feature("libjpeg_turbo")
    contender.main(f"Pillow {PIL.__version__} (libjpeg-turbo {jpeg})", work)
