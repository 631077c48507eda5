"""The catalogue: scanned files, what was said about them, plans and their edits, snapshots and versions.

One SQLite file, `catalogue.db`, shared by commands and mount daemons. It knows nothing of runs in progress: that is the journal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ifmosfs.store.amending import Amending
from ifmosfs.store.classifications import Classifications
from ifmosfs.store.database import BUSY_SECONDS, sqlite_engine
from ifmosfs.store.edits import Edits
from ifmosfs.store.extracts import Extracts
from ifmosfs.store.lessons import Lessons
from ifmosfs.store.migrate import bring_up_to_date
from ifmosfs.store.plans import Plans
from ifmosfs.store.resolutions import Resolutions
from ifmosfs.store.scans import Scans
from ifmosfs.store.sessions import Sessions
from ifmosfs.store.snapshots import Snapshots
from ifmosfs.store.state_folder import make_state_folder, sync_folder
from ifmosfs.store.trouble import translated

CATALOGUE_NAME: Final = "catalogue.db"


class Catalogue(Sessions, Scans, Classifications, Extracts, Lessons, Plans, Edits, Amending, Resolutions, Snapshots):
    """All that is stored about files and plans; every method is one transaction (or, for iterators, one per page)."""


def open_catalogue(folder: Path, busy_seconds: float = BUSY_SECONDS) -> Catalogue:
    """The catalogue in a state folder, both made where missing (the folder with mode 0700), migrated where older.

    Waits up to `busy_seconds` for another writer, here and in every method.
    Raises: DatabaseNewer, DatabaseDamaged, Locked, DiskFull, DiskFailed; IfmosfsError where the folder cannot be written.
    """
    path = folder / CATALOGUE_NAME
    with translated(path):
        make_state_folder(folder)
        is_new = not path.exists()
        engine = sqlite_engine(path, busy_seconds)
        try:
            bring_up_to_date(engine, path)
            if is_new:
                sync_folder(folder)
        except BaseException:
            engine.dispose()
            raise
    return Catalogue(engine, path)
