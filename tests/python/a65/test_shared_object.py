"""What a shared object for the Cortex-A65 looks like, and that a hostile one does no harm."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from afe.a65 import compile_segments, link
from afe.a65.codegen import assembly_of, compile_assembly
from afe.a65.link import link_shared_object
from afe.a65.segments import segment_of_main
from afe.errors import AfeError, ErrorCode
from afe.options import CompileOptions
from afe.package.network import TensorType
from afe.package.read_module import elements_bytes
from afe.pipelines import run_pipeline
from afe.runtime import a65_emulator
from elftools.elf.elffile import ELFFile
from forced import binary_of, compiled, parse

SOFTMAX = """
func.func @main(%x: tensor<3x7xf32>) -> tensor<3x7xf32> {
  %s = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %0 = tosa.reduce_max %x {axis = 1 : i32} : (tensor<3x7xf32>) -> tensor<3x1xf32>
  %1 = tosa.sub %x, %0 : (tensor<3x7xf32>, tensor<3x1xf32>) -> tensor<3x7xf32>
  %2 = tosa.exp %1 : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %3 = tosa.reduce_sum %2 {axis = 1 : i32} : (tensor<3x7xf32>) -> tensor<3x1xf32>
  %4 = tosa.reciprocal %3 : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %5 = tosa.mul %2, %4, %s
    : (tensor<3x7xf32>, tensor<3x1xf32>, tensor<1xi8>) -> tensor<3x7xf32>
  return %5 : tensor<3x7xf32>
}"""

CONVOLUTION = """
func.func @main(%x: tensor<1x9x11x32xi8>) -> tensor<1x7x9x16xi32> {
  %w = "tosa.const"() {values = dense<3> : tensor<16x3x3x32xi8>} : () -> tensor<16x3x3x32xi8>
  %b = "tosa.const"() {values = dense<5> : tensor<16xi32>} : () -> tensor<16xi32>
  %z = "tosa.const"() {values = dense<-7> : tensor<1xi8>} : () -> tensor<1xi8>
  %r = tosa.conv2d %x, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>,
    stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x9x11x32xi8>,
    tensor<16x3x3x32xi8>, tensor<16xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x7x9x16xi32>
  return %r : tensor<1x7x9x16xi32>
}"""

DEPTHWISE = """
func.func @main(%x: tensor<1x9x11x32xi8>) -> tensor<1x7x9x32xi8> {
  %w = "tosa.const"() {values = dense<3> : tensor<3x3x32x1xi8>} : () -> tensor<3x3x32x1xi8>
  %b = "tosa.const"() {values = dense<5> : tensor<32xi32>} : () -> tensor<32xi32>
  %z = "tosa.const"() {values = dense<-7> : tensor<1xi8>} : () -> tensor<1xi8>
  %z0 = "tosa.const"() {values = dense<0> : tensor<1xi32>} : () -> tensor<1xi32>
  %m = "tosa.const"() {values = dense<1234567890> : tensor<1xi32>} : () -> tensor<1xi32>
  %s = "tosa.const"() {values = dense<39> : tensor<1xi8>} : () -> tensor<1xi8>
  %r = tosa.depthwise_conv2d %x, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>,
    stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x9x11x32xi8>,
    tensor<3x3x32x1xi8>, tensor<32xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x7x9x32xi32>
  %y = tosa.rescale %r, %m, %s, %z0, %z {scale32 = true, rounding_mode = DOUBLE_ROUND,
    per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<1x7x9x32xi32>,
    tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x7x9x32xi8>
  return %y : tensor<1x7x9x32xi8>
}"""


def assembly(text: str) -> str:
    """The machine code of @main."""
    made = segment_of_main(parse(text))
    run_pipeline(made, "afe-phase-host-code", CompileOptions())
    return assembly_of(elements_bytes(made.operation.attributes["a65.bitcode"]))


def code(text: str) -> bytes:
    """A shared object of LLVM IR."""
    return link_shared_object(compile_assembly(text))


EVERYTHING = """
func.func @main(%x: tensor<3x7xf32>, %y: tensor<300x7xi8>) -> (tensor<3x7xf32>, tensor<310x9xi8>) {
  %z = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %0 = tosa.exp %x : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %1 = tosa.log %0 : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %2 = tosa.tanh %1 : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %3 = tosa.erf %2 : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %4 = tosa.pow %3, %x : (tensor<3x7xf32>, tensor<3x7xf32>) -> tensor<3x7xf32>
  %5 = tosa.sin %4 : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %6 = tosa.cos %5 : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %7 = tosa.rsqrt %6 : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %8 = tosa.sigmoid %7 : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %9 = tosa.floor %8 : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %s = tosa.const_shape {values = dense<[4, 6, 1, 1]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %p = tosa.pad %y, %s, %z
    : (tensor<300x7xi8>, !tosa.shape<4>, tensor<1xi8>) -> tensor<310x9xi8>
  return %9, %p : tensor<3x7xf32>, tensor<310x9xi8>
}"""


def test_nothing_is_missing():
    """No undefined symbol and no library: functions and copies of memory come with the object."""
    elf = ELFFile(io.BytesIO(compiled(parse(EVERYTHING))[0]))
    symbols = list(elf.get_section_by_name(".dynsym").iter_symbols())
    assert not [s.name for s in symbols if s["st_shndx"] == "SHN_UNDEF" and s.name]
    assert not list(elf.get_section_by_name(".dynamic").iter_tags("DT_NEEDED"))


def test_one_function_and_its_workspace_are_exported():
    """Nothing else of the segment is visible."""
    shared_object, stats = compiled(parse(SOFTMAX))
    elf = ELFFile(io.BytesIO(shared_object))
    symbols = list(elf.get_section_by_name(".dynsym").iter_symbols())
    defined = {s.name for s in symbols if s["st_shndx"] != "SHN_UNDEF"}
    assert defined == {"apu_0", "apu_0_workspace_bytes"}
    assert (elf.get_machine_arch(), elf.header.e_type) == ("AArch64", "ET_DYN")
    assert stats == {
        "function": "apu_0",
        "inputs": [{"scalar": "float32", "shape": [3, 7], "bytes": 84}],
        "outputs": [{"scalar": "float32", "shape": [3, 7], "bytes": 84}],
        "workspace_bytes": 192,
    }


def test_the_call_keeps_its_symbol():
    """The segment's place is taken by a binary of its name; names of tensors are kept."""
    module = parse("""
    a65.segment @APU_3 attributes {input_names = ["in"], output_names = ["out"]} {
    ^bb0(%x: tensor<3x7xf32>):
      %y = tosa.abs %x : (tensor<3x7xf32>) -> tensor<3x7xf32>
      a65.return %y : tensor<3x7xf32>
    }
    func.func @main(%x: tensor<3x7xf32>) -> tensor<3x7xf32> {
      %y = a65.call @APU_3(%x) : (tensor<3x7xf32>) -> tensor<3x7xf32>
      return %y : tensor<3x7xf32>
    }""")
    compile_segments(module)
    assert module.operation.verify()
    first = next(iter(module.body.operations)).operation
    assert (first.name, str(first.attributes["sym_name"])) == ("a65.binary", '"APU_3"')
    names = re.findall(r'name = "(\w+)"', str(first.attributes["stats"]))
    assert names == ["in", "out"]


def test_bytes_are_the_same_every_time():
    """Two contexts, one shared object."""
    assert compiled(parse(SOFTMAX)) == compiled(parse(SOFTMAX))


MATMUL = """
func.func @main(%a: tensor<2x5x64xi8>, %b: tensor<2x64x9xi8>) -> tensor<2x5x9xi32> {
  %z = "tosa.const"() {values = dense<3> : tensor<1xi8>} : () -> tensor<1xi8>
  %r = tosa.matmul %a, %b, %z, %z : (tensor<2x5x64xi8>, tensor<2x64x9xi8>, tensor<1xi8>,
    tensor<1xi8>) -> tensor<2x5x9xi32>
  return %r : tensor<2x5x9xi32>
}"""


@pytest.mark.parametrize("text", [CONVOLUTION, MATMUL], ids=["conv2d", "matmul"])
def test_inner_products_are_dot_products(text):
    """Zero points are outside of the sums and those in registers: LLVM finds NEON's `sdot`."""
    words = assembly(text)
    assert re.search(r"\bsdot\s+v\d+\.4s", words), words


def test_requantization_is_vectorized():
    """The taps of a depthwise convolution and what rescales their sum are one loop of vectors."""
    words = assembly(DEPTHWISE)
    assert re.search(r"\b(smull|smlal|mul|mla)2?\s+v\d+\.(4s|8h|2d)", words), words
    assert re.search(r"\b[su]m(ull|lal)2?\s+v\d+\.2d", words), words


def test_no_operation_is_fused_in_floating_point():
    """A fused multiply-add would round once where the model rounds twice."""
    text = """
    func.func @main(%x: tensor<5x7xf32>, %y: tensor<5x7xf32>) -> tensor<5x7xf32> {
      %s = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
      %p = tosa.mul %x, %y, %s
        : (tensor<5x7xf32>, tensor<5x7xf32>, tensor<1xi8>) -> tensor<5x7xf32>
      %r = tosa.add %p, %y : (tensor<5x7xf32>, tensor<5x7xf32>) -> tensor<5x7xf32>
      return %r : tensor<5x7xf32>
    }"""
    words = assembly(text)
    assert "fmul" in words and "fadd" in words
    assert not re.search(r"\bf(n?m(add|sub)|ml[as])\b", words)


def test_an_operation_without_lowering_is_named():
    """TOSA operations, custom operators, and unsigned arithmetic; the module stays."""
    cases = {
        "tosa.while_loop": """
        func.func @main(%x: tensor<i32>) -> tensor<i32> {
          %n = "tosa.const"() {values = dense<5> : tensor<i32>} : () -> tensor<i32>
          %r = tosa.while_loop (%i = %x) : (tensor<i32>) -> tensor<i32> {
            %c = tosa.greater %n, %i : (tensor<i32>, tensor<i32>) -> tensor<i1>
            tosa.yield %c : tensor<i1>
          } do {
          ^bb0(%i: tensor<i32>):
            %j = tosa.add %i, %i : (tensor<i32>, tensor<i32>) -> tensor<i32>
            tosa.yield %j : tensor<i32>
          }
          return %r : tensor<i32>
        }""",
        "qdq.mystery": """
        func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
          %r = tosa.custom %x {operator_name = "qdq.mystery", domain_name = "afe",
            implementation_attrs = "{}"} : (tensor<3xf32>) -> tensor<3xf32>
          return %r : tensor<3xf32>
        }""",
        "tosa.abs": """
        func.func @main(%x: tensor<3xui8>) -> tensor<3xui8> {
          %r = "tosa.abs"(%x) : (tensor<3xui8>) -> tensor<3xui8>
          return %r : tensor<3xui8>
        }""",
        "tosa.fft2d": """
        func.func @main(%x: tensor<1x4x8xf32>, %y: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> {
          %r, %i = tosa.fft2d %x, %y {inverse = false}
            : (tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> (tensor<1x4x8xf32>, tensor<1x4x8xf32>)
          return %r : tensor<1x4x8xf32>
        }""",
    }
    for name, text in cases.items():
        made = segment_of_main(parse(text))
        try:
            compile_segments(made)
        except AfeError as error:
            assert error.code == ErrorCode.COMPILE_FAILED
            assert name in str(error), error
            assert [op.operation.name for op in made.body.operations] == ["a65.segment"]
        else:
            assert name == "tosa.fft2d"  # upstream has one, for powers of two
            assert binary_of(made)[0]


def test_a_call_of_a_foreign_function_does_not_link():
    """The linker's own words, in our exception."""
    with pytest.raises(AfeError, match="undefined symbol: system"):
        code("declare i32 @system(ptr)\ndefine i32 @f(ptr %a) {\n"
             "%r = call i32 @system(ptr %a)\nret i32 %r\n}")  # fmt: skip


def test_a_library_that_is_needed_is_an_error(tmp_path):
    """A file of another linker; the name of the function is said."""
    text = (
        "declare i32 @puts(ptr)\ndefine i32 @f(ptr %a) {\n%r = call i32 @puts(ptr %a)\nret i32 0\n}"
    )
    (tmp_path / "code.o").write_bytes(compile_assembly(text))
    shared_object = link._lld(tmp_path, ["code.o"])
    with pytest.raises(AfeError, match="'puts', which it does not hold") as raised:
        a65_emulator.run(shared_object, "f", VALUES, TYPES)
    assert raised.value.code == ErrorCode.INVALID_ARCHIVE


VALUES = [np.arange(6, dtype=np.int32)]
TYPES = [TensorType("int32", (6,))]
HEAD = "define i32 @f(ptr %in, ptr %out, ptr %work) {\n"

FAULTS = {
    "faults at": HEAD + "store i32 1, ptr inttoptr (i64 4096 to ptr)\nret i32 0\n}",
    "returned 7": HEAD + "ret i32 7\n}",
    "has not returned": HEAD + "br label %l\nl:\nstore volatile i32 1, ptr %work\nbr label %l\n}",
    "of workspace": "@f_workspace_bytes = constant i64 -1\n" + HEAD + "ret i32 0\n}",
    "no function 'f'": "define i32 @g() {\nret i32 0\n}",
}  # fmt: skip


@pytest.mark.parametrize("problem", FAULTS)
def test_hostile_code_is_an_error(problem, monkeypatch):
    """Wild stores, endless loops, sizes that overflow: an AfeError each, and no harm done."""
    monkeypatch.setattr(a65_emulator, "TIME_LIMIT_SECONDS", 1)
    with pytest.raises(AfeError, match=problem):
        a65_emulator.run(code(FAULTS[problem]), "f", VALUES, TYPES)


def test_a_damaged_file_is_an_error(monkeypatch):
    """Cut anywhere, or with any byte of its headers and tables changed: an AfeError or a result."""
    good, stats = compiled(parse(SOFTMAX))
    x = [np.zeros((3, 7), np.float32)]
    types = [TensorType("float32", (3, 7))]
    generator = np.random.default_rng(11)
    print("seed 11")
    monkeypatch.setattr(a65_emulator, "TIME_LIMIT_SECONDS", 1)
    damaged = [good[:size] for size in range(0, len(good), 97)]
    for _ in range(150):
        bad = bytearray(good)
        for place in generator.integers(0, 1200, 3):
            bad[place] = generator.integers(0, 256)
        damaged.append(bytes(bad))
    for data in damaged:
        try:
            (y,) = a65_emulator.run(data, stats["function"], x, types)
        except AfeError as error:
            assert error.code in (ErrorCode.INVALID_ARCHIVE, ErrorCode.RUNTIME_FAULT)
        else:
            assert y.shape == (3, 7)
