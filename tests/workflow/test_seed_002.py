"""Seed 002: its calls and its pages as written, and its checklist's upload flow, item by item. The rest of the checklist is in
tests/integration/test_seed_002_checklist.py."""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from local.cloud import LocalCloud
from local.credentials import ACCESS_KEY, REGION, SECRET_KEY
from tests.workflow.conftest import GIVE_UP, Film, Team, fresh

HERE = Path(__file__).parent
CALLS = dict(re.findall(r"^# (\S+)\n(curl .*?)(?:\n\n(?=# )|\n?\Z)", (HERE / "seed_002.sh").read_text(), re.S | re.M))
PAGES = dict(re.findall(r"^// (\w+)\n(.*?)(?=\n// \w+\n|\Z)", (HERE / "seed_002.mjs.txt").read_text(), re.S | re.M))
HOSTS = ("http://localhost:8080", "https://vidx-marketplace.azurewebsites.net")

PAGE = """
import {{ readFileSync }} from 'node:fs';
const [host, key, ...files] = process.argv.slice(2);
const theirs = globalThis.fetch;
globalThis.fetch = (path, how = {{}}) =>
    theirs(host + path, {{...how, headers: {{...how.headers, Authorization: 'Bearer ' + key}}}});
const localStorage = {{ getItem: () => key }};
const imageBlobs = files.map((file) => new Blob([readFileSync(file)], {{ type: 'image/jpeg' }}));
const [title, description, price, category] =
    ['2020 Toyota Camry', 'Spacious family car with low mileage', '18500', 'automotive'];
const seen = [];
function updateProgress(percent, text) {{ seen.push([percent, text]); }}
{poll}
{messages}
{save}
{generate}
const began = Date.now();
{call}
if (!response.ok) throw new Error(await response.text());
const {{ jobId, estimatedTime }} = await response.json();
const result = await pollVideoStatus(jobId);
const ad = await saveAd({{
    title,
    description,
    price,
    category,
    videoUrl: result.videoUrl,
    thumbnailUrl: result.thumbnailUrl,
    script: result.script
}});
console.log(JSON.stringify({{ jobId, estimatedTime, result, ad, seen }}));
"""


def shell(team: Team, call: str) -> Any:
    """Runs a call of the seed with host and key put in, and nothing else."""
    line = CALLS[call]
    for host in HOSTS:
        line = line.replace(host, team.cloud.url)
    key = str(team.http.headers["Authorization"]).removeprefix("Bearer ")
    line = line.replace("YOUR_SESSION_TOKEN", key).replace("YOUR_TOKEN", key)
    done = subprocess.run(["bash", "-ec", line.replace("curl ", "curl -sS ", 1)], capture_output=True, check=True)
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Shown:
    """The seed's three steps, run once."""

    team: Team
    pictures: list[Path]
    told: Any
    """What the pages have come to know."""
    film: Film

    @property
    def result(self) -> Any:
        """The last answer of the status."""
        return self.told["result"]

    @property
    def job(self) -> Any:
        return self.team.get(f"/jobs/{self.told['jobId']}")


