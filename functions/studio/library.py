"""What tenants keep: `T#{tenant}` → CLIENT#{id}, CAMPAIGN#{id}, ASSET#{id}, UPLOAD#{id} for a file that is still to come;
IN#{campaign}#{asset} for a campaign's own assets, SAME#{campaign}#{sha256} for the one that a file has become there.

Ids sort by the time of their making, so every list is in order of creation. Reads are consistent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from typing import Any, Literal, TypeVar

from pydantic import Field

from functions.studio.errors import ConditionLost, Conflict, FieldError, NotFound
from functions.studio.rows import Entry, age_of, id_of, is_id, new_id, now
from functions.studio.scenes import Scenario
from functions.studio.table import Table, Write, check, delete, put, update

LONGEST_DELETION = 60.0
"""Seconds that the deletion of a campaign may take: twice what the API's function has."""

USUAL_CAMPAIGN = "Scenarios"
"""What the campaign is called of scenarios that name none."""

LISTINGS = "Listings"
"""The same of listings."""

PAGE = 100
"""Rows read at once while a filter looks for what it wants."""


class Client(Entry):
    sort = "CLIENT"
    word = "client"

    name: str
    homepage: str | None = None
    brand_guidelines: str | dict[str, Any] | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class Campaign(Entry):
    sort = "CAMPAIGN"
    word = "campaign"

    client_id: str | None = None
    name: str
    goal: str | None = None
    target_audience: str | None = None
    product_url: str | None = None
    budget_usd: Decimal | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    deleting: str | None = None
    """While somebody looks whether it can go: it gets nothing more to hold on to."""


AssetType = Literal["image", "audio", "video"]


