"""`afe run ARCHIVE --inputs in.npz -o out.npz`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afe.commands import interrupts_held, print_json
from afe.errors import AfeError, ErrorCode
from afe.options import MAX_THREADS

if TYPE_CHECKING:
    from afe.runtime.session import LoadedArchive, RunResult

EXAMPLES = """examples:
  afe run out/m_mpk.tar.gz --inputs in.npz -o out.npz
  afe run out/m_mpk.tar.gz --inputs in.npz -o out.npz --accelerator --json
  afe run out/m_mpk.tar.gz --inputs next.npz -o out.npz --state state.npz

in.npz holds arrays by input name, or as in0, in1… by position, in the model's own dtype and shape
(the number of images is free); out.npz gets the outputs by name in the model's order.
state.npz carries what a network with states (an LSTM, say) remembers from run to run; without it,
or where it does not exist yet, the network starts anew.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """ARCHIVE, --inputs, -o, --state, --accelerator, --threads, --json."""
    parser.add_argument("archive", metavar="ARCHIVE", help="a *_mpk.tar.gz")
    parser.add_argument("--inputs", required=True, metavar="NPZ", help="arrays by name")
    parser.add_argument("-o", "--output", required=True, metavar="NPZ", help="where outputs go")
    parser.add_argument(
        "--state", metavar="NPZ", help="states to go on from, replaced by what this run leaves"
    )
    parser.add_argument(
        "--accelerator", action="store_true", help="simulate cycles and stalls as well"
    )
    parser.add_argument(
        "--threads", type=int, default=1, metavar="N", help="threads; results are the same"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Runs the archive, writes the outputs, prints cycles if asked."""
    if not 1 <= arguments.threads <= MAX_THREADS:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"option '--threads' is {arguments.threads}; allowed: 1 to {MAX_THREADS}",
        )
    with interrupts_held():
        from afe import _sim, runtime  # noqa: F401
        from afe.runtime.npz import read_npz, write_npz

    loaded = runtime.load(arguments.archive)
    inputs = read_npz(arguments.inputs)
    if arguments.state is not None:
        _restore_states(loaded, Path(arguments.state))
    result = loaded.run(inputs, accelerator=arguments.accelerator, threads=arguments.threads)
    write_npz(arguments.output, result.named_outputs())
    if arguments.state is not None:
        write_npz(arguments.state, loaded.states.values())
    if arguments.json:
        print_json(_json(result))
    elif result.cycles:
        print("\n".join(_cycle_lines(result)))
    return 0


def _restore_states(loaded: LoadedArchive, path: Path) -> None:
    """What an earlier run left in `path`; nothing where there is no such file."""
    from afe.runtime.npz import read_npz

    if not loaded.states.names:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            "option '--state': this network has no states; leave it out",
        )
    if path.exists():
        loaded.states.restore(read_npz(path))


def _json(result: RunResult) -> dict[str, Any]:
    import dataclasses

    outputs = [
        {"name": name, "dtype": array.dtype.name, "shape": list(array.shape)}
        for name, array in result.named_outputs().items()
    ]
    description: dict[str, Any] = {
        "outputs": outputs,
        "batch_size": result.batch_size,
        "groups": result.groups,
    }
    if result.cycles:
        description["cycles"] = {
            name: dataclasses.asdict(cycles) for name, cycles in result.cycles.items()
        }
    return description


def _cycle_lines(result: RunResult) -> list[str]:
    lines = [f"cycles for {result.batch_size} image(s):"]
    lines += [
        f"  {name}: wall {c.wall:,} = deterministic {c.deterministic:,} + stalls {c.stalls:,}; "
        f"lower bound {c.lower_bound:,}"
        for name, c in result.cycles.items()
    ]
    return lines
