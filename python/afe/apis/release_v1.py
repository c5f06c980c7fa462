"""The version of the compiler, where the SDK documents it."""

from __future__ import annotations

from afe.version import VERSION


def get_model_sdk_version() -> str:
    """The compiler's version, as `model_sdk_version` of an archive states it."""
    return VERSION
