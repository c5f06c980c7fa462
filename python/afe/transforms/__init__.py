"""Transformations of one tensor, for networks in front of a model and behind it.

Each is a small class: what it does to an array (`apply`), to a type (`get_result_type`), and as
TOSA (`write`). `afe.apis.transform` has the functions that make them, under the SDK's names.
"""
