"""The CDK app."""

import os

# The major versions of Node about whose age jsii would print a page at its every start, which is the import of aws_cdk.
os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "18,20"
