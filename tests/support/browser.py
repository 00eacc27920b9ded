"""Chromium without a window, spoken to in its DevTools protocol over a pipe: no port, and nothing but Python.

Source: https://chromedevtools.github.io/devtools-protocol/; messages on the pipe are JSON that ends in a NUL byte.
"""

import base64
import contextlib
import io
import json
import os
import select
import shutil
import time

from PIL import Image

from support import process

NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
         "--no-first-run", "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe"]


def find():
    """The browser's program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One page of a running browser, as wide and high as told, one device pixel a CSS pixel."""

    def __init__(self, read, write):
        self._read, self._write = read, write
        self._rest = b""
        self._last = 0
        self._session = None
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def command(self, method, **params):
        """The answer to a command. Events are not listened to."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 30
        while True:
            answer = self._message(deadline, method)
            if answer.get("id") == self._last:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _message(self, deadline, waiting_for):
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"the browser gave no answer to {waiting_for}"
            more = os.read(self._read, 1 << 16)
            assert more, f"the browser ended before it answered {waiting_for}"
            self._rest += more
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def resize(self, width, height):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def open(self, url):
        answer = self.command("Page.navigate", url=url)
        assert "errorText" not in answer, answer["errorText"]
        self.wait_for(f"document.readyState != 'loading' && location.href.startsWith({json.dumps(url)})")

    def leave(self):
        """So that what comes next is no change of what is shown."""
        self.open("about:blank")

    def value(self, expression):
        """What a JavaScript expression comes to, once it has; as JSON."""
        answer = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression, seconds=30):
        deadline = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.02)

    def painted(self):
        """Once two frames have been painted: what was asked for before is on the screen."""
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def screenshot(self):
        self.painted()
        png = base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"])
        return Image.open(io.BytesIO(png)).convert("RGB")


@contextlib.contextmanager
def page(program, home, *flags):
    """A page of a browser whose profile lies in `home`, started with further `flags`."""
    home.mkdir(parents=True, exist_ok=True)
    to_browser, write = os.pipe()
    read, from_browser = os.pipe()
    # The browser reads from 3 and writes to 4. (Debian's sh knows no numbers of two digits.)
    script = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
    command = ["bash", "-c", script, program, *FLAGS, *flags, f"--user-data-dir={home}"]
    try:
        with process.running("chromium", command, home / "browser.log", pass_fds=(to_browser, from_browser)):
            os.close(to_browser)
            os.close(from_browser)
            yield Page(read, write)
    finally:
        os.close(read)
        os.close(write)
