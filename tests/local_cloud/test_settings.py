"""What this machine sets: the table, where its values come from, and what is refused before anything is started."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from functions.studio.catalogue import catalogue
from functions.studio.rows import today
from infra.settings import SETTINGS, markdown, setting
from local import demo
from local.checkout import ROOT
from local.loopback import bind
from local.settings import SettingRefused, Settings, inherited
from local.synth import synthesized

KEY = "xai-1234567890abcdef"


def dotenv(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text)
    return path


def test_the_lines_of_seed_000_are_read_as_they_stand_there(tmp_path: Path) -> None:
    path = dotenv(
        tmp_path,
        """# Required: xAI API key for Grok model
XAI_API_KEY=your_xai_api_key_here

# Required: Replicate API key for video generation
REPLICATE_API_KEY=your_replicate_api_key_here

# Optional: Choose video generation model (default: veo3)
VIDEO_GENERATION_MODEL=veo3  # or "hailuo-2.0"
""",
    )
    assert dict(Settings({}, path)) == {
        "XAI_API_KEY": "your_xai_api_key_here",
        "REPLICATE_API_KEY": "your_replicate_api_key_here",
        "VIDEO_GENERATION_MODEL": "veo3",
    }


@pytest.mark.parametrize(
    "line", [f"XAI_API_KEY= {KEY}", f'XAI_API_KEY=" {KEY} "', f"export XAI_API_KEY = '{KEY}\t'", f"XAI_API_KEY={KEY}\r"]
)
def test_white_space_and_quotes_around_a_key_in_env_are_not_of_the_key(tmp_path: Path, line: str) -> None:
    """Seed 001: a leading space in XAI_API_KEY once cost a day."""
    assert Settings({}, dotenv(tmp_path, line))["XAI_API_KEY"] == KEY


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("XAI_API_KEY is secret", "line 2: this is not NAME=value"),
        ("XAI_API_KEY", "line 2: this is not NAME=value"),
        ("XAI_API_KEY='open", "line 2: this is not NAME=value"),
        ("XAI_APIKEY=1", "line 2: there is no setting XAI_APIKEY; XAI_API_KEY is what it may mean"),
        ("replicate_api_key=1", "REPLICATE_API_KEY is what it may mean"),
        ("LOGLEVEL=INFO", "LOG_LEVEL is what it may mean"),
    ],
)
def test_a_line_of_env_that_would_be_passed_over_is_refused_and_named_but_not_shown(
    tmp_path: Path, line: str, said: str
) -> None:
    with pytest.raises(SettingRefused) as refused:
        Settings({}, dotenv(tmp_path, f"# ours\n{line}\n"))
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("line", ["ANTHROPIC_API_KEY=1", "GEMINI_API_KEY=1", "DATABASE_URL=x", "", "# XAI_APIKEY=1"])
def test_lines_of_other_programs_may_stand_in_env(tmp_path: Path, line: str) -> None:
    assert dict(Settings({}, dotenv(tmp_path, line))) == {}


def test_an_env_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("PORT=1\n# Schl\u00fcssel\n".encode("latin-1"))
    with pytest.raises(SettingRefused, match=r"\.env is not text in UTF-8 \(byte 14\)"):
        Settings({}, tmp_path / ".env")


@pytest.mark.parametrize("value", [f" {KEY}", f"{KEY}\n", f'" {KEY}"', f" '{KEY} ' "])
def test_white_space_and_quotes_around_a_key_in_the_environment_are_not_of_the_key(value: str) -> None:
    assert Settings({"XAI_API_KEY": value})["XAI_API_KEY"] == KEY


def test_a_file_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert Settings({}, dotenv(tmp_path, f"\ufeffXAI_API_KEY={KEY}"))["XAI_API_KEY"] == KEY


def test_a_dollar_sign_in_a_key_stays_one(tmp_path: Path) -> None:
    assert Settings({"HOME": "/"}, dotenv(tmp_path, "XAI_API_KEY=a${HOME}b"))["XAI_API_KEY"] == "a${HOME}b"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    path = dotenv(tmp_path, "LOG_LEVEL=DEBUG\nVIDEO_GENERATION_MODEL=hailuo-2.0")
    given = Settings({"LOG_LEVEL": "ERROR"}, path)
    assert (given["LOG_LEVEL"], given["VIDEO_GENERATION_MODEL"]) == ("ERROR", "hailuo-2.0")
    assert (given.source("LOG_LEVEL"), given.source("VIDEO_GENERATION_MODEL")) == (
        "LOG_LEVEL in the environment",
        "VIDEO_GENERATION_MODEL in .env",
    )


@pytest.mark.parametrize("nothing", ["", "  ", '""', "' '"])
def test_an_empty_value_counts_as_not_set(tmp_path: Path, nothing: str) -> None:
    given = Settings({"XAI_API_KEY": nothing, "LOG_LEVEL": nothing}, dotenv(tmp_path, f"XAI_API_KEY={KEY}"))
    assert dict(given) == {"XAI_API_KEY": KEY}


def test_replicates_key_may_have_the_name_that_its_sdk_knows(tmp_path: Path) -> None:
    path = dotenv(tmp_path, "REPLICATE_API_KEY=file")
    given = Settings({"REPLICATE_API_TOKEN": " r8_token"}, path)
    assert given["REPLICATE_API_KEY"] == "r8_token"
    assert given.source("REPLICATE_API_KEY") == "REPLICATE_API_TOKEN in the environment"
    assert Settings({"REPLICATE_API_TOKEN": "token", "REPLICATE_API_KEY": "key"})["REPLICATE_API_KEY"] == "key"


def test_what_is_no_setting_is_not_read() -> None:
    assert dict(Settings({"PATH": "/bin", "AWS_PROFILE": "mine"})) == {}


REFUSED = {
    "VIDEO_GENERATION_MODEL=foo": "VIDEO_GENERATION_MODEL cannot be 'foo'; one of these would do: "
    + ", ".join(model.name for model in catalogue().choosable("pair", today())),
    "LOG_LEVEL=loud": "LOG_LEVEL cannot be 'loud'; one of these would do: DEBUG, INFO, WARNING, ERROR.",
    "MEDIA_HANDOVER=ftp": "MEDIA_HANDOVER cannot be 'ftp'; one of these would do: url, upload.",
    "PUBLIC_URL=http://reelay.example": "PUBLIC_URL cannot be 'http://reelay.example'; what would do: an https:// address",
    "PUBLIC_URL=https://reelay.example/": "PUBLIC_URL cannot be 'https://reelay.example/'; what would do:",
    "CHECK_DELAYS=5,901": "CHECK_DELAYS cannot be '5,901'; what would do: whole numbers from 1 to 900",
    "CLIP_TIMEOUT_SECONDS=3601": "CLIP_TIMEOUT_SECONDS cannot be '3601'; what would do: a whole number from 10 to 3600",
    "REPLICATE_BASE_URL=replicate": "REPLICATE_BASE_URL cannot be 'replicate'; what would do: an http(s) address",
    "REPLICATE_OUTPUT_ORIGINS=*": "REPLICATE_OUTPUT_ORIGINS cannot be '*'; what would do: origins",
    "OUTSIDE_ORIGINS=http://a/lamp.png": "OUTSIDE_ORIGINS cannot be 'http://a/lamp.png'; what would do: origins",
    "RUNWAYML_ENABLED=yes": "RUNWAYML_ENABLED cannot be 'yes'; one of these would do: true, false.",
    "XAI_BASE_URL=ftp://x.ai": "XAI_BASE_URL cannot be 'ftp://x.ai'; what would do: an http(s) address",
    "PORT=65536": "PORT cannot be '65536'; what would do: a number from 0 to 65535.",
}


@pytest.mark.parametrize("given", REFUSED)
def test_a_value_that_cannot_be_is_refused_by_its_name_and_with_what_would_do(given: str) -> None:
    name, _, value = given.partition("=")
    with pytest.raises(SettingRefused, match=re.escape(REFUSED[given])):
        Settings({name: value})


@pytest.mark.parametrize("value", ["two words", "schlüssel", "line\nbreak"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        Settings({"REPLICATE_API_KEY": value})
    assert "REPLICATE_API_KEY cannot be what it is (not shown); what would do: the key alone" in str(refused.value)
    assert value not in str(refused.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingRefused, match=r"LOG_LEVEL cannot be [^\n]*\nPORT cannot be"):
        Settings({"PORT": "http", "LOG_LEVEL": "loud"})


def complaint(verb: str, **environment: str) -> str:
    """What `python -m verb` says when it does not start."""
    done = subprocess.run(
        [sys.executable, "-m", verb],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.mark.parametrize("verb", ["local", "local.demo"])
def test_a_refused_setting_is_told_before_anything_is_started(verb: str) -> None:
    said = complaint(verb, VIDEO_GENERATION_MODEL="foo")
    assert said == REFUSED["VIDEO_GENERATION_MODEL=foo"] + ".\n"


def test_the_port_of_the_local_cloud_is_a_setting() -> None:
    with bind() as taken:
        port = taken.getsockname()[1]
        said = complaint("local", PORT=f" {port} ", XAI_API_KEY="", REPLICATE_API_KEY="", REPLICATE_API_TOKEN="")
    assert said == f"127.0.0.1:{port} cannot be listened on: Address already in use\n"


def test_the_demo_heeds_no_key_and_asks_nobody_real() -> None:
    given = Settings({"XAI_API_KEY": KEY, "REPLICATE_API_KEY": KEY, "VIDEO_GENERATION_MODEL": "hailuo-2.0"})
    assert dict(given.only(demo.HEEDED)) == {"VIDEO_GENERATION_MODEL": "hailuo-2.0"}


def test_no_key_is_in_what_settings_show_of_themselves() -> None:
    assert repr(Settings({"XAI_API_KEY": KEY})) == "Settings(XAI_API_KEY from XAI_API_KEY in the environment)"


def test_processes_inherit_no_key_of_a_service() -> None:
    given = {"XAI_API_KEY": KEY, "REPLICATE_API_KEY": KEY, "REPLICATE_API_TOKEN": KEY, "HOME": "/"}
    left = inherited(given)
    assert KEY not in left.values()
    assert left["HOME"] == "/"


def test_every_parameter_of_the_template_is_a_setting_with_the_same_default_and_limits() -> None:
    declared = synthesized().template["Parameters"]
    by_parameter = {one.parameter: one for one in SETTINGS if one.parameter}
    assert by_parameter.keys() == declared.keys()
    for name, said in declared.items():
        one = by_parameter[name]
        assert (said["Default"], said.get("AllowedValues", []), said.get("AllowedPattern", "")) == (
            one.default,
            list(one.one_of),
            one.pattern,
        )


def test_every_secret_of_the_stack_is_a_setting() -> None:
    outputs = {name for name in synthesized().template["Outputs"] if name.endswith("SecretArn")}
    assert {one.secret for one in SETTINGS if one.secret} == outputs


@pytest.mark.parametrize("name", [one.name for one in SETTINGS if one.default])
def test_every_default_would_be_accepted(name: str) -> None:
    assert setting(name).fault(setting(name).default) is None


def test_the_readmes_table_of_settings_is_the_code_s() -> None:
    """It is what `python -m infra.settings` prints."""
    assert markdown() in (ROOT / "README.md").read_text()
