"""Tessellation parameters: both documented forms, and what is wrong with others."""

from __future__ import annotations

import pytest
from afe.apis.defines import TensorDRAMLayout, TensorTessellateParameters
from afe.errors import AfeError, ErrorCode
from afe.options import CompileOptions
from afe.tessellation import Border, checked_tessellation, parse_tessellation

HWC16 = TensorDRAMLayout.HWC16


def test_both_forms_mean_the_same():
    """A list per dimension, empty for the whole of it, is a tile shape."""
    older = checked_tessellation({"x": [[], [224], [3]]})
    newer = checked_tessellation({"x": TensorTessellateParameters((0, 0, 224, 3))})
    assert older == newer == (("x", TensorTessellateParameters((0, 0, 224, 3), False)),)
    assert checked_tessellation({"x": [[], [8, 8, 3], [], []]})[0][1].tile_shape == (0, 8, 0, 0)


def test_the_command_line_has_a_form_of_its_own():
    """Every part can be left out; names may hold an equals sign."""
    name, asked = parse_tessellation("a=b=8x0x32,ev74,HWC16")
    assert name == "a=b" and asked == TensorTessellateParameters((0, 8, 0, 32), False, HWC16)
    assert parse_tessellation("x=mla")[1] == TensorTessellateParameters(enable_mla=True)


def test_the_options_record_them_for_the_manifest():
    """As JSON-able values, in the order of the names."""
    wished = {"b": [[4], [], []], "a": TensorTessellateParameters(dram_layout=HWC16)}
    options = CompileOptions.from_keywords({"tessellate_parameters": wished})
    recorded = options.recorded()["tessellate_parameters"]
    assert list(recorded) == ["a", "b"] and recorded["a"]["dram_layout"] == "HWC16"
    assert CompileOptions().recorded()["tessellate_parameters"] == {}


@pytest.mark.parametrize(
    ("wished", "text"),
    [
        ([1], "must be a dictionary"),
        ({"": [[], [], []]}, "keys are names"),
        ({3: [[], [], []]}, "keys are names"),
        ({"x": 7}, "expected TensorTessellateParameters or a list"),
        ({"x": [[], []]}, "2 lists of tile sizes"),
        ({"x": [[], ["a"], []]}, "expected a list of tile sizes"),
        ({"x": [[4, 8], [], []]}, "must be equal"),
        ({"x": [[8, 4, 8], [], []]}, "must be equal"),
        ({"x": TensorTessellateParameters((0, -1, 0, 0))}, "expected four sizes"),
        ({"x": TensorTessellateParameters((4, 0, 0, 0))}, "holds 4 frames"),
        ({"x": TensorTessellateParameters((0, 0, 0))}, "expected four sizes"),  # type: ignore
        ({"x": TensorTessellateParameters(dram_layout="HWC")}, "expected a TensorDRAMLayout"),
        ({"x": TensorTessellateParameters(dram_shape=(1, 2))}, "dram_shape"),
    ],
)
def test_what_is_wrong_is_named(wished, text):
    """INVALID_OPTION, with the tensor's name and what is expected."""
    with pytest.raises(AfeError, match=text) as error:
        checked_tessellation(wished)
    assert error.value.code is ErrorCode.INVALID_OPTION


@pytest.mark.parametrize("text", ["x", "=mla", "x=8x8", "x=hwc", "x=8x8xa"])
def test_malformed_texts_of_the_command_line_are_refused(text):
    """One sentence with the form that is expected."""
    with pytest.raises(AfeError, match="HxWxC"):
        parse_tessellation(text)


def test_the_name_of_a_place_goes_before_that_of_a_tensor():
    """`MLA_1/placeholder_0` is one border, a tensor may have several."""
    border = Border("MLA_1", 0, "x", True, (1, 9, 7, 40))
    wished = checked_tessellation({"x": [[4], [], []], "MLA_1/placeholder_0": [[], [2], []]})
    assert border.tile(wished) == (9, 2, 40)
    assert Border("MLA_0", 0, "x", False, (1, 9, 7, 40)).tile(wished) == (4, 7, 40)
    assert Border("MLA_0", 0, "y", False, (1, 9, 7, 40)).tile(wished) is None
