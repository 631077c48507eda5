"""Reads 4 KiB at many places of a file, the same in each run: `python read_at_random.py FILE N_READS`. Prints nothing."""

from __future__ import annotations

import os
import random
import sys

BLOCK_BYTES = 4096


def main(path: str, n_reads: int) -> None:
    """Read; the order is that of a fixed seed."""
    descriptor = os.open(path, os.O_RDONLY)
    n_blocks = os.fstat(descriptor).st_size // BLOCK_BYTES
    chosen = random.Random(4)
    for _ in range(n_reads):
        os.pread(descriptor, BLOCK_BYTES, chosen.randrange(n_blocks) * BLOCK_BYTES)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
