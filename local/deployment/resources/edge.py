"""The way out: a distribution in front of a bucket."""

from __future__ import annotations

from local.deployment.records import Deployment, Made
from local.deployment.resources.kinds import FOR_READERS, MEANT, NO_BILL, NO_IAM, Properties, known
from local.template import TemplateFault

NO_CACHE = "nothing is cached here"
PLAIN = "this machine talks to itself without TLS"


@known("AWS::CloudFront::OriginAccessControl", OriginAccessControlConfig=NO_IAM)
def access(to: Deployment, logical_id: str, given: Properties) -> Made:
    return Made(logical_id, {"Id": logical_id})


@known(
    "AWS::CloudFront::Distribution",
    DistributionConfig={
        "Enabled": MEANT,
        "Origins": [
            {
                "Id": MEANT,
                "DomainName": MEANT,
                "OriginAccessControlId": MEANT,
                "S3OriginConfig": {"OriginAccessIdentity": MEANT},
            }
        ],
        "DefaultCacheBehavior": {
            "TargetOriginId": MEANT,
            "AllowedMethods": MEANT,
            "CachePolicyId": NO_CACHE,
            "Compress": "nothing is compressed here",
            "ResponseHeadersPolicyId": "the headers are those of CORS for all, whichever policy says so",
            "ViewerProtocolPolicy": PLAIN,
        },
        "Comment": FOR_READERS,
        "HttpVersion": PLAIN,
        "IPV6Enabled": "it is had by one address only",
        "PriceClass": NO_BILL,
    },
    Tags=FOR_READERS,
)
def distribution(to: Deployment, logical_id: str, given: Properties) -> Made:
    config = given["DistributionConfig"]
    if to.shown is not None:
        raise TemplateFault("only one distribution is served here")
    if len(config["Origins"]) != 1 or config["DefaultCacheBehavior"].get("AllowedMethods") != ["GET", "HEAD"]:
        raise TemplateFault("a distribution is served here that reads one bucket")
    bucket, dot, _ = config["Origins"][0]["DomainName"].partition(".s3.")
    if not dot:
        raise TemplateFault(f"a distribution reads a bucket here, not {config['Origins'][0]['DomainName']}")
    to.shown = bucket
    return Made(logical_id, {"Id": logical_id, "DomainName": to.edge_url.partition("//")[2]})
