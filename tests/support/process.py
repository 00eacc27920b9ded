"""Real processes on loopback: started, waited for, and always put away."""

import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import time

# Those that run at the moment, so that a test that fails can show their logs.
RUNNING = []

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A server or a command that goes on while the test does. Its stdout and stderr go to one log file."""

    def __init__(self, name, command, log, env=None, cwd=None, pass_fds=()):
        self.name = name
        self.log = log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
                pass_fds=pass_fds,
                preexec_fn=_die_with_parent,
            )
        RUNNING.append(self)

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_for_line(self, pattern, seconds=30):
        """The first match of `pattern` in the log."""
        found = self._poll(lambda: re.search(pattern, self.text()), seconds, f"printed {pattern!r}")
        return found

    def wait_for_port(self, port, seconds=30):
        def connects():
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True

        self._poll(connects, seconds, f"listened on port {port}")

    def _poll(self, ask, seconds, what):
        deadline = time.monotonic() + seconds
        while True:
            ended = self.popen.poll() is not None
            if answer := ask():
                return answer
            if ended:
                raise AssertionError(f"{self.name} ended ({self.popen.returncode}) and never {what}:\n{self.text()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} never {what} in {seconds} s:\n{self.text()}")
            time.sleep(0.05)

    def wait(self, seconds):
        """Its exit code, once it ends by itself."""
        return self.popen.wait(seconds)

    def kill(self):
        """`kill -9`, the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(10)
        if self in RUNNING:
            RUNNING.remove(self)

    def stop(self, seconds=15):
        """SIGTERM, as a service manager would; `kill -9` for what doesn't heed it."""
        self.popen.terminate()
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.kill()


@contextlib.contextmanager
def running(*args, **kwargs):
    process = Process(*args, **kwargs)
    try:
        yield process
    finally:
        process.kill()


def run(command, seconds=120, env=None, cwd=None, check=True):
    """Runs a command to its end. With `check`, one that fails fails the test, with its own words."""
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        preexec_fn=_die_with_parent,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done
