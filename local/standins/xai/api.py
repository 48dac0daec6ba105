"""xAI's HTTP API, as far as the OpenAI SDK speaks it: chat completions with pictures and structured answers."""

import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.standins import answers, pictures
from local.standins.chat import Asked, ChatStandIn, Said, Shown, Words, refuse
from local.standins.xai.continuity import Seen, choose_pairs

MAX_PICTURE_BYTES = 20 * 2**20
# A picture is cut into tiles of 448×448, and one more shows the whole.
TILE, TOKENS_A_TILE, MOST_TILES = 448, 256, 6
_WISH = re.compile(r"\bexactly (\d+) pairs?\b")
_KEY = "Incorrect or missing API key. You can obtain an API key from the console."


class Xai(ChatStandIn):
    """`refuse_loopback`: pictures at private addresses cannot be reached, as from the real service."""

    owner = "xai"
    models = json.loads(Path(__file__).with_name("models.json").read_text())
    words = Words(
        no_key=_KEY,
        wrong_key=_KEY,
        key_type="authentication_error",
        unknown_model="The model {id} does not exist or your team does not have access to it.",
        gone_model="The model {id} has been retired.",
        model_param="model",
        refusal="I can't help with these pictures.",
        throttled="Request was throttled.",
        throttled_type="rate_limit_error",
    )

    def __init__(self, port: int = 0, *, token: str | None = None, refuse_loopback: bool = False) -> None:
        super().__init__(port, token=token)
        self._refuse_loopback = refuse_loopback

    def answer(self, asked: Asked) -> Said:
        with ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(self._look, asked.shown))
        return Said(_content(asked.schema, seen, asked.texts), sum(map(_image_tokens, seen)))

    def _look(self, shown: Shown) -> Seen:
        try:
            raw = pictures.fetch(shown.url, public_only=self._refuse_loopback, max_bytes=MAX_PICTURE_BYTES)
            picture = pictures.decode(raw)
        except pictures.PictureError as error:
            refuse(f"Image of {shown.id}: {error}", "messages")
        if picture.format not in ("JPEG", "MPO", "PNG"):
            refuse(f"Image of {shown.id}: {picture.format} is not supported, only JPEG and PNG are", "messages")
        return Seen(shown.id, shown.name, picture)


def _content(schema: dict[str, Any] | None, seen: list[Seen], texts: list[str]) -> str:
    least, most = answers.array_bounds(schema, "pairs") if schema else (None, None)
    if wishes := _WISH.findall("\n".join(texts)):
        # the real model reads what it is asked for in words, and its schemas take no lengths of arrays
        least = most = int(wishes[-1])
    pairs = choose_pairs(seen, least, most)
    mean = round(sum(pair.score for pair in pairs) / len(pairs), 3) if pairs else 0.0
    summary = (
        f"I looked at {len(seen)} pictures; along this order they agree by {round(mean * 100)} % from one to the next."
    )
    if schema is None:
        return " ".join([summary, *(pair.reason for pair in pairs)])
    known = {
        "*": summary,
        "#": mean,
        "pairs": [
            {
                "*": pair.reason,
                "#": pair.score,
                "image1AssetId": pair.first.id,
                "image2AssetId": pair.second.id,
                "score": pair.score,
                "reason": pair.reason,
            }
            for pair in pairs
        ],
    }
    return json.dumps(answers.answer(schema, known))


def _image_tokens(seen: Seen) -> int:
    width, height = seen.picture.size
    return (min(MOST_TILES, math.ceil(width / TILE) * math.ceil(height / TILE)) + 1) * TOKENS_A_TILE
