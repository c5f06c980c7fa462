"""Writes networks as `.mlirbc` files.

python -m benchmarks.networks [NAME…] [-o FOLDER] [--seed N]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.networks import NETWORKS, build, write


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="where files go")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args()
    for name in options.names or NETWORKS:
        if name not in NETWORKS:
            parser.error(f"there is no network '{name}'; known are {', '.join(NETWORKS)}")
        network = build(name, options.seed)
        print(f"{name:20} {network.macs / 1e6:10,.1f} million multiplications per image")
        if options.output:
            options.output.mkdir(parents=True, exist_ok=True)
            write(network, options.output / f"{name}.mlirbc")
    return 0


if __name__ == "__main__":
    sys.exit(main())
