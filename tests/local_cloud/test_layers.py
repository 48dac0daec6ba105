"""Functions that have a layer of fonts or music find the same files here."""

from __future__ import annotations

from pathlib import Path

from functions.studio.fonts import FACES
from functions.studio.tracks import TRACKS, file_of
from infra.bundles import FONTS_ON_LAMBDA, TRACKS_ON_LAMBDA
from local.layers import fonts_folder, tracks_folder, with_folders_of_here
from local.workers import Function


def function(**environment: str) -> Function:
    return Function(name="make_piece", arn="arn", handler="handler", environment=environment)


def test_where_lambda_has_its_layer_the_local_cloud_has_what_lies_in_it() -> None:
    environment = with_folders_of_here(function(FONTS_FOLDER=FONTS_ON_LAMBDA, TABLE_NAME="rows")).environment
    assert environment["TABLE_NAME"] == "rows"
    folder = Path(environment["FONTS_FOLDER"])
    assert {path.name for path in folder.iterdir()} == FACES.keys()
    assert folder == fonts_folder()


def test_the_same_of_music() -> None:
    environment = with_folders_of_here(function(TRACKS_FOLDER=TRACKS_ON_LAMBDA)).environment
    assert environment == {"TRACKS_FOLDER": str(tracks_folder())}
    assert {path.name for path in tracks_folder().iterdir()} == {file_of(track) for track in TRACKS}


def test_a_function_without_the_layer_has_no_fonts_here_either() -> None:
    plain = function(TABLE_NAME="rows")
    assert with_folders_of_here(plain) is plain
