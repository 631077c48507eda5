"""What a user is told: `python -m tests.conformance.as_user MOUNT NAME…` shapes the plan that is mounted there as the playground's
is, asks the named operations of every kind of node, and prints the answers as JSON. Run as that user."""

from __future__ import annotations

import json
import os
import sys

from tests.conformance.kinds import CALLS, KINDS
from tests.conformance.os_protocol import SystemOs, told
from tests.conformance.playground import shape_by_hand

if __name__ == "__main__":
    system = SystemOs(os.fsencode(sys.argv[1]))
    shape_by_hand(system)
    answers = {
        name: {kind: told(lambda call=CALLS[name], path=path: call(system, path)) for kind, path in KINDS.items()}  # type: ignore[misc]
        for name in sys.argv[2:]
    }
    print(json.dumps(answers))
