"""The API's description of itself: OpenAPI 3.1, and a page to read and try it."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.params import Dependant
from pydantic import BaseModel

from functions.api.accept_job import reception
from functions.api.dialects import listings, scenes, words
from functions.api.dialects.prompted import GENERATES
from functions.api.door import BY_TOKEN, PUBLIC, routes
from functions.api.envelope import JSON, ROOT
from functions.api.forms import FORM
from functions.api.freshness import has_tag
from functions.api.given import operator
from functions.api.keys import OPERATOR
from functions.api.once import HEADER, LONGEST, REPLAYED, once
from functions.api.standing import the_tier
from functions.api.uploads import PresignedUpload, UploadForm, UrlUpload

REF = "#/components/schemas/"
PROBLEM = {
    "description": "A problem (RFC 9457) in `error`",
    "content": {JSON: {"schema": {"$ref": f"{REF}Failure"}}},
}
REFUSALS = (words.Refusal, words.NotFoundHere, scenes.Refused, listings.ListingRefused)
REFUSAL = {
    "description": "In the older dialects' words; a video that is not there is `not_found`, of scenes an `error`",
    "content": {JSON: {"schema": {"anyOf": [{"$ref": f"{REF}{one.__name__}"} for one in REFUSALS]}}},
}
GENERATED_FROM = (*GENERATES.values(), scenes.GenerateScene)
"""What a video of the older dialects may be made of."""
RETRY_AFTER = {
    "description": "Seconds until it is worth asking again, where something is still to come",
    "schema": {"type": "integer"},
}
POWERTOOLS_OWN = ("HTTPValidationError", "ResponseValidationError", "ValidationError")
"""Schemas of answers that are none of ours."""
KEYS = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
PLAYER_TOKEN = {"type": "apiKey", "in": "query", "name": "token"}


def document(app: APIGatewayHttpResolver) -> dict[str, Any]:
    """What Powertools reads from the routes, with keys, problems and the form of an upload."""
    described: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(
            title="Reelay",
            version="3.0.0",
            description="Finished films from what a marketing team already has.",
        )
    )
    schemas = described["components"]["schemas"]
    schemas["Failure"] = _failure()
    schemas["UploadForm"] = _form()
    in_json = (listings.GenerateScript, listings.CreateAd)
    for kind in (UrlUpload, PresignedUpload, *GENERATED_FROM, *in_json, *REFUSALS):
        schema = kind.model_json_schema(ref_template=REF + "{model}")
        schemas |= schema.pop("$defs", {}) | {kind.__name__: schema}
    schemas[listings.GenerateListing.__name__] = _listing_form()
    described["components"]["securitySchemes"] = {**KEYS, "playerToken": PLAYER_TOKEN}
    described["security"] = [{name: []} for name in KEYS]
    described["components"]["responses"] = {"Problem": PROBLEM, "Refusal": REFUSAL}
    described["paths"][f"{ROOT}/assets/upload"]["post"]["requestBody"] = _upload()
    described["paths"][f"{words.ROOT}/generate"]["post"]["requestBody"] = _generate()
    described["paths"][listings.SCRIPT]["post"]["requestBody"] = _in_json(listings.GenerateScript)
    described["paths"][listings.CREATE_AD]["post"]["requestBody"] = _in_json(listings.CreateAd)
    for name in POWERTOOLS_OWN:
        del schemas[name]
    _without_titles(described)
    for route in routes(app):
        if route.openapi_path in described["paths"]:
            operation = described["paths"][route.openapi_path][route.method.lower()]
            _name(operation, route)
            _add_headers(operation, route)
            _add_problems(operation, route)
    return described


def _name(operation: dict[str, Any], route: Route) -> None:
    """One that generated clients can call a method by."""
    operation["operationId"] = f"{operation['tags'][0]}_{route.func.__name__}"
    if route.func.__doc__:
        operation["description"] = route.func.__doc__


def _add_headers(operation: dict[str, Any], route: Route) -> None:
    """What is sent and answered beside the body; an answer without a body has no content either."""
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        parameter["schema"] = _never_null(parameter["schema"])
    answers = operation["responses"]
    for status in answers.keys() & {"204", "302"}:
        answers[status].pop("content", None)
    for status in answers.keys() & {"201", "202", "302"}:
        answers[status]["headers"] = {"Location": _header("Where it is")}
    if has_tag(route) and JSON in answers.get("200", {}).get("content", {}):
        parameters.append(_parameter("If-None-Match", "Tags of what the caller has already", {"type": "string"}))
        waiting = {"Retry-After": RETRY_AFTER} if route.path.startswith(f"{ROOT}/jobs/<job_id>") else {}
        answers["200"]["headers"] = {"ETag": _header("Of the data"), **waiting}
        answers["304"] = {"description": "Nothing has changed", "headers": answers["200"]["headers"]}
    if _asks_for(route.dependant, once):
        meaning = (
            "The same key is the same job, or script: one of your own making for each request, kept for two days; bare, or as a string "
            "in double quotes. 409 while the first request is not answered yet, 422 with another request"
        )
        key = {"type": "string", "minLength": 1, "maxLength": 2 * LONGEST + 2, "pattern": "^[ -~]+$"}
        parameters.append(_parameter(HEADER, meaning, key))
        replayed = _header("`true` when the request was accepted before")
        [accepted] = answers.keys() & {"201", "202"} or {"200"}
        answers[accepted].setdefault("headers", {})[REPLAYED] = replayed
        if accepted == "202":
            answers[accepted]["headers"] |= {"Retry-After": RETRY_AFTER}


def _add_problems(operation: dict[str, Any], route: Route) -> None:
    statuses = set()
    if route.path in PUBLIC:
        operation["security"] = []
    else:
        statuses |= {"401"}
    if route.path in BY_TOKEN:
        operation["security"] = [{name: []} for name in (*KEYS, "playerToken")]
    if route.dependant.path_params:
        statuses |= {"404"}
    if route.dependant.query_params:
        statuses |= {"422"}
    if "requestBody" in operation and _asks_for(route.dependant, the_tier):
        statuses |= {"403"}
    if "requestBody" in operation:
        statuses |= {"400", "404", "413", "415", "422"}
    if _asks_for(route.dependant, operator):
        operation["security"] = [{name: [OPERATOR]} for name in KEYS]
        statuses |= {"403"}
    if _asks_for(route.dependant, reception):
        statuses |= {"402"}
    if _asks_for(route.dependant, once):
        statuses |= {"409"}
    dialect = route.path.startswith((f"{words.ROOT}/", listings.ADS))
    refer = {"$ref": f"#/components/responses/{'Refusal' if dialect else 'Problem'}"}
    own = {status: said for status, said in operation["responses"].items() if status not in statuses}
    operation["responses"] = dict(sorted((own | dict.fromkeys(statuses, refer)).items())) | {"default": refer}


def _asks_for(dependant: Dependant, dependency: Callable[..., Any]) -> bool:
    return any(
        one.depends.dependency is dependency or _asks_for(one.dependant, dependency) for one in dependant.dependencies
    )


def _header(words: str) -> dict[str, Any]:
    return {"description": words, "schema": {"type": "string"}}


def _parameter(name: str, words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": words, "schema": schema}


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is given or left out."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    return {**kinds[0], **{key: said for key, said in schema.items() if key != "anyOf"}} if len(kinds) == 1 else schema


def _without_titles(node: Any) -> None:
    """Those that pydantic makes of the names of fields."""
    if isinstance(node, dict):
        for name in [name for name, entry in node.items() if name == "title" and isinstance(entry, str)]:
            if "properties" not in node and "info" not in node and "version" not in node:
                del node[name]
        for entry in node.values():
            _without_titles(entry)
    elif isinstance(node, list):
        for entry in node:
            _without_titles(entry)


def _upload() -> dict[str, Any]:
    in_json = [{"$ref": f"{REF}{kind.__name__}"} for kind in (UrlUpload, PresignedUpload)]
    schemas = {"multipart/form-data": {"$ref": f"{REF}UploadForm"}, JSON: {"oneOf": in_json}}
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in schemas.items()}}


def _generate() -> dict[str, Any]:
    schema = {"oneOf": [{"$ref": f"{REF}{kind.__name__}"} for kind in GENERATED_FROM]}
    form = {"$ref": f"{REF}{listings.GenerateListing.__name__}"}
    return {"required": True, "content": {JSON: {"schema": schema}, FORM: {"schema": form}}}


def _in_json(kind: type[BaseModel]) -> dict[str, Any]:
    return {"required": True, "content": {JSON: {"schema": {"$ref": f"{REF}{kind.__name__}"}}}}


def _listing_form() -> dict[str, Any]:
    schema: dict[str, Any] = listings.GenerateListing.model_json_schema(ref_template=REF + "{model}")
    picture = {"type": "string", "format": "binary"}
    schema["properties"]["images"] = {"type": "array", "items": picture, "description": "JPEG, PNG or WebP"}
    return schema


def _form() -> dict[str, Any]:
    schema = UploadForm.model_json_schema(ref_template=REF + "{model}")
    schema["properties"]["file"] = {"type": "string", "format": "binary", "description": "A JPEG, PNG or WebP"}
    schema["required"].append("file")
    return schema


def _failure() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["data", "error", "meta"],
        "properties": {
            "data": {"type": "null"},
            "error": {"$ref": f"{REF}Problem"},
            "meta": {"$ref": f"{REF}Meta"},
        },
    }


def describe(app: APIGatewayHttpResolver) -> None:
    """The two public routes of the description; both are made when first asked for."""

    @app.get(f"{ROOT}/openapi.json", include_in_schema=False)
    def openapi() -> Response[str]:
        return Response(200, JSON, json.dumps(document(app)))

    @app.get(f"{ROOT}/docs", include_in_schema=False)
    def docs() -> Response[str]:
        from aws_lambda_powertools.event_handler.openapi.swagger_ui import generate_swagger_html

        page = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")
        return Response(
            200,
            "text/html; charset=utf-8",
            generate_swagger_html(
                # A page's script ends at the first "</" that looks like its end.
                spec=json.dumps(document(app)).replace("</", "<\\/"),
                swagger_js=(page / "swagger-ui-bundle.min.js").read_text("utf-8"),
                swagger_css=(page / "swagger-ui.min.css").read_text("utf-8"),
                swagger_base_url="",
                oauth2_config=None,
            ),
        )
