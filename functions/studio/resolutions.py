"""The resolutions that scenes are made in, read from resolutions.json, and what they come to with a model. Pure."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from functions.studio.catalogue import Model, Ratio
from functions.studio.data import Data


class Resolution(Data):
    name: str
    """Width and height of the video."""
    title: str
    video_ratio: Ratio
    image_ratio: Ratio
    image_size: str
    """Width and height of the picture that the video begins with."""

    def of_video(self, model: Model) -> str | None:
        """What the model is asked for: this very size, or else the ratio that comes nearest to it; None where it takes it
        from the picture."""
        return _asked_of(model, self.name)

    def of_image(self, model: Model) -> str | None:
        return _asked_of(model, self.image_size)

    def warnings(self, image: Model, videos: list[Model]) -> list[str]:
        """What will not be as the resolution says."""
        return [
            *_other(self.name, image, self.of_image(image), self.image_size, self.image_ratio),
            *(said for video in videos for said in self._of_video(video)),
        ]

    def _of_video(self, model: Model) -> list[str]:
        made = self.of_video(model)
        if made is not None:
            return _other(self.name, model, made, self.name, self.video_ratio)
        if self.image_ratio == self.video_ratio:
            return []
        return [f"resolution {self.name}: {model.name} takes the shape of its picture, {self.image_ratio}."]


class Resolutions(Data):
    usual: str
    source: str
    resolutions: list[Resolution]

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.resolutions]

    def find(self, name: str) -> Resolution | None:
        return next((one for one in self.resolutions if one.name == name), None)


@cache
def resolutions() -> Resolutions:
    return Resolutions.model_validate_json(Path(__file__).with_name("resolutions.json").read_bytes())


def _asked_of(model: Model, size: str) -> str | None:
    across, down = map(int, size.split(":"))
    return size if model.aspect_ratio(None, size) == size else model.aspect_ratio((across, down))


def _other(name: str, model: Model, made: str | None, *as_wished: str) -> list[str]:
    if made is None or made in as_wished:
        return []
    return [f"resolution {name}: {model.name} makes the nearest that it has, {made}, instead of {as_wished[-1]}."]
