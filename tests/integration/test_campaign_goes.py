"""A campaign that is deleted while a picture comes: either the picture is first, or there is no asset of it."""

from __future__ import annotations

import pytest

from functions.studio.errors import ConditionLost, Conflict
from functions.studio.library import Asset, Campaign, Library
from functions.studio.rows import new_id, now
from functions.studio.table import Table


def a_campaign(library: Library) -> Campaign:
    campaign = Campaign(id=new_id(), tenant="acme", name="Spring", created_at=now(), updated_at=now())
    library.add(campaign)
    return campaign


def an_asset(campaign: Campaign) -> Asset:
    return Asset(
        id=new_id(),
        tenant=campaign.tenant,
        campaign_id=campaign.id,
        name="one",
        key="k",
        thumbnail_key="t",
        content_type="image/png",
        bytes=1,
        sha256="00",
        width=1,
        height=1,
        created_at=now(),
        updated_at=now(),
    )


def unused() -> None:
    """No job needs the campaign."""


class Looking(Library):
    """A picture comes when the deletion has marked the campaign, and before it looks whether there are any."""

    def has_assets(self, campaign: Campaign) -> bool:
        with pytest.raises(ConditionLost):
            self.add_asset(an_asset(campaign))
        return super().has_assets(campaign)


def test_a_campaign_that_is_gone_gets_no_asset(table: Table) -> None:
    library = Library(table)
    campaign = a_campaign(library)
    library.remove_campaign(campaign, unused)
    asset = an_asset(campaign)
    with pytest.raises(ConditionLost):
        library.add_asset(asset)
    assert library.find(Asset, "acme", asset.id) is None


def test_a_campaign_that_is_being_deleted_gets_no_asset(table: Table) -> None:
    library = Looking(table)
    campaign = a_campaign(library)
    library.remove_campaign(campaign, unused)
    assert library.find(Campaign, "acme", campaign.id) is None
    assert library.pictures("acme", campaign.id) == []


def test_a_campaign_that_has_assets_stays_and_goes_on_taking_them(table: Table) -> None:
    library = Library(table)
    campaign = a_campaign(library)
    first, second = an_asset(campaign), an_asset(campaign).model_copy(update={"sha256": "01"})
    library.add_asset(first)
    with pytest.raises(Conflict, match="still has assets"):
        library.remove_campaign(campaign, unused)
    library.add_asset(second)
    assert [one.id for one in library.pictures("acme", campaign.id)] == sorted([first.id, second.id])
