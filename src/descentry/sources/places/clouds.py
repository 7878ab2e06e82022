"""What object stores ask for before they are opened: credentials, from the environment alone.

Where none are set, a machine of the cloud itself may hand some out: its metadata service is asked only if it answers
at once.
"""

import os
import socket
from pathlib import Path
from typing import NamedTuple

from descentry.record.errors import UnreadableError

METADATA = ("169.254.169.254", 80)
METADATA_S = 1.0
_PUBLIC = "=true for a public one"


class Cloud(NamedTuple):
    """What one kind of store asks for.  `signs`: variables that one of must be set; `advice`: what to do."""

    name: str
    signs: tuple[str, ...]
    advice: str


S3 = Cloud(
    "S3",
    (
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_METADATA_ENDPOINT",
        "AWS_SKIP_SIGNATURE",
    ),
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (of a profile: `aws configure export-credentials --format "
    "env` prints them), or AWS_SKIP_SIGNATURE" + _PUBLIC,
)
GOOGLE = Cloud(
    "Google Cloud Storage",
    (
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_SERVICE_ACCOUNT",
        "GOOGLE_SERVICE_ACCOUNT_PATH",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        "GOOGLE_SKIP_SIGNATURE",
    ),
    "set GOOGLE_APPLICATION_CREDENTIALS to a key file, run `gcloud auth application-default login`, or set "
    "GOOGLE_SKIP_SIGNATURE" + _PUBLIC,
)
AZURE = Cloud(
    "Azure",
    (
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_ACCESS_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_STORAGE_SAS_KEY",
        "AZURE_STORAGE_TOKEN",
        "AZURE_STORAGE_CLIENT_ID",
        "AZURE_CLIENT_ID",
        "AZURE_USE_AZURE_CLI",
        "AZURE_STORAGE_USE_EMULATOR",
        "AZURE_SKIP_SIGNATURE",
    ),
    "set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, or "
    "AZURE_SKIP_SIGNATURE" + _PUBLIC,
)
CLOUDS = {"s3": S3, "s3a": S3, "gs": GOOGLE, "az": AZURE, "abfs": AZURE, "abfss": AZURE}
_ACCOUNT = ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_ACCOUNT_NAME", "AZURE_STORAGE_USE_EMULATOR")
_GCLOUD = Path(".config/gcloud/application_default_credentials.json")


def require_credentials(address: str, cloud: Cloud, *, has_account: bool = False) -> None:
    """Raises UnreadableError, soon, where no credentials are set and no metadata service is there to ask."""
    if cloud is AZURE and not has_account and not any(map(os.environ.get, _ACCOUNT)):
        raise UnreadableError(address, "the storage account is not set", cloud.advice)
    if any(map(os.environ.get, cloud.signs)) or (cloud is GOOGLE and _has_gcloud()):
        return
    try:
        socket.create_connection(METADATA, METADATA_S).close()
    except OSError as error:
        raise no_credentials(address, cloud) from error


def _has_gcloud() -> bool:
    try:
        return (Path.home() / _GCLOUD).is_file()
    except (OSError, RuntimeError):
        return False


def no_credentials(address: str, cloud: Cloud) -> UnreadableError:
    """The error of a store that no credentials are set for."""
    return UnreadableError(address, f"no credentials for {cloud.name} are set", cloud.advice)
