"""``python -m tests.fuzz TARGET --seconds N --seed S``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.loop import MEMORY_MIB, fuzz, remember_last, run_one, save
from tests.fuzz.targets import TARGETS, scratch


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="Hostile bytes for all readers."
    )
    parser.add_argument("target", choices=["all", *TARGETS])
    parser.add_argument("--seconds", type=float, default=60.0, help="in all, over the targets (default 60)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--finds", type=Path, default=Path("build/fuzz"), help="where failing inputs are kept"
    )
    parser.add_argument("--memory", type=int, default=MEMORY_MIB, help="MiB that the process may grow")
    parser.add_argument("--input", type=Path, help="run this one input only, and show what it does")
    parser.add_argument(
        "--coverage", action="store_true", help="led by code coverage; needs the package atheris"
    )
    options = parser.parse_args()
    if options.coverage:
        from tests.fuzz.coverage import lead

        return lead(options.target, options.seconds, options.seed, options.finds)
    if options.input:
        outcome, failure = run_one(TARGETS[options.target], options.input.read_bytes())
        print(failure or outcome)
        return int(failure is not None)
    names = list(TARGETS) if options.target == "all" else [options.target]
    remember_last(scratch() / "last-input")
    found = 0
    print(f"{'target':14} {'runs':>9} {'seconds':>8} {'outcomes':>8} {'finds':>6}")
    for name in names:
        result = fuzz(TARGETS[name], options.seconds / len(names), options.seed, memory_mib=options.memory)
        print(
            f"{name:14} {result.runs:9} {result.seconds:8.1f} {result.outcomes:8} {len(result.finds):6}",
            flush=True,
        )
        for failure, data in result.finds:
            found += 1
            print(f"\n{name}: {save(options.finds, name, data)}\n{failure}", file=sys.stderr)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
