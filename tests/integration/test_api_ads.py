"""Ads of v3, and their pages for everybody."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from functions.studio.job_store import JobStore
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import UNKNOWN, Everything
from tests.integration.listing_stage import CAMRY, accepted, listed
from tests.integration.test_seed_002_dialect import completed, everything

__all__ = ["everything"]

ADS = "/api/v3/ads"
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def filmed(caller: Caller, jobs: JobStore) -> str:
    job = accepted(jobs, listed(caller, 1)).id
    completed(jobs, job)
    return job


def an_ad(caller: Caller, **fields: Any) -> dict[str, Any]:
    made = caller.post(ADS, fields)
    assert made.status == 201, made.text
    ad: dict[str, Any] = made.data
    return ad


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def only(self, tag: str) -> dict[str, str | None]:
        [found] = [attributes for name, attributes in self.found if name == tag]
        return found


def test_an_ad_of_a_listings_film_says_what_the_listing_says(acme: Caller, jobs: JobStore) -> None:
    ad = an_ad(acme, jobId=filmed(acme, jobs))
    assert (ad["title"], ad["description"], ad["price"], ad["category"]) == (
        CAMRY["title"],
        CAMRY["description"],
        18500.0,
        "automotive",
    )
    assert (ad["status"], ad["pageUrl"], ad["script"]) == ("draft", None, "Look at this car.")
    assert acme.get(f"{ADS}/{ad['id']}").data == ad


def test_only_an_active_ad_has_a_page(acme: Caller, jobs: JobStore) -> None:
    ad = an_ad(acme, jobId=filmed(acme, jobs))
    active = acme.patch(f"{ADS}/{ad['id']}", {"status": "active"}).data
    page = active["pageUrl"]
    assert len(page.rpartition("/")[2]) >= 32
    assert Caller().get(page).status == 200
    assert Caller().get(f"{page}?utm_source=news").status == 200, "those who pass it on write behind it"
    archived = acme.patch(f"{ADS}/{ad['id']}", {"status": "archived"}).data
    assert archived["pageUrl"] is None
    gone = Caller().get(page)
    unknown = Caller().get("/ads/" + "x" * 32)
    assert (gone.status, gone.text, gone.headers) == (404, unknown.text, unknown.headers)
    assert acme.patch(f"{ADS}/{ad['id']}", {"status": "draft"}).data["status"] == "draft"
    assert Caller().get(page).status == 404
    assert acme.patch(f"{ADS}/{ad['id']}", {"status": "active"}).data["pageUrl"] == page
    assert acme.delete(f"{ADS}/{ad['id']}").status == 204
    assert (Caller().get(page).status, acme.get(f"{ADS}/{ad['id']}").status) == (404, 404)


def shown(acme: Caller, jobs: JobStore, **fields: Any) -> Reply:
    ad = an_ad(acme, jobId=filmed(acme, jobs), status="active", **fields)
    return Caller().get(ad["pageUrl"])


def test_a_page_shows_film_poster_and_facts(acme: Caller, jobs: JobStore) -> None:
    page = shown(acme, jobs)
    elements = Elements(page.text)
    video = elements.only("video")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "combined.mp4?" in str(video["src"])
    assert "X-Amz-Signature" in str(video["src"])
    assert "p.jpg?" in str(video["poster"])
    for fact in (CAMRY["title"], CAMRY["description"], "$18,500", "Automotive"):
        assert str(fact) in elements.text


def test_a_page_is_in_the_language_of_its_film_and_reads_in_its_direction(acme: Caller, jobs: JobStore) -> None:
    job = accepted(jobs, listed(acme, 1, language="he", title="מנורת שולחן")).id
    completed(jobs, job)
    elements = Elements(Caller().get(an_ad(acme, jobId=job, status="active")["pageUrl"]).text)
    assert elements.only("html") == {"lang": "he"}
    assert elements.only("h1") == elements.only("p") == {"dir": "auto"}


def test_what_an_ad_says_cannot_become_markup_and_nothing_runs_on_its_page(acme: Caller, jobs: JobStore) -> None:
    page = shown(acme, jobs, title=NASTY, description=NASTY)
    elements = Elements(page.text)
    assert NASTY in elements.text
    assert {tag for tag, _ in elements.found} & {"script", "img", "iframe", "a", "form"} == set()
    assert not any(name.startswith("on") for _, attributes in elements.found for name in attributes)
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy
    assert policy["media-src"].startswith("https://media.s3.")
    assert "unsafe" not in str(policy)
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")


def test_a_page_tells_nothing_of_the_tenant_but_its_ad(acme: Caller, jobs: JobStore) -> None:
    ad = an_ad(acme, jobId=filmed(acme, jobs), status="active")
    text = re.sub(r'(src|poster)="[^"]*"', "", Caller().get(ad["pageUrl"]).text)
    for secret in ("acme", ad["id"], ad["jobId"], str(acme.key)):
        assert secret not in text


def test_ads_are_listed_by_status_and_are_the_callers_own(acme: Caller, other: Caller, jobs: JobStore) -> None:
    job = filmed(acme, jobs)
    first, second = (an_ad(acme, jobId=job, title=title) for title in ("One", "Two"))
    acme.patch(f"{ADS}/{second['id']}", {"status": "active"})
    assert [one["id"] for one in acme.get(ADS).data["items"]] == [second["id"], first["id"]], "the newest first"
    page = acme.get(f"{ADS}?limit=1").data
    assert [one["id"] for one in page["items"]] == [second["id"]]
    assert [one["id"] for one in acme.get(f"{ADS}?cursor={page['nextCursor']}").data["items"]] == [first["id"]]
    assert [one["id"] for one in acme.get("/api/ads").envelope["ads"]] == [second["id"], first["id"]]
    assert [one["id"] for one in acme.get(f"{ADS}?status=active").data["items"]] == [second["id"]]
    assert other.get(ADS).data["items"] == []


def test_what_an_ad_cannot_be_is_named(acme: Caller, other: Caller, jobs: JobStore, everything: Everything) -> None:
    running = accepted(jobs, listed(acme, 1)).id
    theirs = filmed(other, jobs)
    draft = an_ad(acme, title="A car", description="Red")
    words = {"title": "A car", "description": "Red"}
    for said, status, field in [
        ({}, 422, "title"),
        ({"title": "A car"}, 422, "description"),
        ({**words, "status": "active"}, 409, "status"),
        ({**words, "status": "active", "jobId": running}, 409, "status"),
        ({**words, "status": "sold"}, 422, "status"),
        ({**words, "jobId": UNKNOWN}, 404, "jobId"),
        ({**words, "jobId": theirs}, 404, "jobId"),
        ({**words, "category": "spaceships"}, 422, "category"),
        ({**words, "price": -1}, 422, "price"),
        ({**words, "page": "mine"}, 422, "page"),
    ]:
        problem = everything.refused(lambda said=said: acme.post(ADS, said), status)  # type: ignore[misc]  # bound now
        assert field in [one["field"] for one in problem["errors"]], problem
    everything.refused(lambda: acme.patch(f"{ADS}/{draft['id']}", {"status": "active"}), 409, "status")
    everything.refused(lambda: acme.patch(f"{ADS}/{draft['id']}", {"title": None}), 422, "title")
    everything.refused(lambda: other.patch(f"{ADS}/{draft['id']}", {"title": "Mine"}), 404)


@pytest.mark.parametrize("page", ["x", "%00", "a" * 5000])
def test_a_page_that_nobody_made_is_not_found(acme: Caller, page: str) -> None:
    assert Caller().get(f"/ads/{page}").status == 404
