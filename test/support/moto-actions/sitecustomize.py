# Python loads this by its name, from PYTHONPATH, before it starts the moto server.
#
# moto 5.2 takes some requests for another action than AWS does, which matters once it enforces policies (S3 user
# guide, "Required permissions for Amazon S3 API operations"). The last key that fits wins, so these stand at the end.
from moto.s3 import responses
from moto.s3.responses import ACTION_MAP, S3Response

ACTION_MAP["KEY"]["GET"]["retention"] = "GetObjectRetention"
ACTION_MAP["KEY"]["PUT"]["retention"] = "PutObjectRetention"
ACTION_MAP["KEY"]["PUT"]["legal-hold"] = "PutObjectLegalHold"
ACTION_MAP["BUCKET"]["GET"]["object-lock"] = "GetBucketObjectLockConfiguration"
ACTION_MAP["BUCKET"]["GET"]["encryption"] = "GetEncryptionConfiguration"
ACTION_MAP["BUCKET"]["PUT"]["object-lock"] = "PutBucketObjectLockConfiguration"

# GetObjectRetention is not there at all: moto answers with the object's bytes. This answers with the retention that
# moto keeps and enforces (S3 API reference, GetObjectRetention), under the same check of rights.
get_key = S3Response._key_response_get


def key_response_get(self, query, key_name):
    if "retention" not in query:
        return get_key(self, query, key_name)
    self._set_action("KEY", "GET", query)
    self._authenticate_and_authorize_s3_action(bucket_name=self.bucket_name, key_name=key_name)
    version_id = self._get_param("versionId")
    key = self.backend.get_object(self.bucket_name, key_name, version_id=version_id)
    if key is None:
        raise responses.MissingKey(key=key_name)
    if key.lock_mode is None:
        code = "NoSuchObjectLockConfiguration"
        return 404, {}, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    mode = f"<Mode>{key.lock_mode}</Mode><RetainUntilDate>{key.lock_until}</RetainUntilDate>"
    return 200, {"content-type": "application/xml"}, f"<Retention>{mode}</Retention>"


S3Response._key_response_get = key_response_get
