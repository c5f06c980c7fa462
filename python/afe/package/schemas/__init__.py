"""The JSON Schemas of everything in an archive that is text; `afe.package.validation` uses them."""
