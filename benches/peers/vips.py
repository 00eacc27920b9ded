"""libvips as a contender: `vips_thumbnail` from the file for each rendition, on one thread (VIPS_CONCURRENCY)."""

import pyvips

import contender

pyvips.cache_set_max(0)


def rendition(data, width, form, job):
    picture = pyvips.Image.thumbnail_buffer(
        data, width, height=10_000_000, size="down", output_profile="srgb", intent="relative"
    )
    if form == "jpeg":
        return picture.jpegsave_buffer(Q=job["jpeg_quality"], optimize_coding=True, keep="none")
    if form == "webp":
        return picture.webpsave_buffer(Q=job["webp_quality"], effort=job["webp_effort"], keep="none")
    return picture.pngsave_buffer(keep="none")


def work(data, job):
    return [
        (width, form, rendition(data, width, form, job)) for width in job["widths"] for form in job["formats"]
    ]


if __name__ == "__main__":
    version = ".".join(str(pyvips.version(i)) for i in range(3))
    contender.main(f"libvips {version} by pyvips {pyvips.__version__}", work)
