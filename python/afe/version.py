"""The versions that files of this compiler carry."""

VERSION = "0.1.0"
"""Of the package; also `model_sdk_version` in archives."""

SIMA_VERSION = 2
"""Of the `.sima` container."""

ARCHIVE_VERSION = 2
"""Of what `*_mpk.json` adds to the SDK's schema (`afe_format_version`)."""
