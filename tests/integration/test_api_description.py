from __future__ import annotations

import json

from functions.api.door import routes
from functions.api.handler import app
from tests.integration.api_events import Caller


def test_the_description_is_openapi_3_1_and_knows_every_call(deployed: None) -> None:
    described = json.loads(Caller().get("/api/v3/openapi.json").text)
    assert described["openapi"].startswith("3.1")
    documented = {(method.upper(), path) for path, calls in described["paths"].items() for method in calls}
    undocumented = {"/api/v3/openapi.json", "/api/v3/docs"}
    assert documented == {(route.method, route.openapi_path) for route in routes(app) if route.path not in undocumented}


def test_the_description_is_valid(deployed: None) -> None:
    from openapi_spec_validator import validate

    validate(json.loads(Caller().get("/api/v3/openapi.json").text))


def test_the_page_shows_the_description_without_asking_elsewhere(deployed: None) -> None:
    page = Caller().get("/api/v3/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "/jobs/from-image-pairs" in page.text
    assert 'src="http' not in page.text
