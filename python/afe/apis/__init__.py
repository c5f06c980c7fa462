"""The SDK's documented modules, under the SDK's names."""