@pytest.fixture(scope="module")
def shown(cloud: LocalCloud, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """In node, whose `fetch` is told the host and the key."""
    folder, team = tmp_path_factory.mktemp("pages"), fresh(cloud)
    script, film = folder / "pages.mjs", folder / "film.mp4"
    script.write_text(PAGE.format(**PAGES))
    key = str(team.http.headers["Authorization"]).removeprefix("Bearer ")
    done = subprocess.run(
        ["node", script, team.cloud.url, key, *pictures[:3]],
        capture_output=True,
        text=True,
        timeout=GIVE_UP,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    film.write_bytes(requests.get(told["result"]["videoUrl"], timeout=60).content)
    return Shown(team, pictures[:3], told, Film(film))


def test_generate_script_runs_as_written(cloud: LocalCloud) -> None:
    team = fresh(cloud)
    said = shell(team, "generate-script")
    assert said["success"] is True
    assert "Camry" in said["script"]
    assert said["wordCount"] == len(said["script"].split())
    assert 9 <= said["estimatedDuration"] <= 21
    assert 0 < said["cost"] <= 0.001
    assert shell(team, "production")["success"] is True


def test_e2e_step_1_upload_3_images_next(shown: Shown) -> None:
    """They are the listing's, in their order, as they were sent."""
    ids = shown.job["listing"]["assetIds"]
    kept = [shown.team.get(f"/assets/{one}") for one in ids]
    assert [one["name"] for one in kept] == ["image0.jpg", "image1.jpg", "image2.jpg"]
    assert [requests.get(one["url"], timeout=30).content for one in kept] == [
        one.read_bytes() for one in shown.pictures
    ]


def test_e2e_step_2_fill_details_next(shown: Shown) -> None:
    listing = shown.job["listing"]
    said = {name: listing[name] for name in ("title", "description", "price", "category", "voice")}
    assert said == {
        "title": "2020 Toyota Camry",
        "description": "Spacious family car with low mileage",
        "price": 18500,
        "category": "automotive",
        "voice": "alloy",
    }


def test_e2e_step_3_generate_video_poll_status_success(shown: Shown) -> None:
    percents = [percent for percent, _ in shown.told["seen"]]
    assert percents == sorted(percents)
    assert shown.told["seen"][-1] == [100, "Complete!"]
    assert "Processing..." not in {text for _, text in shown.told["seen"]}, "every word is one that the seed has"
    assert shown.result["script"]
    assert 0 < shown.result["cost"]["total"] < 0.022, "the seed's table"
    assert shown.result["cost"]["total"] == pytest.approx(
        sum(cost for part, cost in shown.result["cost"].items() if part != "total")
    )


def test_e2e_verify_ad_appears_in_my_ads(shown: Shown) -> None:
    ads = shown.team.http.get(f"{shown.team.cloud.url}/api/ads", timeout=30).json()["ads"]
    ad = shown.told["ad"]
    assert ad["success"] is True
    assert [one["status"] for one in ads if one["id"] == ad["adId"]] == ["active"]
    page = requests.get(shown.team.cloud.url + ad["pageUrl"], timeout=30)
    assert page.status_code == 200
    [source] = re.findall(r' src="([^"]+)"', page.text)
    assert requests.get(source.replace("&amp;", "&"), timeout=60).content == shown.film.bytes


def test_e2e_verify_video_playable_in_browser(shown: Shown) -> None:
    """With its poster, and its captions beside it."""
    assert shown.film.plays_in_browsers
    assert shown.film.loudest > 0
    assert requests.get(shown.result["thumbnailUrl"], timeout=30).content[:3] == b"\xff\xd8\xff"
    captions = shown.job["films"][0]["captionsUrls"]
    for kind, begins in (("srt", "1\n"), ("vtt", "WEBVTT")):
        assert shown.team.http.get(shown.team.cloud.url + captions[kind], timeout=30).text.startswith(begins)


def test_an_upload_to_another_store_succeeds_and_its_failure_loses_nothing(
    cloud: LocalCloud, elsewhere: str, pictures: list[Path], tmp_path: Path
) -> None:
    team = fresh(cloud)
    asset = team.upload(team.campaign([]), pictures[0])
    wishes = {"title": "A lamp", "description": "It is lit", "assetIds": [asset], "voice": "none", "durationSeconds": 5}
    wrong = {"kind": "r2", "bucket": "of-somebody-else"}
    job = team.post("/jobs/from-listing", {**wishes, "script": "A lamp. It is lit.", "destination": wrong})["jobId"]
    state = team.wait(job)
    assert (state["status"], state["errorMessage"]) == ("completed", None)
    assert "of-somebody-else" in copied(team, job, "failed")["reason"]
    film = team.download(f"/videos/{job}/combined", tmp_path / "film.mp4")
    assert Film(film).plays_in_browsers
    team.post(f"/jobs/{job}/deliver", {"destination": {"kind": "r2", "prefix": "lamps"}})
    told = copied(team, job, "delivered")
    assert [one["name"] for one in told["files"]] == ["combined.mp4", "thumbnail.jpg", "captions.srt", "captions.vtt"]
    there = boto3.client(
        "s3",
        endpoint_url=elsewhere,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=REGION,
    )
    found = there.get_object(Bucket=told["bucket"], Key=told["files"][0]["key"])["Body"].read()
    assert found == film.read_bytes()
    assert [requests.get(one["url"], timeout=60).status_code for one in told["files"]] == [200] * 4, "for everybody"
    (line,) = [one for one in team.get(f"/jobs/{job}/ledger")["lines"] if one["stage"] == "storage"]
    assert 0 < line["cost"] < 0.015, "a gigabyte would be the seed's figure"


def copied(team: Team, job: str, status: str) -> Any:
    end = time.monotonic() + GIVE_UP
    while (told := team.get(f"/jobs/{job}")["deliveredTo"])["status"] != status:
        assert time.monotonic() < end, told
        time.sleep(0.2)
    return told
