"""What README's first screen and the --help of both tools tell a stranger to type can be typed."""

import re
import shlex

import pytest

from conftest import ROOT
from support import process

README = ROOT / "README.md"


def commands():
    """The commands in README's code blocks, without prompts and their output."""
    lines = [line for block in re.findall(r"```(?:sh|console|bash)\n(.*?)```", README.read_text(), re.S)
             for line in block.replace("\\\n", " ").splitlines()]
    return [line.removeprefix("$ ").split(" #")[0].strip() for line in lines
            if re.match(r"(\$ )?(cargo|thumbnailer|uploader|aws) ", line)]


def ours(command):
    """(program, its arguments) of a command that runs one of our programs; None for any other."""
    words = shlex.split(command)
    if words[:2] == ["cargo", "run"]:
        package = words[words.index("-p") + 1] if "-p" in words else "operator-cli"
        rest = words[words.index("--") + 1 :] if "--" in words else []
        return {"operator-cli": "thumbnailer", "uploader-cli": "uploader"}[package], rest
    return (words[0], words[1:]) if words[0] in ("thumbnailer", "uploader") else None


@pytest.fixture
def help_of(thumbnailer, uploader):
    def run(program, *arguments):
        path = {"thumbnailer": thumbnailer, "uploader": uploader}[program]
        text = process.run([path, *arguments, "--help"], seconds=20).stdout
        if "--help-all" in text:
            text += process.run([path, *arguments, "--help-all"], seconds=20).stdout
        return text

    return run


def test_readme_tells_what_to_type():
    text = README.read_text()
    first_screen = "\n".join(text.splitlines()[:80])
    assert "cargo run --release -- up fixtures/photos --once" in first_screen
    assert len([command for command in commands() if ours(command)]) >= 2


def test_commands_and_flags_in_readme_exist(help_of):
    for command in commands():
        if not (parsed := ours(command)):
            continue
        program, arguments = parsed
        text = help_of(program, *arguments[:1])
        for flag in [word.split("=")[0] for word in arguments if word.startswith("--")]:
            assert re.search(rf"{flag}\b", text), (command, flag)


def test_paths_in_readme_exist():
    for path in re.findall(r"\]\(((?!http|#|mailto)[^)#]+)", README.read_text()):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\bfixtures/[\w./-]+", README.read_text()):
        assert (ROOT / path.rstrip(".")).exists(), path


@pytest.mark.parametrize(
    "program, subcommand", [("thumbnailer", ""), ("thumbnailer", "up"), ("thumbnailer", "render"),
                            ("uploader", ""), ("uploader", "put")]
)
def test_help_has_examples_whose_flags_exist(help_of, program, subcommand):
    text = help_of(program, *subcommand.split())
    examples = [line.strip() for line in text.splitlines() if re.match(rf"\s+{program} \w", line)]
    assert examples, text
    for example in examples:
        words = example.split("   ")[0].split(" | ")[0].split(" > ")[0].split()
        flags = help_of(program, words[1])
        for flag in (word for word in words if word.startswith("--")):
            assert flag in flags, example
