"""What contenders in Python have in common: told a job in a file, told to begin by a number of times on a line.

See benches/README.md.
"""

import json
import pathlib
import re
import signal
import sys
import time


def main(version, work, cpu_seconds=time.process_time, peak=None):
    """Runs `work(input, job)`, which gives a list of (width, format, bytes), as the job's file says."""
    # Ctrl-C needs no traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    job = json.loads(pathlib.Path(sys.argv[1]).read_text())
    data = pathlib.Path(job["input"]).read_bytes()
    outputs = work(data, job)
    if job["once"]:
        say({"peak": (peak or own_peak)()})
        if job["out"]:
            for width, form, file in outputs:
                (pathlib.Path(job["out"]) / f"{width}.{form}").write_bytes(file)
        return
    del outputs
    say({"version": version})
    for line in sys.stdin:
        cpu, wall = cpu_seconds(), time.perf_counter()
        for _ in range(int(line)):
            work(data, job)
        say({"cpu": (cpu_seconds() - cpu) * 1000, "wall": (time.perf_counter() - wall) * 1000})


def say(what):
    print(json.dumps(what), flush=True)


def own_peak():
    """The most memory that was resident; None where the system doesn't tell."""
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB$", pathlib.Path("/proc/self/status").read_text(), re.M)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
