"""The way in: the HTTP API, its routes and what they lead to."""

from __future__ import annotations

from local.deployment.records import Deployment, Integration, Made
from local.deployment.resources.kinds import FOR_READERS, MEANT, NO_IAM, ONE_LOG, Properties, known
from local.template import TemplateFault


@known(
    "AWS::ApiGatewayV2::Api",
    Name=MEANT,
    ProtocolType=MEANT,
    CorsConfiguration={
        "AllowCredentials": MEANT,
        "AllowHeaders": MEANT,
        "AllowMethods": MEANT,
        "AllowOrigins": MEANT,
        "ExposeHeaders": MEANT,
        "MaxAge": MEANT,
    },
    Description=FOR_READERS,
    DisableExecuteApiEndpoint="there is no endpoint but this machine's",
    Tags=FOR_READERS,
)
def api(to: Deployment, logical_id: str, given: Properties) -> Made:
    if given["ProtocolType"] != "HTTP":
        raise TemplateFault(f"only HTTP APIs are served here, not {given['ProtocolType']}")
    to.cors = given.get("CorsConfiguration", {})
    return Made(logical_id, {"ApiId": logical_id, "ApiEndpoint": to.api_url})


@known(
    "AWS::ApiGatewayV2::Integration",
    ApiId=MEANT,
    IntegrationType=MEANT,
    IntegrationUri=MEANT,
    PayloadFormatVersion=MEANT,
    TimeoutInMillis=MEANT,
    Description=FOR_READERS,
    ConnectionType="all connections are this machine's",
    CredentialsArn=NO_IAM,
    IntegrationMethod="a function is always invoked by POST",
)
def integration(to: Deployment, logical_id: str, given: Properties) -> Made:
    form = (given["IntegrationType"], given.get("PayloadFormatVersion"))
    if form != ("AWS_PROXY", "2.0"):
        raise TemplateFault(f"only functions with the payload format 2.0 are called here, not {form}")
    called = given["IntegrationUri"].rpartition("/functions/")[2].removesuffix("/invocations")
    to.function(called)
    to.integrations[logical_id] = Integration(called, float(given.get("TimeoutInMillis", 30_000)) / 1000)
    return Made(logical_id, {"IntegrationId": logical_id})


@known(
    "AWS::ApiGatewayV2::Route",
    ApiId=MEANT,
    RouteKey=MEANT,
    Target=MEANT,
    AuthorizationType=MEANT,
    OperationName=FOR_READERS,
)
def route(to: Deployment, logical_id: str, given: Properties) -> Made:
    key, authorization = given["RouteKey"], given.get("AuthorizationType", "NONE")
    if authorization != "NONE":
        raise TemplateFault(f"the route {key} is authorized by {authorization}, which is not known here")
    if key in to.routes:
        raise TemplateFault(f"there is a second route {key}")
    to.routes[key] = to.integrations[given["Target"].removeprefix("integrations/")]
    return Made(logical_id, {"RouteId": logical_id})


@known(
    "AWS::ApiGatewayV2::Stage",
    ApiId=MEANT,
    StageName=MEANT,
    AutoDeploy="routes are served as they are deployed",
    AccessLogSettings=ONE_LOG,
    DefaultRouteSettings="nobody is throttled here",
    RouteSettings="nobody is throttled here",
    Description=FOR_READERS,
    Tags=FOR_READERS,
)
def stage(to: Deployment, logical_id: str, given: Properties) -> Made:
    if given["StageName"] != "$default":
        raise TemplateFault(f"only the stage $default is served here, not {given['StageName']}")
    return Made(given["StageName"])
