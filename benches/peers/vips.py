"""libvips as a contender: `vips_thumbnail` from the file for each rendition, on one thread (VIPS_CONCURRENCY)."""

import pyvips

import contender

pyvips.cache_set_max(0)


def rendition(data, width, form, job):
    # Only the header is read. Without a profile there is nothing to convert, and asking for it would cost.
    tagged = pyvips.Image.new_from_buffer(data, "").get_typeof("icc-profile-data") != 0
    to_srgb = {"output_profile": "srgb", "intent": "relative"} if tagged else {}
    picture = pyvips.Image.thumbnail_buffer(data, width, height=10_000_000, size="down", **to_srgb)
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
