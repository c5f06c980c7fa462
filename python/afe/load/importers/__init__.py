"""The SDK's importers: descriptions of models that `afe.apis.loaded_net.load_model` reads."""
