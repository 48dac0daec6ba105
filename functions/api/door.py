"""What every request passes before its route: is there such a route, who asks, can it be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
    OpenAPIResponseValidationMiddleware,
)

from functions.api import given
from functions.api.bodies import at_fault, raw_body, require_json_size
from functions.api.envelope import JSON, ROOT
from functions.api.freshness import answer_if_changed
from functions.studio.errors import (
    FieldError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    RequestError,
    UnsupportedMedia,
)
from functions.studio.telemetry import about

PUBLIC = frozenset({f"{ROOT}/health", f"{ROOT}/openapi.json", f"{ROOT}/docs"})
"""The only paths without a key."""

PAGE_OF_AD = "/ads/<page_id>"
"""The only route for everybody who has a link: what names the page is not to be guessed, and the page has no tenant's data
but the ad."""

BY_TOKEN = frozenset({f"{ROOT}/videos/<job_id>/playlist.m3u8", f"{ROOT}/videos/<job_id>/film.m3u8"})
"""The only routes that a player token opens as well: each its own path."""

Next = Callable[[APIGatewayHttpResolver], Response[Any]]


def guarded(app: APIGatewayHttpResolver) -> None:
    """Sets the order of the door. Powertools' own validation would come first, so that strangers could try the forms."""
    app.use(
        [
            require_key,
            require_route,
            require_readable,
            answer_if_changed,
            OpenAPIRequestValidationMiddleware(),
            OpenAPIResponseValidationMiddleware(has_response_validation_error=True),
        ]
    )


def require_key(app: APIGatewayHttpResolver, next_middleware: Next) -> Response[Any]:
    path, route = app.current_event.path, app.context["_route"]
    token = app.current_event.query_string_parameters.get("token")
    if token is not None and route.path in BY_TOKEN:
        given.player_tokens().check(path, token)
    elif path not in PUBLIC and route.path != PAGE_OF_AD:
        caller = given.keys().authenticate(app.current_event.headers)
        app.append_context(caller=caller)
        about(tenant=caller.tenant)
    return next_middleware(app)


def require_route(app: APIGatewayHttpResolver, next_middleware: Next) -> Response[Any]:
    path, method = app.current_event.path, app.current_event.http_method
    words = {route.method for route in app._static_routes if route.rule.match(path)}
    if app.context["_route"] not in routes(app) or (words and method not in words):
        # A path that is a route's own words is not the id of another's.
        methods = words or {route.method for route in routes(app) if route.rule.match(path)}
        if methods:
            if "GET" in methods:
                methods.add("HEAD")
            raise MethodNotAllowed(f"{method} is not a method of {path}.", sorted(methods))
        detail = f"There is nothing at {path}."
        raise NotFound(detail, hint=f"{ROOT}/docs lists what there is.", errors=(FieldError("path", detail),))
    return next_middleware(app)


def require_readable(app: APIGatewayHttpResolver, next_middleware: Next) -> Response[Any]:
    """A parameter that nobody reads would be a wish that is not fulfilled: it is refused, but for what those who pass a link
    on have put behind it."""
    route: Route = app.context["_route"]
    known = {field.alias for field in route.dependant.query_params}
    unknown = sorted(set(app.current_event.query_string_parameters) - known)
    if unknown and route.path != PAGE_OF_AD:
        raise InvalidRequest(
            f"There is no query parameter {unknown[0]!r} here.",
            errors=tuple(FieldError(name, "is not a parameter of this call") for name in unknown),
        )
    if route.dependant.body_params:
        _require_json(app)
    return next_middleware(app)


def routes(app: APIGatewayHttpResolver) -> Iterator[Route]:
    """All registered routes; Powertools has no public list of them."""
    yield from app._static_routes
    yield from app._dynamic_routes


def _require_json(app: APIGatewayHttpResolver) -> None:
    content_type = app.current_event.headers.get("content-type", JSON)
    if content_type.split(";")[0].strip().lower() != JSON:
        raise UnsupportedMedia(
            f"This call takes JSON, not {content_type[:80]}.",
            hint=f"Send `Content-Type: {JSON}`.",
            errors=(FieldError("Content-Type", f"must be {JSON}"),),
        )
    # However it was written: Powertools knows it in small letters alone.
    app.current_event.raw_event.setdefault("headers", {})["content-type"] = JSON
    body = raw_body(app.current_event)
    require_json_size(body)
    try:
        body.decode()
    except UnicodeDecodeError:
        raise at_fault(RequestError, "is not UTF-8", "JSON is sent as UTF-8.") from None
