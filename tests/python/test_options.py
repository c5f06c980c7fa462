"""CompileOptions: every wrong value is refused when the options are made."""

from __future__ import annotations

import pytest
from afe.errors import AfeError, ErrorCode
from afe.options import EFFORTS, SOLVER_OPTIMISATIONS, CompileOptions, name_from


@pytest.mark.parametrize(
    "name",
    ["../x", "a/b", "/abs", "", ".", "..", ".hidden", "a b", "a\0b", "a\nb", "n" * 181, "a\\b"],
)
def test_names_with_a_path_are_refused(name):
    """A name becomes part of file names."""
    with pytest.raises(AfeError, match="option 'name'") as error:
        CompileOptions(name=name)
    assert error.value.code is ErrorCode.INVALID_OPTION


@pytest.mark.parametrize("name", ["m", "resnet50_v1.5-int8", "größe", "a+b=c@d"])
def test_ordinary_names_are_taken(name):
    """Letters of any language, and the signs models are named with."""
    assert CompileOptions(name=name).name == name


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 0},
        {"batch_size": -1},
        {"batch_size": 1.5},
        {"batch_size": True},
        {"batch_size": 1 << 40},
        {"threads": 0},
        {"threads": "2"},
        {"binary_suffix": "exe"},
        {"effort": "most"},
        {"disable": "cascades"},
        {"disable": ["cascades", "haste"]},
        {"disable": [3]},
        {"target": ""},
    ],
)
def test_values_out_of_range_name_the_option(wrong):
    """And what is allowed."""
    (option,) = wrong
    with pytest.raises(AfeError, match=f"option '{option}' is .*allowed"):
        CompileOptions(**wrong)


def test_an_unknown_keyword_names_the_nearest():
    """A slip of the keyboard."""
    with pytest.raises(AfeError, match="unknown option 'batchsize'; did you mean 'batch_size'"):
        CompileOptions.from_keywords({"batchsize": 3})
    with pytest.raises(AfeError, match="known are name, target"):
        CompileOptions.from_keywords({"zzz": 3})


@pytest.mark.parametrize(
    ("model", "name"),
    [("a b/c", "a_b_c"), ("../x", "_x"), (".x", "x"), ("..", "model"), ("é" * 200, "é" * 90)],
)
def test_any_model_name_becomes_a_valid_name(model, name):
    """Derived names always pass the check that given ones must."""
    assert name_from(model) == name
    CompileOptions(name=name)


def test_disabled_optimisations_are_a_set():
    """Order and repetition make no other options; lists are taken."""
    options = CompileOptions(disable=["in-place-sums", "cascades", "cascades"])
    assert options == CompileOptions(disable=("cascades", "in-place-sums"))
    assert options.solver_arguments == "effort=default disable=cascades,in-place-sums"


def test_names_are_those_of_the_passes():
    """The C++ side lists what it knows when it is asked for something else."""
    from afe import ir
    from afe.pipelines import run_pipeline

    with ir.Context():
        module = ir.Module.parse("module {}")
        with pytest.raises(AfeError, match="those that can be disabled") as switches:
            run_pipeline(module, "afe-phase-plan{disable=haste}", CompileOptions())
        with pytest.raises(AfeError, match="unknown effort") as efforts:
            run_pipeline(module, "afe-phase-place{effort=most}", CompileOptions())
    assert switches.value.message.endswith("disabled are " + ", ".join(SOLVER_OPTIMISATIONS))
    assert efforts.value.message.endswith("known are " + ", ".join(EFFORTS))
