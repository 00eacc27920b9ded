"""infra/README.md says of infra/template.yaml what is so: every parameter with its default, every output, every alarm,
every permission."""

import re

import pytest

from support import template

INFRA = template.PATH.parent
README = (INFRA / "README.md").read_text()
TEMPLATE = template.load()


def section(heading, text=README):
    """What stands under a heading, up to the next of its rank."""
    rank = heading.split(" ")[0]
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"infra/README.md has no `{heading}`"
    return re.split(rf"^#{{1,{len(rank)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(text):
    """Of every row of every table."""
    return [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")]


def actions(value):
    """Every IAM action in a part of the template."""
    if isinstance(value, dict):
        own = value.get("Action", [])
        found = {own} if isinstance(own, str) else set(own)
        # A denial is no permission.
        found = set() if value.get("Effect") == "Deny" else found
        return found.union(*(actions(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(actions(part) for part in value))
    return set()


def told(text):
    return set(re.findall(r"`([a-z0-9]+:[A-Za-z]+)`", text))


def test_every_parameter_is_named_with_its_default():
    written = {}
    for cell in first_cells(section("## Parameters")):
        for name, default in re.findall(r"`(\w+)` \((required|empty|`[^`]*`)\)", cell):
            written[name] = {"required": None, "empty": ""}.get(default, default.strip("`"))
    defaults = {name: parameter.get("Default") for name, parameter in TEMPLATE["Parameters"].items()}
    assert written == {name: None if value is None else str(value) for name, value in defaults.items()}


def test_every_output_is_named():
    written = [name for cell in first_cells(section("## Outputs")) for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(written) == sorted(TEMPLATE["Outputs"])


def test_every_alarm_has_its_row():
    rows = [name for cell in first_cells(section("## Alarms: what each means")) for name in re.findall(r"`(\w+)`", cell)]
    resources = TEMPLATE["Resources"]
    alarms = [name for name, resource in resources.items() if resource["Type"] == "AWS::CloudWatch::Alarm"]
    assert sorted(rows) == sorted(alarms)


@pytest.mark.parametrize("heading, resources", [("### Authors", ["AuthorPolicy"]), ("### The function", ["FunctionRole", "SweepRole"])])
def test_permissions_are_told_as_they_are(heading, resources):
    given = set().union(*(actions(TEMPLATE["Resources"][name]) for name in resources)) - {"sts:AssumeRole"}
    assert told(section(heading)) == given


def test_what_a_picture_may_take_follows_from_memory():
    rows = re.findall(r"^\| (\d+) \| ([\d,]+) MiB \| ([\d,]+) MiB \|$", section("### How large a picture may be"), re.MULTILINE)
    assert len(rows) > 3
    for memory, source, decoded in rows:
        # As in thumbnailer/src/config.rs.
        assert int(source.replace(",", "")) == min(int(memory) * 25 // 100, 512)
        assert int(decoded.replace(",", "")) == int(memory) * 60 // 100


def test_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", README)
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        file = (INFRA / path).resolve() if path else INFRA / "README.md"
        assert file.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, link
    for name in re.findall(r"\]\[([\w-]+)\]", README):
        assert f"\n[{name}]: " in README, name
