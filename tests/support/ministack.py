"""MiniStack: a whole AWS on loopback, in a process of its own."""

import contextlib
import functools
import io
import zipfile

from support import process, s3

ACCOUNT = "000000000000"


class Aws:
    """MiniStack, running, and clients of its services."""

    def __init__(self, port):
        self.endpoint = f"http://127.0.0.1:{port}"

    @functools.cache
    def client(self, service):
        return s3.client(service, self.endpoint, "test", "test")

    def mend_mappings(self):
        """Sets each mapping's concurrency anew, as a number. CloudFormation hands on a parameter's text, which AWS
        takes for the number it is and MiniStack's poller fails at: nothing would ever be delivered."""
        functions = self.client("lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            if scaling := mapping.get("ScalingConfig"):
                number = {"MaximumConcurrency": int(scaling["MaximumConcurrency"])}
                functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=number)


@contextlib.contextmanager
def running(home):
    """One with nothing in it, whose files lie in `home`."""
    port = process.free_port()
    for folder in ("tmp", "s3"):
        (home / folder).mkdir()
    environment = {
        "BIND_HOST": "127.0.0.1",  # it binds every address unless told
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "TMPDIR": str(home / "tmp"),
        "S3_DATA_DIR": str(home / "s3"),
        "STATE_DIR": str(home / "state"),
        "LAMBDA_EXECUTOR": "local",
        # What it hands on to functions, as their way back: of itself it gives them none.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with process.running("ministack", ["ministack"], home / "ministack.log", env=environment, cwd=home) as server:
        server.wait_for_port(port, seconds=90)
        yield Aws(port)


def zipped(programs):
    """A zip of `programs`, by name, as functions are deployed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in programs.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, compresslevel=1)
    return out.getvalue()
