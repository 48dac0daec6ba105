"""A listing's film from two pictures, through the whole workflow of the local cloud."""

from __future__ import annotations

from typing import Any

from functions.studio.narration import Narration
from local.cloud import LocalCloud
from tests.workflow.conftest import Film, Team
from tests.workflow.listing_job import Listings


def test_two_pictures_and_a_description_become_a_narrated_film(
    cloud: LocalCloud, team: Team, pictures: list[Any], film_of: Any
) -> None:
    listings = Listings(cloud)
    campaign = team.campaign([])
    assets = [team.upload(campaign, picture) for picture in pictures[:2]]
    job = listings.film(campaign, assets)
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    row = listings.jobs.job(job)
    assert row.narration is not None
    told = Narration.model_validate_json(listings.media.read(row.narration.key))
    film: Film = film_of(job)
    assert told.timed == "heard"
    assert film.plays_in_browsers
    assert row.film is not None
    assert row.film.subtitles is not None
    assert row.film.loudness is not None
    assert abs((row.film.loudness.integrated or 0) + 14) <= 1
