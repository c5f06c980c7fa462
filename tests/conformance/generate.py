"""Generates TOSA conformance tests; runs under the Python of the tools' own environment.

    build/tosa-tools/bin/python tests/conformance/generate.py OUT [--every N] [--negative] …

tosa-tools' conformance generator starts a process per list of arguments and another per test. This
drives the same generator (same configuration, selection and seed, so the same tests) in one
process, and runs the reference model in it as well. `--sample N` keeps N tests of every operator
and combination of element types, chosen by the hash of their names. Every test is a folder: what
the generator writes (`test.tosa`, `desc.json`, inputs), and for positive ones the reference
model's outputs, `reference-<i>.npy`. OUT/index.json lists them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import conformance
import numpy as np
import tosa_reference_model
from conformance.tosa_verif_conformance_generator import in_version
from generator import tosa_verif_build_tests as build
from generator.tosa_test_gen import TosaTestGen
from generator.tosa_test_select import TosaTestSelect, TosaTestSelectList
from semver import Version

SEED = 42
VERSION = "1.0.2"
PROFILE = "tosa-pro-int"
_CONFIGURATION = Path(conformance.__path__[0]) / "cts-config_v1.0.json"
_PACKAGES = Path(conformance.__path__[0]).parent
_MODEL = _PACKAGES / "bin" / "tosa_reference_model"
_SCHEMA = _PACKAGES / "bin" / "tosa.fbs"
_TABLES = Path(tosa_reference_model.__file__).parent / "libtosa_reference_generate_lib.so"


def main() -> None:
    options = parse()
    configuration = json.loads(_CONFIGURATION.read_text())
    configuration.pop("$comment", None)
    index = []
    for operator in options.operators or sorted(configuration):
        for case in operator_tests(operator, configuration[operator], options):
            index.append(case)
        print(f"{operator}: {sum(case['operator'] == operator for case in index)}", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "index.json").write_text(json.dumps(index, indent=1))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("output", type=Path)
    parser.add_argument("--sample", type=int, help="tests per operator and element types")
    parser.add_argument("--negative", action="store_true", help="tests that must be refused")
    parser.add_argument("--operators", nargs="*", help="these alone (default: all)")
    parser.add_argument("--extensions", nargs="*", default=[], help="beside the profile")
    return parser.parse_args()


def operator_tests(operator: str, facts: dict, options: argparse.Namespace) -> list[dict]:
    """Writes the tests of one operator; what the index says of them."""
    if not in_version(Version.parse(VERSION), facts):
        return []
    written = []
    for group, group_facts in facts["generation"].items():
        if not is_chosen(group_facts, options):
            continue
        folder = options.output / operator / group
        for arguments in argument_lists(operator, facts, group_facts, folder, options):
            written += generate(operator, group, arguments, options)
    return written


def is_chosen(group: dict, options: argparse.Namespace) -> bool:
    """Whether profile and extensions select a generation group."""
    chosen = {PROFILE, *options.extensions}
    some, every = set(group.get("supports_any", ())), set(group.get("supports_all", ()))
    if options.negative and group.get("no_negative_tests"):
        return False
    return (
        bool(chosen & (some | every))
        and every <= chosen
        and in_version(Version.parse(VERSION), group)
    )


def argument_lists(
    operator: str, facts: dict, group: dict, folder: Path, options: argparse.Namespace
) -> list[list[str]]:
    """Command lines for the generator, as the conformance generator itself writes them."""
    base = [
        "--generate-lib-path",
        str(_TABLES),
        "--filter",
        facts.get("gen_filter", f"^{operator}$"),
    ]
    base += ["-o", str(folder), "--seed", str(SEED)]
    if "random_const_inputs" in facts.get("support_for", ()):
        base.append("--random-const-inputs")
    base += ["--tosa-version", VERSION]
    base += ["--test-selection-config", str(_CONFIGURATION)]
    base += ["--test-selection-criteria", group.get("selector", "default")]
    base += ["--profile", PROFILE, "--extension", *(options.extensions or ["none"])]
    if not options.negative:
        return [[*base, "--test-type", "positive", *given] for given in group["generator_args"]]
    limits = ["--tensor-dim-range", group.get("negative_dim_range") or "1,16"]
    types = dict.fromkeys(t for given in group["generator_args"] for t in target_types(given))
    for dtype in types:
        limits += ["--target-dtype", dtype]
    return [[*base, "--test-type", "negative", *limits]]


def target_types(arguments: list[str]) -> list[str]:
    """The values of --target-dtype in a list of arguments."""
    found, collects = [], False
    for argument in arguments:
        if argument.startswith("--"):
            collects = argument == "--target-dtype"
        elif collects:
            found.append(argument)
    return found


def generate(
    operator: str, group: str, arguments: list[str], options: argparse.Namespace
) -> list[dict]:
    args = build.parseArgs(arguments)
    generator = TosaTestGen(args, build._get_tosa_version(args.tosa_version_str))
    selection = json.loads(args.selection_config.read_text())
    tests = TosaTestSelectList(selection, selectionCriteria=args.selection_criteria)
    for name in generator.TOSA_OP_LIST:
        if build.re.match(args.filter + ".*", generator.getOperatorNameStr(name)):
            for found in generator.genOpTestList(
                name,
                shapeFilter=args.target_shapes,
                rankFilter=args.target_ranks,
                dtypeFilter=args.target_dtypes,
                testType=args.test_type,
            ):
                tests.add(TosaTestSelect(found))
    chosen = tests.select(
        rng=generator.testSelect_rng,
        profiles_chosen=args.profile,
        extensions_chosen=args.extension,
    )
    return [
        case
        for test in sampled(chosen, options.sample)
        if (case := write(test, generator, operator, group, args, options))
    ]


def sampled(tests: list, count: int | None) -> list:
    """`count` tests of every stratum (element types; for negative tests, the rule broken)."""
    if count is None:
        return list(tests)
    strata = defaultdict(list)
    for test in tests:
        strata[str(test.dtype), str(test.error)].append(test)
    return [
        test
        for stratum in strata.values()
        for test in sorted(stratum, key=lambda t: hashlib.sha256(str(t).encode()).digest())[:count]
    ]


def write(
    test: TosaTestSelect,
    generator: TosaTestGen,
    operator: str,
    group: str,
    args: argparse.Namespace,
    options: argparse.Namespace,
) -> dict | None:
    if not generator.serializeTest(test):
        return None
    folder = Path(generator.basePath) / generator.testPath
    case = {
        "operator": operator,
        "group": group,
        "name": str(test),
        "folder": str(
            folder.relative_to(
                options.output.absolute() if folder.is_absolute() else options.output
            )
        ),
        "error": test.error,
    }
    if test.error is None and not reference(folder):
        shutil.rmtree(folder)
        return {**case, "skipped": "the reference model cannot run it"}
    return case


def reference(folder: Path) -> bool:
    """Writes the reference model's outputs; whether it could."""
    description = json.loads((folder / "desc.json").read_text())
    inputs = [np.load(folder / name) for name in description["ifm_file"]]
    try:
        outputs, status = tosa_reference_model.run((folder / "test.tosa").read_bytes(), inputs)
        is_run = status == tosa_reference_model.GraphStatus.TOSA_VALID
    except ValueError:  # inputs the bindings cannot take
        outputs, is_run = [], True
    if is_run and not (outputs and all(output.size for output in outputs)):
        # The bindings know no 48-bit integers, the program does.
        command = [_MODEL, "--test_desc", folder / "desc.json", "--output_dir", folder]
        is_run = subprocess.run([*command, "--operator_fbs", _SCHEMA]).returncode == 0
        outputs = [np.load(folder / name) for name in description["ofm_file"]] if is_run else []
    for i, output in enumerate(outputs if is_run else ()):
        np.save(folder / f"reference-{i}.npy", output)
    return is_run


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main()
