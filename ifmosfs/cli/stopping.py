"""What Ctrl-C says while files move."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ifmosfs.core.execute import StopRequest


def stop_on_signals() -> AbstractContextManager[Callable[[], StopRequest | None]]:
    """The `stop` of a run on the command line."""
    from ifmosfs.core.execute import StopRequest
    from ifmosfs.platform.interrupts import asked_to_stop

    def say(request: StopRequest) -> None:
        if request is StopRequest.FINISH_BATCH:
            click.echo("Finishing the batch in hand; once more to stop at once.", err=True)
        else:
            click.echo("Stopping after the file in hand.", err=True)

    return asked_to_stop(say)
