"""The way in: one HTTP API, whose address providers call back."""

import json

from aws_cdk import CfnCondition, Fn, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as http
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.waivers import waive

# Neither the query nor any header: both carry keys and signatures.
LOGGED = {
    field: f"$context.{source}"
    for field, source in {
        "requestId": "requestId",
        "at": "requestTime",
        "ip": "identity.sourceIp",
        "method": "httpMethod",
        "path": "path",
        "route": "routeKey",
        "status": "status",
        "milliseconds": "responseLatency",
        "bytes": "responseLength",
        "error": "integrationErrorMessage",
    }.items()
}


class Door(Construct):
    """Who may pass is decided by the functions: the key check in `api`, the signature check in `callback`."""

    def __init__(self, scope: Construct, id: str, *, public_url: str) -> None:
        super().__init__(scope, id)
        stack = Stack.of(self)
        self.api = http.HttpApi(
            self,
            "Api",
            api_name=stack.stack_name,
            create_default_stage=False,
            cors_preflight=http.CorsPreflightOptions(
                allow_origins=["*"],
                allow_methods=[http.CorsHttpMethod.ANY],
                allow_headers=["authorization", "content-type", "idempotency-key", "if-none-match", "x-api-key"],
                expose_headers=["etag", "idempotent-replayed", "location", "retry-after"],
            ),
        )
        access = logs.LogGroup(
            self,
            "Access",
            log_group_name=f"/aws/vendedlogs/apis/{stack.stack_name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        http.CfnStage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=http.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=200, throttling_burst_limit=400
            ),
            access_log_settings=http.CfnStage.AccessLogSettingsProperty(
                destination_arn=access.log_group_arn, format=json.dumps(LOGGED)
            ),
        )
        own = CfnCondition(stack, "PublicUrlIsOwn", expression=Fn.condition_equals(public_url, ""))
        self.public_url = Fn.condition_if(own.logical_id, self.api.api_endpoint, public_url).to_string()

    def default_to(self, function: lambda_.Function) -> None:
        """Every request that has no route of its own."""
        self._route(http.HttpRouteKey.DEFAULT, function)

    def post_to(self, path: str, function: lambda_.Function) -> None:
        self._route(http.HttpRouteKey.with_(path, http.HttpMethod.POST), function)

    def _route(self, key: http.HttpRouteKey, function: lambda_.Function) -> None:
        route = http.HttpRoute(
            self,
            function.node.id,
            http_api=self.api,
            route_key=key,
            integration=integrations.HttpLambdaIntegration("Integration", function),
        )
        waive(
            "APIG4",
            route,
            because="The function asks for the key, or verifies the signature: an authorizer of an HTTP API is not "
            "asked unless every header that may hold a key is there.",
        )
