"""The API's description of itself: OpenAPI 3.1, and a page to read and try it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from functions.api.door import PUBLIC
from functions.api.envelope import JSON, ROOT
from functions.api.uploads import UploadForm

REF = "#/components/schemas/"
ERRORS = {
    "description": "A problem (RFC 9457) in `error`",
    "content": {JSON: {"schema": {"$ref": f"{REF}Failure"}}},
}
KEYS = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}


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
    described["components"]["securitySchemes"] = KEYS
    described["security"] = [{name: []} for name in KEYS]
    for path, operations in described["paths"].items():
        for operation in operations.values():
            operation["responses"]["default"] = ERRORS
            if path in PUBLIC:
                operation["security"] = []
    upload = {"required": True, "content": {"multipart/form-data": {"schema": {"$ref": f"{REF}UploadForm"}}}}
    described["paths"][f"{ROOT}/assets/upload"]["post"]["requestBody"] = upload
    return described


def _form() -> dict[str, Any]:
    schema = UploadForm.model_json_schema(ref_template=REF + "{model}")
    schema["properties"]["file"] = {"type": "string", "format": "binary", "description": "A JPEG or PNG"}
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
