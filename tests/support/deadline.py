"""A deadline for cargo-lambda's Runtime API, which has none.

It tells each invocation that it has to end by 600,000 ms after the epoch, a constant that is long past, where Lambda
tells the time at which it will end the invocation. A function that heeds its deadline would do nothing. So what the
function asks goes through here, and that one header is put right; all else passes as it is.
"""

import contextlib
import http.client
import http.server
import threading
import time

HEADER = "lambda-runtime-deadline-ms"
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host", "date", "server"}


@contextlib.contextmanager
def given(port, path, seconds):
    """The address (host:port) of the Runtime API at `port` and `path`, each invocation ending `seconds` from its start."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
            with contextlib.closing(upstream):
                upstream.request(self.command, path + self.path, body, _end_to_end(self.headers))
                answer = upstream.getresponse()
                content = answer.read()
            self.send_response(answer.status)
            for name, value in _end_to_end(answer.headers).items():
                late = name.lower() == HEADER
                self.send_header(name, str(round((time.time() + seconds) * 1000)) if late else value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = pass_on

        def handle_one_request(self):
            # Either side may be killed at the end of the tests, in the middle of a long poll.
            try:
                super().handle_one_request()
            except (OSError, http.client.HTTPException):
                self.close_connection = True

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _end_to_end(headers):
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
