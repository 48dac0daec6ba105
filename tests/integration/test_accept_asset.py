"""What is kept of a picture when its write is answered strangely."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from functions.api.accept_asset import accept_asset
from functions.api.uploads import Wish
from functions.studio.library import Asset, Campaign, Library
from functions.studio.media_store import MediaStore
from functions.studio.rows import now
from functions.studio.table import Table
from tests.integration.api_stage import picture
from tests.integration.asset_stage import objects, rows
from tests.scripted import Answering

CAMPAIGN = Campaign(id="k", tenant="acme", name="Spring", created_at=now(), updated_at=now())
WISH = Wish(name="Lamp", type="image", tags=[])


@pytest.fixture(autouse=True)
def _campaign(table: Table) -> None:
    Library(table).add(CAMPAIGN)


def test_a_write_that_was_done_although_it_was_to_be_tried_again_is_the_asset_and_keeps_its_files(
    table: Table, media: MediaStore
) -> None:
    library = Library(Table(table.name, Answering(table, "TransactionInProgressException", 400, done=True)))
    accepted = accept_asset(WISH, picture(), CAMPAIGN, library, media)
    assert accepted.new
    assert library.get(Asset, CAMPAIGN.tenant, accepted.asset.id) == accepted.asset
    assert sorted(objects(media)) == sorted(accepted.asset.keys)


def test_nothing_is_kept_of_a_picture_whose_write_was_refused(table: Table, media: MediaStore) -> None:
    library = Library(Table(table.name, Answering(table, "ValidationException", 400, done=False)))
    with pytest.raises(ClientError):
        accept_asset(WISH, picture(), CAMPAIGN, library, media)
    assert objects(media) == []


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(
    ("code", "status", "times"), [("InternalServerError", 500, 1), ("TransactionInProgressException", 400, 99)]
)
def test_the_files_stay_where_nobody_knows_whether_the_write_was_done(
    table: Table, media: MediaStore, code: str, status: int, times: int, done: bool
) -> None:
    library = Library(Table(table.name, Answering(table, code, status, done=done, times=times)))
    with pytest.raises(ClientError):
        accept_asset(WISH, picture(), CAMPAIGN, library, media)
    assert len(objects(media)) == 2


def test_the_same_file_sent_many_times_at_once_is_one_asset(table: Table, media: MediaStore) -> None:
    body = picture()
    with ThreadPoolExecutor(6) as senders:
        accepted = list(senders.map(lambda _: accept_asset(WISH, body, CAMPAIGN, Library(table), media), range(6)))
    assert sorted(one.new for one in accepted) == [False] * 5 + [True]
    assert len({one.asset.id for one in accepted}) == 1
    assert sorted(objects(media)) == sorted(accepted[0].asset.keys)
    assert sorted(row.split("#")[0] for row in rows(table)) == ["ASSET", "IN", "SAME"]
