"""A C program calls a segment through its generated header, on one core and on several.

The post-processing of an SSD, as it is in the archive: the program is compiled by Debian's compiler
for AArch64, runs under qemu, and gives what the emulator of this project gives.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from afe.a65 import compile_segments
from afe.a65.header import header_text
from afe.options import CompileOptions
from afe.package.network import A65Segment
from afe.package.read_module import a65_segments
from afe.pipelines import run_pipeline
from afe.runtime.a65_emulator import run
from afe.source import read_source
from numpy.typing import NDArray

COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"

PROGRAM = r"""
#include "segment.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 3 };
typedef struct {
  void (*task)(void *, int64_t, int64_t);
  void *argument;
  int64_t begin, end;
} range;

static void *run_range(void *given) {
  range *it = given;
  it->task(it->argument, it->begin, it->end);
  return 0;
}

static int calls;

static void parallel_for(void *context, void (*task)(void *, int64_t, int64_t), void *argument,
                         int64_t count) {
  pthread_t threads[THREADS];
  range ranges[THREADS];
  ++*(int *)context;
  for (int i = 0; i < THREADS; ++i) {
    ranges[i] = (range){task, argument, count * i / THREADS, count * (i + 1) / THREADS};
    if (pthread_create(&threads[i], 0, run_range, &ranges[i]))
      abort();
  }
  for (int i = 0; i < THREADS; ++i)
    pthread_join(threads[i], 0);
}

static void transfer(const char *name, void *data, size_t size, int is_input) {
  FILE *file = fopen(name, is_input ? "rb" : "wb");
  if (!file || (is_input ? fread(data, 1, size, file) : fwrite(data, 1, size, file)) != size)
    abort();
  fclose(file);
}

int main(int argc, char **argv) {
  static const size_t input_bytes[] = {%(input_bytes)s}, output_bytes[] = {%(output_bytes)s};
  const int has_workers = argc > 1 && !strcmp(argv[1], "threads");
  const void *inputs[%(macro)s_INPUTS];
  void *outputs[%(macro)s_OUTPUTS];
  char name[64];
  for (int i = 0; i < %(macro)s_INPUTS; ++i) {
    void *data = malloc(input_bytes[i]);
    snprintf(name, sizeof name, "input_%%d", i);
    transfer(name, data, input_bytes[i], 1);
    inputs[i] = data;
  }
  for (int i = 0; i < %(macro)s_OUTPUTS; ++i)
    outputs[i] = malloc(output_bytes[i]);
  void *workspace = aligned_alloc(%(macro)s_WORKSPACE_ALIGNMENT, %(macro)s_WORKSPACE_BYTES + 64);
  memset(workspace, 0xa5, %(macro)s_WORKSPACE_BYTES);
  if (%(function)s_workspace_bytes != %(macro)s_WORKSPACE_BYTES)
    return 2;
  const afe_a65_workers workers = {&calls, parallel_for};
  int status = %(function)s(inputs, outputs, workspace, has_workers ? &workers : 0);
  for (int i = 0; i < %(macro)s_OUTPUTS; ++i) {
    snprintf(name, sizeof name, "output_%%d", i);
    transfer(name, outputs[i], output_bytes[i], 0);
  }
  printf("%%d calls\n", calls);
  return status;
}
"""


@pytest.fixture(scope="module")
def segment(models: Path) -> A65Segment:
    """The last segment on the A65: everything behind the convolutions."""
    module = read_source(models / "ssd_mobilenet_v1_coco_uint8.tflite").module
    options = CompileOptions()
    for phase in ("canonicalize", "lower", "partition"):
        run_pipeline(module, f"afe-phase-{phase}", options)
    compile_segments(module)
    return a65_segments(module)[-1]


@pytest.fixture(scope="module")
def arrays(segment: A65Segment) -> list[NDArray[Any]]:
    """Codes of boxes near their anchors, and of scores of which few are high."""
    print("seed 3")
    generator = np.random.default_rng(3)
    boxes, scores = (port.type for port in segment.inputs)
    assert (boxes.scalar, boxes.shape[-1], scores.scalar) == ("int8", 4, "int8")
    return [
        generator.integers(-40, 40, boxes.shape).astype(np.int8),
        (generator.random(scores.shape) ** 16 * 255 - 128).astype(np.int8),
    ]


@pytest.fixture(scope="module")
def program(segment: A65Segment, arrays: list[NDArray[Any]], tmp_path_factory: Any) -> Path:
    """The compiled program, in a folder with the shared object and the inputs."""
    for tool in (COMPILER, EMULATOR):
        assert shutil.which(tool), f"{tool} is missing: scripts/install-system-packages.sh"
    folder: Path = tmp_path_factory.mktemp("program")
    macro = segment.function.upper()
    sizes = {
        kind: ", ".join(f"{macro}_{kind}_{i}_BYTES" for i in range(len(ports)))
        for kind, ports in (("INPUT", segment.inputs), ("OUTPUT", segment.outputs))
    }
    text = PROGRAM % {
        "macro": macro,
        "function": segment.function,
        "input_bytes": sizes["INPUT"],
        "output_bytes": sizes["OUTPUT"],
    }
    (folder / "segment.so").write_bytes(segment.shared_object)
    (folder / "segment.h").write_text(header_text(segment, "segment.so"), encoding="ascii")
    (folder / "main.c").write_text(text, encoding="ascii")
    for number, array in enumerate(arrays):
        (folder / f"input_{number}").write_bytes(array.tobytes())
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    linking = ["./segment.so", "-Wl,-rpath,$ORIGIN", "-pthread"]
    command = [COMPILER, *warnings, "-O1", "main.c", *linking, "-o", "main"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return folder


@pytest.mark.parametrize("threads", [False, True], ids=["one core", "three cores"])
def test_outputs_are_the_emulator_s(threads, segment, arrays, program):
    """To the bit; with workers, they are asked for."""
    command = [EMULATOR, "-L", "/usr/aarch64-linux-gnu", "./main", *(["threads"] * threads)]
    done = subprocess.run(command, cwd=program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    calls = int(done.stdout.split()[0])
    assert (calls > 0) == threads
    types = [port.type for port in segment.outputs]
    wanted = run(segment.shared_object, segment.function, arrays, types)
    assert any(array.any() for array in wanted)
    for number, array in enumerate(wanted):
        got = np.fromfile(program / f"output_{number}", array.dtype).reshape(array.shape)
        np.testing.assert_array_equal(got, array)
