"""Amazon S3 as far as an upload sees it: by TLS, under its own names, behind a proxy that leads there."""

import contextlib
import hashlib
import hmac
import http.server
import socket
import ssl
import threading
import urllib.parse

import trustme

SECRET = "a secret of nobody"


class Amazon:
    """A TLS server that stands for every host, and the proxy that leads to it. Requests are kept in `requests`."""

    def __init__(self, home, *names):
        authority = trustme.CA()
        self.bundle = home / "ca.pem"
        authority.cert_pem.write_to_path(self.bundle)
        self.requests = []
        self.accelerated = True
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(context)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._proxy = socket.create_server(("127.0.0.1", 0))
        for target in (self._server.serve_forever, self._accept):
            threading.Thread(target=target, daemon=True).start()

    @property
    def environment(self):
        """What leads a client here, with the names of hosts as they are."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self._proxy.getsockname()[1]}",
            "NO_PROXY": "",
            "AWS_CA_BUNDLE": str(self.bundle),
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._proxy.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._proxy.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=[client], daemon=True).start()

    def _lead(self, client):
        with contextlib.suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            assert head.startswith(b"CONNECT "), head
            server = socket.create_connection(self._server.server_address)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=_pump, args=[server, client], daemon=True).start()
            _pump(client, server)

    def _handler(amazon):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path, _, query = self.path.partition("?")
                amazon.requests.append(
                    {
                        "method": self.command,
                        "host": self.headers["Host"],
                        "path": path,
                        "query": query,
                        "bytes": len(body),
                        "signed": is_signed(self.command, path, query, self.headers),
                    }
                )
                if "accelerate" in query:
                    status = "<Status>Enabled</Status>" if amazon.accelerated else ""
                    return self.reply(200, f"<AccelerateConfiguration>{status}</AccelerateConfiguration>".encode())
                if self.command == "PUT":
                    etag = hashlib.md5(body).hexdigest()
                    checksum = self.headers["x-amz-checksum-crc64nvme"]
                    return self.reply(200, b"", {"ETag": f'"{etag}"', "x-amz-checksum-crc64nvme": checksum})
                return self.reply(404, b"")

            do_GET = do_HEAD = do_PUT = answer

            def reply(self, status, body, headers={}):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


def is_signed(method, path, query, headers):
    """Whether the request bears a right signature, version 4, over its host among others.

    Source: AWS Identity and Access Management User Guide, "Create a signed AWS API request".
    """
    fields = dict(field.strip().split("=", 1) for field in headers["Authorization"].split(" ", 1)[1].split(","))
    signed = fields["SignedHeaders"].split(";")
    scope = fields["Credential"].split("/", 1)[1]
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    quote = lambda text: urllib.parse.quote(text, safe="-_.~")
    canonical = "\n".join(
        [
            method,
            path,
            "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs),
            *(f"{name}:{' '.join(headers[name].split())}" for name in signed),
            "",
            ";".join(signed),
            headers["x-amz-content-sha256"],
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest])
    key = b"AWS4" + SECRET.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return "host" in signed and hmac.compare_digest(signature, fields["Signature"])


def _pump(source, sink):
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
