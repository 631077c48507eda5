"""Applies each mutation of `mutants.toml` in a copy of the checkout and runs the tests that must catch it.

A mutation gives `file`, `old` (which must be there exactly once), `new`, and `tests`: arguments of pytest. Before anything is
mutated all these tests must pass; a mutant that passes them has survived, and a harness with a survivor proves nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
TABLE = PROJECT / "script" / "mutants.toml"
COPIED = ("ifmosfs", "tests", "pyproject.toml")
TIMEOUT_S = 600
N_AT_ONCE = 2
CAUGHT = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """One safety property, broken."""

    name: str
    breaks: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def read_table() -> list[Mutant]:
    """All mutations, in their order."""
    rows = tomllib.loads(TABLE.read_text())["mutant"]
    return [Mutant(tests=tuple(row.pop("tests")), **row) for row in rows]


def mutated(mutant: Mutant) -> str:
    """The file's text with the mutation. Exits with a word where the code has moved on and the table has not."""
    text = (PROJECT / mutant.file).read_text()
    if text.count(mutant.old) != 1:
        sys.exit(
            f"script/mutants: {mutant.name}: `old` stands {text.count(mutant.old)} times in {mutant.file}, not once"
        )
    return text.replace(mutant.old, mutant.new)


def copy_of_checkout(folder: Path) -> Path:
    """A copy that can be broken."""
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def run_tests(folder: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """pytest's exit status and output, with the copy's package in front of the installed one."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, "FAILED (did not end)"
    return done.returncode, done.stdout + done.stderr


def try_mutant(mutant: Mutant) -> tuple[Mutant, str | None]:
    """The test that caught it, or `None`."""
    with tempfile.TemporaryDirectory(prefix="ifmosfs-mutant-") as made:
        folder = copy_of_checkout(Path(made))
        (folder / mutant.file).write_text(mutated(mutant))
        status, output = run_tests(folder, mutant.tests)
    if status == 0:
        return mutant, None
    found = CAUGHT.search(output)
    if found is None:
        sys.exit(f"script/mutants: {mutant.name}: no test failed, and yet pytest did:\n{output[-2000:]}")
    return mutant, found[1]


def check_unmutated(mutants: list[Mutant]) -> None:
    """The tests must pass on the code as it is, or they would catch anything."""
    with tempfile.TemporaryDirectory(prefix="ifmosfs-mutant-") as made, ThreadPoolExecutor(N_AT_ONCE) as pool:
        folder = copy_of_checkout(Path(made))
        wanted = list(dict.fromkeys(mutant.tests for mutant in mutants))
        for tests, (status, output) in zip(wanted, pool.map(lambda each: run_tests(folder, each), wanted), strict=True):
            if status != 0:
                sys.exit(f"script/mutants: {' '.join(tests)} fails without any mutation:\n{output[-3000:]}")


def main(names: list[str]) -> int:
    """Try the named mutants, or all; the number of lines is the number of mutants."""
    mutants = [mutant for mutant in read_table() if not names or mutant.name in names]
    if not mutants:
        sys.exit(f"script/mutants: no mutant is called {' or '.join(names)}")
    for mutant in mutants:
        mutated(mutant)
    check_unmutated(mutants)
    survivors = 0
    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        for mutant, caught_by in pool.map(try_mutant, mutants):
            survivors += caught_by is None
            verdict = "SURVIVED" if caught_by is None else f"caught by {caught_by}"
            print(f"{mutant.name}: {mutant.breaks}\n    {verdict}", flush=True)
    print(f"{len(mutants)} mutants, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
