"""How fast the program is, against a named rival in the same run: `python -m benchmarks [scan|plan|mount|commit|…|all]`.

Run by hand, never as a timed test: a figure alone says more about the machine than about the program. Each module has one
function that returns rows; `docs/benchmarks.md` keeps what came out, beside the goals.
"""
