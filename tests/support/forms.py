"""Browser forms for S3, as a browser sends them: multipart/form-data in pieces of any size."""

import http.client
import random

BOUNDARY = "----WebKitFormBoundaryA1b2C3d4E5f6G7h8"


def post(client, endpoint, bucket, key, content, filename="photo.jpg", seed=0, content_type="image/jpeg"):
    """Signs a form with boto3 and sends it. `content` is a list of pieces; they are divided anew at random."""
    signed = client.generate_presigned_post(
        bucket, key, Fields={"Content-Type": content_type}, Conditions=[{"Content-Type": content_type}]
    )
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in signed["fields"].items()
    )
    head += (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    length = len(head.encode()) + sum(map(len, content)) + len(tail)
    host = endpoint.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.putrequest("POST", f"/{bucket}")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    generator = random.Random(seed)
    for piece in [head.encode(), *content, tail]:
        view = memoryview(piece)
        while view:
            # A carriage return often ends a piece, which readers of forms have got wrong.
            size = generator.choice([1, 1000, 65_536, 262_144])
            at = piece.find(b"\r", len(piece) - len(view) + size)
            if at >= 0 and generator.random() < 0.5:
                size = at + 1 - (len(piece) - len(view))
            connection.send(view[:size])
            view = view[size:]
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def peak_memory(pid):
    """The most memory that a process has used so far, in bytes."""
    with open(f"/proc/{pid}/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
