"""S3."""

from typing import Any

from moto.moto_server import werkzeug_app
from moto.s3.models import FakeKey
from moto.s3.responses import S3Response


def only_the_buckets_cors_rules_open_it_to_browsers() -> None:
    """A browser reads an object from another origin only where the bucket's CORS rules allow that origin; moto's server
    allows every one, so that a forgotten rule would not show.
    """
    werkzeug_app.DISABLE_GLOBAL_CORS = True


def an_uploaded_form_is_tagged() -> None:
    """A presigned POST's `tagging` field (the XML of PutObjectTagging) tags its object, so that its lifecycle applies;
    moto ignores the field.
    """
    post = S3Response._bucket_response_post

    def post_and_tag(self: S3Response, request: Any, bucket_name: str) -> Any:
        answer = post(self, request, bucket_name)
        if "tagging" in self.querystring:
            stored = self.backend.get_object(bucket_name, self.querystring["key"][0])
            self.body = self.querystring["tagging"][0]
            self.backend.put_object_tagging(stored, self._tagging_from_xml())
        return answer

    S3Response._bucket_response_post = post_and_tag


def a_list_of_versions_leaves_what_they_hold() -> None:
    """ListObjectVersions reads no object; moto copies all of a bucket, with what they hold, to write on the copies which is
    the latest (half of the data process's work in the rows of survival).
    """
    FakeKey.__deepcopy__ = lambda self, memo: self
