"""Dialects: each module holds what mlir-tblgen generates plus hand-written conveniences."""
