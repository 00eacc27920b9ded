"""`uploader --local`: the server that `thumbnailer up` runs on this computer, without a word of configuration."""

import stat

import pytest

from conftest import Up, start_up
from support import process

# Everything that would lead elsewhere if it counted.
ELSEWHERE = dict(
    AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY="wrong",
    AWS_ENDPOINT_URL="http://127.0.0.1:1",
    AWS_REGION="eu-central-1",
    AWS_PROFILE="nobody",
    UPLOADER_PROFILE="nobody",
    HTTP_PROXY="http://127.0.0.1:1",
    NO_PROXY="",
)


@pytest.fixture
def run(uploader, tmp_path):
    env = {
        **ELSEWHERE,
        "THUMBNAILER_STATE": str(tmp_path / "state"),
        "UPLOADER_STATE": str(tmp_path / "uploader"),
        "UPLOADER_CONFIG": str(tmp_path / "config.toml"),
    }
    (tmp_path / "config.toml").write_text('default = "blog"\n[profiles.blog]\nbucket = "private"\n')

    def run(*arguments):
        return process.run([uploader, *arguments, "--local"], env=env, check=False)

    run.env = env
    return run


def test_the_first_command_of_the_readme_works_as_printed(thumbnailer, run, tmp_path, photo):
    with start_up(thumbnailer, tmp_path, "--secret-key", "another secret", env=run.env) as running:
        up = Up(running)
        put = run("put", photo, "--alt", "A cup of coffee")
        assert put.returncode == 0, put.stderr
        assert f'src="{up.endpoint}/derived/coffee.jpg/' in put.stdout
        assert "coffee.jpg" in run("ls").stdout
        assert run("status", "coffee.jpg").returncode == 0
        assert run("snippet", "coffee.jpg").stdout == put.stdout
        assert run("rm", "coffee.jpg", "--yes").returncode == 0
        assert "coffee.jpg" not in run("ls").stdout


def test_its_file_is_its_owner_s_and_goes_with_the_server(thumbnailer, run, tmp_path):
    state = tmp_path / "state"
    with start_up(thumbnailer, tmp_path, env=run.env) as running:
        Up(running)
        (file,) = state.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        running.stop()
    assert list(state.iterdir()) == []


@pytest.mark.parametrize("end", ["never started", "stopped", "killed"])
def test_without_a_server_it_says_what_to_do(thumbnailer, run, tmp_path, photo, end):
    if end != "never started":
        with start_up(thumbnailer, tmp_path, env=run.env) as running:
            Up(running)
            if end == "stopped":
                running.stop()
    for command in (["put", photo], ["ls"], ["rm", "a.jpg", "--yes"], ["status", "a.jpg"], ["snippet", "a.jpg"]):
        said = run(*command)
        assert said.returncode == 2
        assert "no `thumbnailer up` is running on this computer" in " ".join(said.stderr.split())


def test_of_two_servers_the_last_one_is_used_while_it_runs(thumbnailer, run, tmp_path, photo):
    with start_up(thumbnailer, tmp_path / "first", env=run.env) as running:
        first = Up(running)
        with start_up(thumbnailer, tmp_path / "second", env=run.env) as running:
            second = Up(running)
            assert second.endpoint in run("put", photo, "--alt", "").stdout
        assert first.endpoint in run("put", photo, "--alt", "").stdout
