"""Runs a command and writes its exit code, user seconds and peak memory to a file, as JSON.

    python usage.py FILE SECONDS COMMAND…

A process of its own and without imports of weight: Linux counts what a process was forked from
into its peak memory, so that a large parent would be measured instead of a small child.
"""

import json
import os
import signal
import subprocess
import sys


def main() -> int:
    usage_file, seconds, *command = sys.argv[1:]
    process = subprocess.Popen(command)
    is_late = False

    def stop(*_: object) -> None:
        nonlocal is_late
        is_late = True
        process.send_signal(signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, stop)
    signal.alarm(max(1, int(float(seconds))))
    _, status, usage = os.wait4(process.pid, 0)
    signal.alarm(0)
    process.returncode = os.waitstatus_to_exitcode(status)
    with open(usage_file, "w") as file:
        figures = {
            "exit_code": process.returncode,
            "is_late": is_late,
            "user_seconds": usage.ru_utime,
            "peak_megabytes": usage.ru_maxrss / 1024,
        }
        json.dump(figures, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
