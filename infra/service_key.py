"""The key to somebody else's service."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.waivers import waive


class ServiceKey(Construct):
    """A secret that holds the plain API key of one service. Deployed, it holds a JSON object that names no key, which
    the functions tell from one, until somebody puts the key there (README). It outlives the stack."""

    def __init__(self, scope: Construct, id: str, *, service: str) -> None:
        super().__init__(scope, id)
        self._variable = f"{service.upper()}_SECRET_ARN"
        self._secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"The API key for {service}, plain",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}", generate_string_key="untouched"
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.arn = self._secret.secret_arn
        waive("SMG4", self._secret, because="The service issues the key and has no call to rotate it.")

    def hand_to(self, *functions: lambda_.Function) -> None:
        for function in functions:
            function.add_environment(self._variable, self.arn)
            self._secret.grant_read(function)
