"""`thumbnailer status` and a server whose certificate only `AWS_CA_BUNDLE` vouches for."""

import datetime
import http.server
import ipaddress
import json
import os
import ssl
import subprocess
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MANIFEST = {
    "schema": 1,
    "state": "derived",
    "written": "2026-11-22T08:00:00Z",
    "source": {"bucket": "originals", "key": "a.jpg", "etag": "e", "bytes": 1},
    "renditions": [],
}


def _certificate(folder):
    """A certificate for 127.0.0.1 that signs itself, and its key, in PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*encoding))
    return folder / "certificate.pem", folder / "key.pem"


class _Manifests(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(MANIFEST).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    certificate, key = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Manifests)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}", certificate
    server.shutdown()


def test_a_bundle_decides_which_servers_are_trusted(thumbnailer, server):
    endpoint, certificate = server
    command = [thumbnailer, "status", "a.jpg", "--endpoint-url", endpoint]

    def run(**variables):
        environment = {**os.environ, "AWS_MAX_ATTEMPTS": "1", **variables}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    trusted = run(AWS_CA_BUNDLE=str(certificate))
    assert trusted.returncode == 0, trusted
    assert "a.jpg: derived since 2026-11-22T08:00:00Z" in trusted.stdout
    refused = run()
    assert refused.returncode == 1
    assert f"{endpoint} could not be reached: " in refused.stdout and "certificate" in refused.stdout.lower(), refused
