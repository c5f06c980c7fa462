"""The C header of a segment's shared object: docs/a65.md with its own figures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from afe.package.network import A65Segment, Port

_C_TYPES = {
    "bool": "uint8_t, 0 or 1",
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "uint32": "uint32_t",
    "int64": "int64_t",
    "uint64": "uint64_t",
    "float16": "IEEE half precision",
    "float32": "float",
    "float64": "double",
}

_WORKERS = """\
#ifndef AFE_A65_WORKERS
#define AFE_A65_WORKERS
/* The caller's cores. parallel_for calls task(argument, begin, end) for ranges that together are
   0 <= i < count, each i once, on any threads, and returns when all calls have returned. */
typedef struct afe_a65_workers {
  void *context;
  void (*parallel_for)(void *context, void (*task)(void *argument, int64_t begin, int64_t end),
                       void *argument, int64_t count);
} afe_a65_workers;
#endif
"""


def header_text(segment: A65Segment, library: str) -> str:
    """The header of a segment whose shared object is the file `library`; plain ASCII."""
    name = segment.function
    macro = name.upper()
    guard = f"AFE_{re.sub(r'[^A-Z0-9]', '_', library.upper())}_H"
    return f"""\
/* {_comment(library)}: segment {_comment(segment.name)}, compiled for the Cortex-A65. */
#ifndef {guard}
#define {guard}

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

{_WORKERS}
{_tensors(f"{macro}_INPUT", segment.inputs)}
{_tensors(f"{macro}_OUTPUT", segment.outputs)}
#define {macro}_WORKSPACE_BYTES {segment.workspace_bytes}
#define {macro}_WORKSPACE_ALIGNMENT 64
extern const int64_t {name}_workspace_bytes;

/* Computes the outputs; returns 0. Tensors are dense, row by row, each aligned to its element and
   in memory of its own; the workspace's contents do not matter before and after the call. workers
   may be null: then everything runs on the calling thread. Keeps no state, allocates nothing. */
int32_t {name}(const void *const *inputs, void *const *outputs, void *workspace,
              const afe_a65_workers *workers);

#ifdef __cplusplus
}}
#endif

#endif
"""


def _tensors(macro: str, ports: Sequence[Port]) -> str:
    lines = [f"#define {macro}S {len(ports)}"]
    for number, port in enumerate(ports):
        shape = "x".join(str(size) for size in port.type.shape) or "a single number"
        lines.append(
            f"/* {macro.lower()}s[{number}]: {_C_TYPES[port.type.scalar]}, {shape}"
            f"{f', {_comment(port.name)}' if port.name else ''} */"
        )
        lines.append(f"#define {macro}_{number}_BYTES {port.type.size_in_bytes}")
    return "\n".join(lines)


def _comment(text: str) -> str:
    """A name out of a model, harmless inside a comment."""
    printable = text.encode("unicode_escape").decode("ascii")
    return printable.replace("*/", "* /").replace("/*", "/ *")