class Asset(Entry):
    """A picture, music or a short video; what one of them lacks is None."""

    sort = "ASSET"
    word = "asset"

    campaign_id: str
    client_id: str | None = None
    name: str
    type: AssetType = "image"
    key: str
    """Of the media bucket: a JPEG or PNG of 8 bits, upright, as providers take it; music and videos as they came."""
    thumbnail_key: str | None = None
    """A JPEG of at most 768 pixels a side."""
    content_type: str
    bytes: int
    sha256: str
    """Of the file as it came, by which it is known when it comes again."""
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    tags: list[str] = Field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Of all its objects."""
        return [key for key in (self.key, self.thumbnail_key) if key]


class PictureAsset(Asset):
    thumbnail_key: str
    width: int
    height: int


class Upload(Entry):
    """A file that was announced; it is an asset of the same id once it has come and is confirmed."""

    sort = "UPLOAD"
    word = "upload"

    campaign_id: str
    name: str
    type: AssetType = "image"
    tags: list[str] = Field(default_factory=list)
    key: str
    """Of the media bucket, where it is to be put."""
    most_bytes: int
    post_until: str
    """Until then it can be put there."""
    asset_id: str | None = None
    """The asset that was there already, when it turned out to be a duplicate."""
    expires_at: int


E = TypeVar("E", bound=Entry)


def usual_id(tenant: str, called: str) -> str:
    """Of the campaign of what names none."""
    return id_of(tenant if called == USUAL_CAMPAIGN else f"{tenant} {called}")


def _pk(tenant: str) -> str:
    return f"T#{tenant}"


def _prefix(kind: type[Entry]) -> str:
    return f"{kind.sort}#"


def _in(campaign_id: str) -> str:
    return f"IN#{campaign_id}#"


def _same(campaign_id: str, sha256: str) -> str:
    return f"SAME#{campaign_id}#{sha256}"


class Library:
    def __init__(self, table: Table) -> None:
        self.table = table

    def get(self, kind: type[E], tenant: str, entry_id: str, *, field: str | None = None) -> E:
        """NotFound for another tenant's id as for none at all; `field` is where the caller named it, else in the path."""
        found = self.find(kind, tenant, entry_id)
        if found is None:
            detail = f"There is no {kind.word} {entry_id[:80]!r}."
            raise NotFound(detail, errors=(FieldError(field or f"{kind.word}_id", detail),))
        return found

    def find(self, kind: type[E], tenant: str, entry_id: str) -> E | None:
        row = self.table.get(_pk(tenant), _prefix(kind) + entry_id) if is_id(entry_id) else None
        return kind.model_validate(row) if row else None

    def assets(self, tenant: str, asset_ids: Sequence[str]) -> list[Asset]:
        """Those of them that there are, in no particular order."""
        keys = [(_pk(tenant), _prefix(Asset) + one) for one in asset_ids if is_id(one)]
        return [Asset.model_validate(row) for row in self.table.get_many(keys)]

    def page(
        self,
        kind: type[E],
        tenant: str,
        *,
        limit: int,
        after: str | None = None,
        keep: Callable[[E], bool] = lambda _: True,
        newest_first: bool = False,
    ) -> tuple[list[E], str | None]:
        """At most `limit` entries that `keep` wants, made after the id `after` (before it, the newest first); and the id to
        go on from, if there are more."""
        rows = self._rows(_pk(tenant), _prefix(kind), after, limit, newest_first=newest_first)
        return _cut((kind.model_validate(row) for row in rows), limit, keep)

    def add(self, entry: Client | Campaign | Upload | Scenario) -> None:
        """Under an id of its own: what the SDK repeats is the same again."""
        self.table.commit(put(_pk(entry.tenant), _prefix(type(entry)) + entry.id, entry.attributes()))

    def new(self, entry: Entry) -> Write:
        """For a transaction: there is none of its id yet."""
        return put(_pk(entry.tenant), _prefix(type(entry)) + entry.id, entry.attributes(), {"pk": None})

    def replaced(self, entry: Entry, when: Mapping[str, Any]) -> Write:
        """For a transaction: an entry that is there becomes this one, while `when` holds of it."""
        return put(_pk(entry.tenant), _prefix(type(entry)) + entry.id, entry.attributes(), {"pk": ..., **when})

    def change(self, kind: type[E], tenant: str, entry_id: str, changes: Mapping[str, Any]) -> E:
        """`changes` by their names in the table; None removes one."""
        self.get(kind, tenant, entry_id)
        try:
            self.table.commit(
                update(_pk(tenant), _prefix(kind) + entry_id, {**changes, "updatedAt": now()}, {"pk": ...})
            )
        except ConditionLost:
            raise NotFound(f"There is no {kind.word} {entry_id!r} any more.") from None
        return self.get(kind, tenant, entry_id)

    def remove(self, entry: Client | Campaign | Upload) -> None:
        self.table.commit(delete(_pk(entry.tenant), _prefix(type(entry)) + entry.id))

    def usual_campaign(self, tenant: str, called: str = USUAL_CAMPAIGN) -> Campaign:
        """Of what names none: made when it is first wanted, and once more where it was deleted."""
        campaign_id, stamp = usual_id(tenant, called), now()
        if found := self.find(Campaign, tenant, campaign_id):
            return found
        made = Campaign(id=campaign_id, tenant=tenant, name=called, created_at=stamp, updated_at=stamp)
        with suppress(ConditionLost):  # somebody else was quicker
            self.table.commit(put(_pk(tenant), _prefix(Campaign) + made.id, made.attributes(), {"pk": None}))
        return self.get(Campaign, tenant, campaign_id)

    def as_read(self, campaign: Campaign, *, staying: bool) -> Write:
        """For a transaction that counts on the campaign's budget and, if `staying`, on the campaign itself."""
        when = {"pk": ..., "budgetUsd": campaign.budget_usd} | ({"deleting": None} if staying else {})
        return check(_pk(campaign.tenant), _prefix(Campaign) + campaign.id, when)

    def remove_campaign(self, campaign: Campaign, check_unused: Callable[[], None], *with_it: Write) -> None:
        """Conflict while it has assets, or `check_unused` raises one. From its mark on it gets no more assets and no job, so
        that none is left behind. A mark that a crash has left holds nothing up for longer than LONGEST_DELETION."""
        pk, sk, mark = _pk(campaign.tenant), _prefix(Campaign) + campaign.id, new_id()
        try:
            self.table.commit(update(pk, sk, {"deleting": mark}, {"pk": ...}))
            try:
                check_unused()
                if self.has_assets(campaign):
                    raise Conflict("The campaign still has assets.", hint="Delete its assets first.")
            except Conflict:
                self.table.commit(update(pk, sk, {"deleting": None}, {"deleting": mark}))
                raise
            self.table.commit(delete(pk, sk, {"deleting": mark}), *with_it)
        except ConditionLost:
            if self.find(Campaign, campaign.tenant, campaign.id) is None:
                return
            raise Conflict("The campaign is being deleted already.", hint="Look whether it is gone.") from None

    def stands(self, tenant: str, campaign_id: str) -> Write:
        """For a transaction that needs the campaign, now and later: it is there, and nobody is deleting it."""
        return check(_pk(tenant), _prefix(Campaign) + campaign_id, {"pk": ..., "deleting": None})

    def forget_deletion(self, tenant: str, campaign_id: str) -> bool:
        """Takes away the mark of a deletion that has crashed; False where none has."""
        row = self.table.get(_pk(tenant), _prefix(Campaign) + campaign_id) or {}
        mark = row.get("deleting")
        if mark is None or age_of(mark) < LONGEST_DELETION:
            return False
        try:
            self.table.commit(
                update(_pk(tenant), _prefix(Campaign) + campaign_id, {"deleting": None}, {"deleting": mark})
            )
        except ConditionLost:  # somebody else did
            return self.find(Campaign, tenant, campaign_id) is not None
        return True

    def campaigns_of(self, client: Client) -> Iterator[Campaign]:
        rows = self.table.query(_pk(client.tenant), _prefix(Campaign))
        return (campaign for campaign in map(Campaign.model_validate, rows) if campaign.client_id == client.id)

    def add_asset(self, asset: Asset) -> None:
        """ConditionLost when the campaign has an asset of the same file, there is one of this id, or the campaign goes."""
        pk = _pk(asset.tenant)
        self.table.commit(
            put(pk, _prefix(Asset) + asset.id, asset.attributes(), {"pk": None}),
            put(pk, _in(asset.campaign_id) + asset.id, {"assetId": asset.id, "type": asset.type}),
            put(pk, _same(asset.campaign_id, asset.sha256), {"assetId": asset.id}, {"pk": None}),
            self.stands(asset.tenant, asset.campaign_id),
        )

    def same_asset(self, campaign: Campaign, sha256: str) -> Asset | None:
        """What the campaign has made of that file."""
        row = self.table.get(_pk(campaign.tenant), _same(campaign.id, sha256))
        return self.find(Asset, campaign.tenant, row["assetId"]) if row else None

    def remove_asset(self, asset: Asset) -> None:
        pk = _pk(asset.tenant)
        try:
            self.table.commit(
                delete(pk, _prefix(Asset) + asset.id, {"pk": ...}),
                delete(pk, _in(asset.campaign_id) + asset.id),
                delete(pk, _same(asset.campaign_id, asset.sha256)),
            )
        except ConditionLost:
            raise NotFound(f"There is no asset {asset.id!r} any more.") from None

    def has_assets(self, campaign: Campaign) -> bool:
        rows, _ = self.table.page(_pk(campaign.tenant), _in(campaign.id), limit=1)
        return bool(rows)

    def count_pictures(self, campaign: Campaign) -> int:
        rows = self.table.query(_pk(campaign.tenant), _in(campaign.id))
        return sum(row["type"] == "image" for row in rows)

    def pictures(self, tenant: str, campaign_id: str) -> list[PictureAsset]:
        """All pictures of a campaign, oldest first."""
        found = self._in_campaign(tenant, campaign_id, None, PAGE)
        return [PictureAsset.model_validate(asset.model_dump()) for asset in found if asset.type == "image"]

    def page_of_campaign(
        self,
        campaign: Campaign,
        *,
        limit: int,
        after: str | None = None,
        keep: Callable[[Asset], bool] = lambda _: True,
    ) -> tuple[list[Asset], str | None]:
        """As `page`, of one campaign's assets."""
        return _cut(self._in_campaign(campaign.tenant, campaign.id, after, limit), limit, keep)

    def _in_campaign(self, tenant: str, campaign_id: str, after: str | None, limit: int) -> Iterator[Asset]:
        pointers = self._rows(_pk(tenant), _in(campaign_id), after, limit)
        while batch := [(_pk(tenant), _prefix(Asset) + row["assetId"]) for row in islice(pointers, PAGE)]:
            assets = [Asset.model_validate(row) for row in self.table.get_many(batch)]
            yield from sorted(assets, key=lambda asset: asset.id)

    def _rows(
        self, pk: str, prefix: str, after: str | None, limit: int, *, newest_first: bool = False
    ) -> Iterator[dict[str, Any]]:
        """All rows after an id, read a page of a list's length at a time and only as far as they are asked for."""
        position = prefix + after if after else None
        while True:
            rows, position = self.table.page(
                pk, prefix, after=position, limit=min(limit + 1, PAGE), last_first=newest_first
            )
            yield from rows
            if position is None:
                return


def _cut(entries: Iterable[E], limit: int, keep: Callable[[E], bool]) -> tuple[list[E], str | None]:
    """One more than asked for is looked for, so that the last page does not promise another."""
    found = list(islice(filter(keep, entries), limit + 1))
    return (found[:limit], found[limit - 1].id) if len(found) > limit else (found, None)
