"""What the tests of object stores share."""

from descentry.sources.places.buckets import Bucket


def put(bucket: Bucket, path: str, data: bytes) -> None:
    """Writes an object."""
    bucket.call(lambda: bucket._obstore.put(bucket._store, path, data))
