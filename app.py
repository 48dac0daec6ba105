"""The CDK app: `python app.py`, or the CDK command line by way of cdk.json."""

from infra.app import reelay

reelay().synth()
