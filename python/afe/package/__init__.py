"""From a compiled network to the members of its archive and the report about them.

`network` says what was compiled, `read_module` takes it out of the encoded module, `plugins` and
`mpk` write the plugin chain, `stats` the per-layer cycles, `report` what the user is told.
"""
