"""A deployment's own word on models: in force within a minute, never in force when it is bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from admin.__main__ import main
from functions.studio.catalogue import Catalogue, catalogue
from functions.studio.media_store import MediaStore
from functions.studio.overrides import FOLDER, FRESH_FOR, Overrides
from functions.studio.telemetry import metrics
from tests.integration.api_events import Caller
from tests.integration.api_stage import a_campaign_of, asked


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Function:
    """A process that looks into the catalogue, whose minutes pass as it is told."""

    def __init__(self, media: MediaStore) -> None:
        self.time = Time()
        self.overrides = Overrides(media, self.time)

    def sees(self) -> Catalogue:
        return self.overrides.catalogue()

    def a_minute_later(self) -> Catalogue:
        self.time.seconds += FRESH_FOR
        return self.sees()


def document(**said: Any) -> bytes:
    return json.dumps({"models": [{"name": "veo3", **said}]}).encode()


def slug(seen: Catalogue) -> str:
    return seen.model("veo3", "pair").slug


def put_by_hand(media: MediaStore, name: str, body: bytes) -> None:
    """As somebody may who does not use `make models`; names that come first are newer."""
    media.put(f"{FOLDER}{name}.json", body, "application/json")


def test_without_a_document_the_releases_catalogue_is_in_force(media: MediaStore) -> None:
    assert Function(media).sees() is catalogue()


def test_a_document_is_in_force_after_a_minute_and_the_next_one_in_its_place(media: MediaStore) -> None:
    function = Function(media)
    function.sees()
    assert slug(Overrides(media).put(document(slug="acme/one"))) == "acme/one"
    assert function.sees() is catalogue(), "it was asked a moment ago"
    assert slug(function.a_minute_later()) == "acme/one"
    Overrides(media).put(document(title="Two"))
    seen = function.a_minute_later()
    assert (slug(seen), seen.model("veo3", "pair").title) == ("google/veo-3.1-fast", "Two")


def test_a_bad_document_leaves_the_last_good_one_in_force_in_new_processes_too(
    media: MediaStore, caplog: pytest.LogCaptureFixture
) -> None:
    Overrides(media).put(document(slug="acme/good"))
    function = Function(media)
    assert slug(function.sees()) == "acme/good"
    put_by_hand(media, "0000000000000", b'{"models": [{"name": "veo3", "quality": "superb"}]}')
    for look in (function.a_minute_later, Function(media).sees):
        caplog.clear()
        assert slug(look()) == "acme/good"
        [line] = [vars(one) for one in caplog.records]
        assert (line["levelname"], line["document"]) == ("ERROR", f"{FOLDER}0000000000000.json")
        assert "veo3.modes.pair.quality" in line["reason"]


def test_where_all_are_bad_the_releases_catalogue_is_in_force(media: MediaStore) -> None:
    put_by_hand(media, "1", b"{")
    put_by_hand(media, "2", b'{"models": {}}')
    assert Function(media).sees() is catalogue()


def test_a_bad_document_is_counted_where_the_alarm_looks(
    acme: Caller, media: MediaStore, capsys: pytest.CaptureFixture[str]
) -> None:
    put_by_hand(media, "1", b"{")
    metrics().clear_metrics()
    capsys.readouterr()
    assert acme.get("/api/v3/models").status == 200
    told = [json.loads(one) for one in capsys.readouterr().out.splitlines() if one.startswith('{"_aws"')]
    assert [line["OverridesUnusable"] for line in told if "OverridesUnusable" in line] == [[1.0]]


def test_jobs_are_priced_and_checked_by_what_is_in_force(acme: Caller, media: MediaStore) -> None:
    price = {"unit": "clip", "usd": "0.5"}
    Overrides(media).put(document(resolutions=[{"name": "720p", "side": 720, "price": price}]))
    reply = asked(acme, campaignId=a_campaign_of(acme, 3), numPairs=2, model="veo3")
    assert reply.data["estimatedCost"] == 1.0
    assert [one["estimatedCost"] for one in acme.get(f"/api/v3/jobs/{reply.data['id']}/sub-jobs").data["subJobs"]] == [
        0.5
    ] * 2
    [entry] = [one for one in acme.get("/api/v3/models").data["items"] if one["id"] == "veo3"]
    assert [mode["resolutions"][0]["price"]["usd"] for mode in entry["modes"]] == [0.5] * 3


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "overrides.json"


def test_make_models_writes_a_good_document_and_shows_it(
    media: MediaStore, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "--bucket", "media"]) == 0
    assert capsys.readouterr().out == "The release's catalogue is in force as it is.\n"
    file.write_bytes(document(slug="acme/two"))
    assert main(["models", "--bucket", "media", str(file)]) == 0
    assert capsys.readouterr().out == "In force within a minute. Other than in the release: veo3.\n"
    assert main(["models", "--bucket", "media"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(file.read_bytes())


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"{", "the document: Invalid JSON"),
        (document(quality=1000), "veo3.modes.pair.quality"),
        (b'{"models": []}', "ours (mode text) is in force and would be lost: it can be retired"),
        (None, "No such file"),
    ],
    ids=["no JSON", "a wrong value", "a model lost", "no file"],
)
def test_make_models_writes_nothing_that_is_bad(
    media: MediaStore, file: Path, capsys: pytest.CaptureFixture[str], body: bytes | None, fault: str
) -> None:
    veo = catalogue().model("veo3", "text").model_dump(mode="json", by_alias=True, exclude={"name", "mode"})
    ours = {"name": "ours", **veo, "modes": {"text": {}}}
    Overrides(media).put(json.dumps({"models": [ours]}).encode())
    before = media.names(FOLDER, 10)
    if body is not None:
        file.write_bytes(body)
    assert main(["models", "--bucket", "media", str(file)]) == 1
    assert fault in capsys.readouterr().err
    assert media.names(FOLDER, 10) == before
