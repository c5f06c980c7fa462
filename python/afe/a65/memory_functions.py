"""The functions that LLVM calls for loops that copy or fill memory, as code of our own.

LLVM makes such calls also where nothing in the source was one, so that every object needs them.
`no-builtins` keeps it from seeing a call of themselves in their loops.
"""

from __future__ import annotations

_COPY = """
define hidden ptr @{name}(ptr {alias} %to, ptr {alias} %from, i64 %count) "no-builtins" nounwind {{
entry:
  {entry}
forward:
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %up
up:
  %i = phi i64 [ 0, %forward ], [ %next, %up ]
  %source = getelementptr i8, ptr %from, i64 %i
  %target = getelementptr i8, ptr %to, i64 %i
  %byte = load i8, ptr %source
  store i8 %byte, ptr %target
  %next = add nuw i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %up, label %done
done:
  ret ptr %to
{backward}
}}
"""

# A target that begins inside the source is written from its end.
_OVERLAP = """\
%distance = sub i64 %target.bits, %source.bits
  %inside = icmp ult i64 %distance, %count
  br i1 %inside, label %down, label %forward"""

_DOWN = """
down:
  %j = phi i64 [ %count, %entry ], [ %last, %down ]
  %last = sub nuw i64 %j, 1
  %source.down = getelementptr i8, ptr %from, i64 %last
  %target.down = getelementptr i8, ptr %to, i64 %last
  %byte.down = load i8, ptr %source.down
  store i8 %byte.down, ptr %target.down
  %left = icmp ne i64 %last, 0
  br i1 %left, label %down, label %done
"""

_FILL = """
define hidden ptr @memset(ptr %to, i32 %value, i64 %count) "no-builtins" nounwind {
entry:
  %byte = trunc i32 %value to i8
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %up
up:
  %i = phi i64 [ 0, %entry ], [ %next, %up ]
  %target = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %target
  %next = add nuw i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %up, label %done
done:
  ret ptr %to
}
"""

MEMORY_FUNCTIONS = (
    _COPY.format(name="memcpy", alias="noalias", entry="br label %forward", backward="")
    + _COPY.format(
        name="memmove",
        alias="",
        entry="%target.bits = ptrtoint ptr %to to i64\n"
        "  %source.bits = ptrtoint ptr %from to i64\n  " + _OVERLAP,
        backward=_DOWN,
    )
    + _FILL
)
"""LLVM IR of memcpy, memmove and memset."""
