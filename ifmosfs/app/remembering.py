"""The catalogue as the memory of the extractor, opened only when it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ifmosfs.platform import host

if TYPE_CHECKING:
    from ifmosfs.app.context import App


class CatalogueMemory:
    """Extracts in the catalogue, with the time of their last use (`ml.extract.extractor.ExtractMemory`)."""

    def __init__(self, app: App) -> None:
        self._app = app

    def load_extracts(self, extractor: str, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """See `ExtractMemory`."""
        return self._app.catalogue.load_extracts(extractor, keys, host.now_ns())

    def save_extracts(self, extractor: str, extracts: Iterable[tuple[bytes, bytes]]) -> None:
        """See `ExtractMemory`."""
        self._app.catalogue.save_extracts(extractor, extracts, host.now_ns())


def forget_old_extracts(app: App) -> None:
    """Let go of the extracts that nobody has needed for long, or that are too many."""
    from ifmosfs.ml.extract.keys import extractor_name

    app.catalogue.prune_extracts(extractor_name(), host.now_ns())
