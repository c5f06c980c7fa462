"""The SDK's documented backends, under the SDK's names."""
