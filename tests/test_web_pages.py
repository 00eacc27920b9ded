"""Pages of other sites against `thumbnailer up`, in a real browser: they read, write and delete nothing.

The key pair of `thumbnailer up` is known to everyone, so each page here signs its requests with it.
"""

import contextlib
import http.server
import json
import threading
import urllib.error
import urllib.request

import pytest

from conftest import Up, start_up
from support import browser, s3, tools

SECRET = "the author's secret"
SCRIPT = f"window.stolen = {SECRET!r}"
# Another site by its name. In a browser's eyes, another port of 127.0.0.1 is another origin of the same site.
EVIL = "evil.test"


class _Page(http.server.BaseHTTPRequestHandler):
    """An empty page at every path."""

    def do_GET(self):
        body = b"<!DOCTYPE html><title>A page</title><body>A page</body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def site():
    """A web site on this computer; the value is its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()


def signer(endpoint):
    """A client whose links hold whatever Content-Type a browser adds: it is not part of signatures of version 4."""
    return s3.client("s3", endpoint, signature_version="s3v4")


class Victim:
    """`thumbnailer up` with a page, a script and a photograph in it."""

    def __init__(self, up, photo):
        self.up = up
        self.s3 = up.s3
        self.signer = signer(up.endpoint)
        self.s3.put_object(Bucket="originals", Key="secret.html", Body=f"<p>{SECRET}</p>", ContentType="text/html")
        self.s3.put_object(Bucket="originals", Key="secret.js", Body=SCRIPT, ContentType="text/javascript")
        self.s3.put_object(Bucket="originals", Key="photo.jpg", Body=photo.read_bytes(), ContentType="image/jpeg")
        manifest = s3.wait_for_manifest(self.s3, "photo.jpg", photo.read_bytes())
        self.rendition = f"{up.endpoint}/derived/photo.jpg/{manifest['renditions'][0]['path']}"
        self.before = self.state()

    def state(self):
        """Every key of both buckets, with its etag."""
        return {
            (bucket, entry["Key"]): entry["ETag"]
            for bucket in ("originals", "derived")
            for entry in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
            if not entry["Key"].startswith("secret.") or bucket == "originals"
        }

    def link(self, operation, key, client=None):
        return (client or self.signer).generate_presigned_url(operation, Params={"Bucket": "originals", "Key": key})


@pytest.fixture(scope="module")
def attacker():
    with site() as port:
        yield port


@pytest.fixture(scope="module")
def victim(thumbnailer, photo, tmp_path_factory, attacker):
    home = tmp_path_factory.mktemp("victim")
    with start_up(thumbnailer, home, "--allow-origin", f"http://localhost:{attacker}") as running:
        yield Victim(Up(running), photo)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    program = browser.find() or tools.missing("Chromium", "chromium")
    home = tmp_path_factory.mktemp("chromium")
    with browser.page(program, home, f"--host-resolver-rules=MAP {EVIL} 127.0.0.1") as page:
        yield page


@pytest.fixture(params=["127.0.0.1", EVIL])
def hostile(request, page, attacker):
    """The browser on a page of another origin: of the same site, and of another one."""
    page.open(f"http://{request.param}:{attacker}/")
    return page


def settled(promise):
    """JavaScript that gives what a promise came to, as text."""
    return f"({promise}).then(value => 'done: ' + value, error => 'failed: ' + error.name)"


def test_a_page_reads_nothing_by_fetch(victim, hostile):
    for key in ("secret.html", "secret.js", "photo.jpg"):
        link = json.dumps(victim.link("get_object", key))
        for options in ("{}", "{credentials: 'include'}", "{headers: {'x-amz-meta-a': 'b'}}"):
            fetched = hostile.value(settled(f"fetch({link}, {options}).then(answer => answer.text())"))
            assert fetched == "failed: TypeError"
        opaque = hostile.value(settled(f"fetch({link}, {{mode: 'no-cors'}}).then(answer => answer.text())"))
        assert SECRET not in opaque
    listing = json.dumps(victim.signer.generate_presigned_url("list_objects_v2", Params={"Bucket": "originals"}))
    assert hostile.value(settled(f"fetch({listing}).then(answer => answer.text())")) == "failed: TypeError"


def test_a_page_embeds_nothing_private(victim, hostile):
    script, photo = victim.link("get_object", "secret.js"), victim.link("get_object", "photo.jpg")
    for element, source in (("script", script), ("img", photo)):
        load = f"""new Promise((done, fail) => {{
            const element = document.createElement({element!r});
            element.onload = done; element.onerror = () => fail(new TypeError());
            element.src = {json.dumps(source)};
            document.body.append(element);
        }})"""
        assert hostile.value(settled(load)) == "failed: TypeError", element
    assert hostile.value("window.stolen") is None


def test_a_page_that_navigates_to_an_object_shows_nothing(victim, hostile):
    for how in ("location.href = link", "frame(link)", "post(link)"):
        start = hostile.value("location.href")
        hostile.value(f"""(() => {{
            const link = {json.dumps(victim.link("get_object", "secret.html"))};
            const frame = link => {{
                const frame = document.createElement('iframe');
                frame.onload = () => document.title = 'loaded';
                frame.src = link;
                document.body.append(frame);
            }};
            const post = link => {{
                const form = document.createElement('form');
                form.method = 'post'; form.action = link;
                document.body.append(form); form.submit();
            }};
            {how};
        }})()""")
        if how.startswith("frame"):
            hostile.wait_for("document.title == 'loaded'")
        else:
            hostile.wait_for("location.pathname == '/originals/secret.html' && document.readyState == 'complete'")
        tree = hostile.command("DOM.getDocument", depth=-1, pierce=True)
        assert SECRET not in json.dumps(tree), how
        hostile.open(start)


def test_a_page_writes_and_deletes_nothing(victim, hostile):
    put, delete = victim.link("put_object", "new.html"), victim.link("delete_object", "secret.html")
    form = victim.signer.generate_presigned_post("originals", "form.html")
    fields = f"""const form = new FormData();
        for (const [name, value] of Object.entries({json.dumps(form["fields"])})) form.append(name, value);
        form.append('file', new Blob(['<script>1</script>'], {{type: 'text/html'}}), 'a.html');"""
    for request in (
        f"fetch({json.dumps(put)}, {{method: 'PUT', body: 'x'}})",
        f"fetch({json.dumps(put)}, {{method: 'PUT', body: 'x', keepalive: true}})",
        f"fetch({json.dumps(delete)}, {{method: 'DELETE'}})",
        f"fetch({json.dumps(victim.up.endpoint)} + '/originals?delete', {{method: 'POST', mode: 'no-cors', body: '<Delete/>'}})",
        f"(() => {{ {fields} return fetch({json.dumps(form['url'])}, {{method: 'POST', mode: 'no-cors', body: form}}) }})()",
        f"(() => {{ {fields} return fetch({json.dumps(form['url'])}, {{method: 'POST', body: form}}) }})()",
    ):
        hostile.value(settled(request))
    # A form that a person seems to have sent: browsers send it without asking first.
    hostile.value(f"""(() => {{
        const form = document.createElement('form');
        form.method = 'post'; form.enctype = 'multipart/form-data'; form.action = {json.dumps(form["url"])};
        for (const [name, value] of Object.entries({json.dumps(form["fields"])})) {{
            const field = document.createElement('input');
            field.name = name; field.value = value;
            form.append(field);
        }}
        const file = document.createElement('textarea');
        file.name = 'file'; file.value = '<script>1</script>';
        form.append(file);
        document.body.append(form);
        form.submit();
    }})()""")
    hostile.wait_for("location.pathname.startsWith('/originals') && document.readyState == 'complete'")
    assert "AccessDenied" in json.dumps(hostile.command("DOM.getDocument", depth=-1, pierce=True))
    assert victim.state() == victim.before


def test_a_name_that_was_rebound_reaches_nothing(victim, page):
    port = victim.up.endpoint.rsplit(":", 1)[1]
    rebound = signer(f"http://{EVIL}:{port}")
    for link in (
        victim.link("get_object", "secret.html", rebound),
        f"http://{EVIL}:{port}/derived/{victim.rendition.split('/derived/')[1]}",
    ):
        page.open(link)
        shown = json.dumps(page.command("DOM.getDocument", depth=-1, pierce=True))
        assert SECRET not in shown and "--allow-host" in shown
    assert victim.state() == victim.before


def test_renditions_load_in_every_page(victim, hostile):
    hostile.value(f"document.body.innerHTML = '<img src={victim.rendition}>'")
    hostile.wait_for("document.images[0].complete")
    assert hostile.value("document.images[0].naturalWidth") > 0
    assert hostile.value(settled(f"fetch({json.dumps(victim.rendition)}).then(answer => answer.status)")) == "done: 200"


def test_a_rendition_opened_by_itself_is_shown(victim, page):
    page.open(victim.rendition)
    page.wait_for("document.images.length == 1 && document.images[0].naturalWidth > 0")


def test_an_allowed_page_uploads_and_reads_the_answer(victim, page, attacker):
    page.open(f"http://localhost:{attacker}/")
    put = json.dumps(victim.link("put_object", "allowed.txt"))
    upload = f"fetch({put}, {{method: 'PUT', body: 'x'}})"
    etag = page.value(settled(f"{upload}.then(answer => answer.headers.get('etag'))"))
    assert etag == 'done: "9dd4e461268c8034f5c8564e155c67a6"'
    victim.s3.delete_object(Bucket="originals", Key="allowed.txt")


def test_the_links_themselves_are_good(victim):
    """A program that is no browser is served: what the pages above lack is not a right signature."""
    with urllib.request.urlopen(victim.link("get_object", "secret.html")) as answer:
        assert SECRET in answer.read().decode()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    for operation, method in (("put_object", "PUT"), ("delete_object", "DELETE")):
        request = urllib.request.Request(victim.link(operation, "other.txt"), data=b"x", method=method)
        request.add_header("Content-Type", "text/plain;charset=UTF-8")
        with urllib.request.urlopen(request) as answer:
            assert answer.status in (200, 204)
        request.add_header("Sec-Fetch-Site", "cross-site")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request)
