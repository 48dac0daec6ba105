from __future__ import annotations

import pytest

from functions.api.player_tokens import HALF_A_DAY, PlayerTokens
from functions.studio.errors import Unauthenticated

PATH = "/api/v3/videos/057c01c0-17f8-470e-9742-e4e3380eb9e6/playlist.m3u8"


def tokens(at: float = 0, secret: bytes = b"secret") -> PlayerTokens:
    return PlayerTokens(lambda: secret, lambda: at)


def token_of(path: str = PATH) -> str:
    link = tokens().link(path)
    assert link.startswith(f"{path}?token=")
    return link.partition("=")[2]


def test_a_token_opens_its_path_for_half_a_day_at_least_and_a_day_at_most() -> None:
    token = token_of()
    tokens().check(PATH, token)
    tokens(at=2 * HALF_A_DAY - 1).check(PATH, token)
    with pytest.raises(Unauthenticated, match="expired"):
        tokens(at=2 * HALF_A_DAY).check(PATH, token)


def test_a_link_stays_the_same_for_a_while_so_that_a_job_keeps_its_etag() -> None:
    assert tokens(at=1).link(PATH) == tokens(at=HALF_A_DAY - 1).link(PATH) != tokens(at=HALF_A_DAY).link(PATH)


def test_a_token_with_any_character_changed_left_out_or_added_opens_nothing() -> None:
    token = token_of()
    for place in range(len(token)):
        before, here, after = token[:place], token[place], token[place + 1 :]
        for other in {"0", "1", "9", "a", "f", "A", ".", " ", "é", "\ud800", chr(ord(here) ^ 1), here.upper()} - {here}:
            with pytest.raises(Unauthenticated):
                tokens().check(PATH, before + other + after)
        with pytest.raises(Unauthenticated):
            tokens().check(PATH, before + after)
        with pytest.raises(Unauthenticated):
            tokens().check(PATH, before + "0" + here + after)


@pytest.mark.parametrize("token", ["", ".", "..", "99999999999", "99999999999.", ".0", "x", "99999999999." + "0" * 64])
def test_what_is_no_token_opens_nothing(token: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens().check(PATH, token)


@pytest.mark.parametrize(
    "path", ["", PATH.replace("057c", "157c"), PATH.replace("playlist", "film"), PATH + "/", PATH.upper()]
)
def test_a_token_opens_no_other_path(path: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens().check(path, token_of())


def test_a_token_of_another_deployment_opens_nothing() -> None:
    with pytest.raises(Unauthenticated):
        tokens(secret=b"another").check(PATH, token_of())
