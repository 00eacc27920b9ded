"""ImageMagick as a contender: its program once for each rendition, which is how it is used.

`python3 imagemagick.py PROGRAM VERSION JOB.json`. The time of starting it counts, for its users wait for it too.
"""

import resource
import subprocess
import sys

import contender


def rendition(program, data, width, form, job):
    command = [program, "-define", f"jpeg:size={2 * width}x", "-", "-auto-orient", "-thumbnail", f"{width}x"]
    if form == "webp":
        command += ["-quality", str(job["webp_quality"]), "-define", f"webp:method={job['webp_effort']}"]
    elif form == "jpeg":
        command += ["-quality", str(job["jpeg_quality"]), "-sampling-factor", "4:2:0"]
    return subprocess.run([*command, f"{form}:-"], input=data, stdout=subprocess.PIPE, check=True).stdout


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    program, version = sys.argv[1], sys.argv[2]
    del sys.argv[1:3]

    def work(data, job):
        return [
            (width, form, rendition(program, data, width, form, job))
            for width in job["widths"]
            for form in job["formats"]
        ]

    peak = lambda: resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    contender.main(f"ImageMagick {version}", work, cpu_seconds=children, peak=peak)
