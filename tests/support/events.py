"""The event documents of fixtures/events, and how they are filled in (its README.md says what stands for what)."""

import json
import pathlib
import urllib.parse

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "fixtures/events"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def form_encoded(key):
    """As S3 writes keys into notifications: form-encoded, slashes kept."""
    return urllib.parse.quote_plus(key, safe="/*").replace("~", "%7E")


def fill(name, bucket, key, etag="", size=0, sequencer="", version_id=None):
    """The document `name` as it tells of an object."""
    values = {
        "{{key}}": key,
        "{{form-key}}": form_encoded(key),
        "{{etag}}": etag,
        "{{size}}": size,
        "{{sequencer}}": sequencer,
        "{{version-id}}": version_id,
    }

    def filled(template):
        if isinstance(template, dict):
            fields = ((field, filled(value)) for field, value in template.items())
            return {field: value for field, value in fields if value is not None}
        if isinstance(template, list):
            return [filled(item) for item in template]
        if not isinstance(template, str):
            return template
        if template.startswith("{") and not template.startswith("{{"):
            return json.dumps(filled(json.loads(template)))
        return values.get(template, template.replace("{{bucket}}", bucket))

    return filled(json.loads((FOLDER / f"{name}.json").read_text()))
