"""Functions that have the fonts' layer find the same files here."""

from __future__ import annotations

from pathlib import Path

from functions.studio.fonts import FACES
from infra.bundles import FONTS_ON_LAMBDA
from local.fonts import fonts_folder, with_fonts_of_here
from local.workers import Function


def function(**environment: str) -> Function:
    return Function(name="make_piece", arn="arn", handler="handler", environment=environment)


def test_where_lambda_has_its_layer_the_local_cloud_has_what_lies_in_it() -> None:
    environment = with_fonts_of_here(function(FONTS_FOLDER=FONTS_ON_LAMBDA, TABLE_NAME="rows")).environment
    assert environment["TABLE_NAME"] == "rows"
    folder = Path(environment["FONTS_FOLDER"])
    assert {path.name for path in folder.iterdir()} == FACES.keys()
    assert folder == fonts_folder()


def test_a_function_without_the_layer_has_no_fonts_here_either() -> None:
    plain = function(TABLE_NAME="rows")
    assert with_fonts_of_here(plain) is plain
