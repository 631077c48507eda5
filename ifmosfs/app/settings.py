"""Where things are kept and what the defaults are: one frozen value, built once from defaults, file and environment."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated

import msgspec
import platformdirs

from ifmosfs.core.errors import ConfigProblem
from ifmosfs.core.guard import GuardRule
from ifmosfs.core.plan import ConflictStrategy, DuplicateRule

DRIVERS = ("kernel", "libfuse")
MEND = "correct the file, or move it away to go on with the defaults"


Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class GuardSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[guard]`: see `core.guard.GuardRule`."""

    factor: Annotated[float, msgspec.Meta(ge=1.0)] = 10.0
    at_least: Annotated[int, msgspec.Meta(ge=1)] = 1000
    share: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.9


class ValidateSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What `[validate]` may hold: `windows`, whether names must be possible on Windows, too."""

    windows: bool = False


class WatchSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[watch]`: how often a mounted plan looks at folders that nothing tells of; with `poll_only`, at all folders."""

    poll_seconds: Annotated[float, msgspec.Meta(ge=0.1)] = 10.0
    poll_only: bool = False


class Scratch(Enum):
    """Whether `.DS_Store` and `._NAME` may be written in a mounted view, into memory: AUTO, where the system insists on it."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"

    @property
    def is_on(self) -> bool:
        """Whether it is so here."""
        return self is Scratch.ON or (self is Scratch.AUTO and sys.platform == "darwin")


class ViewSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What `[view]` may hold."""

    scratch: Scratch = Scratch.AUTO


class ConfigFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What `config.toml` may hold."""

    threshold: Share | None = None
    threshold_for: dict[str, Share] = {}
    target: str | None = None
    mount_point: str | None = None
    exclude: tuple[str, ...] = ()
    guard: GuardSection = GuardSection()
    conflict: ConflictStrategy = ConflictStrategy.RENAME
    conflict_for: dict[str, ConflictStrategy] = {}
    duplicates: DuplicateRule = DuplicateRule.STAY
    validate: ValidateSection = ValidateSection()
    watch: WatchSection = WatchSection()
    view: ViewSection = ViewSection()


@dataclass(frozen=True, slots=True)
class Settings:
    """Folders and defaults of one invocation.

    `config_folder` holds `config.toml` and the user's `layout.toml`; `state_folder` the databases, logs and previews.
    `threshold` (none: what the classifier in use asks for) and `threshold_for` (by category) say how sure a file must be to move;
    `conflict`, `conflict_for` (by category) and `duplicates` are what new plans do where nothing else is said.
    `driver` (IFMOSFS_DRIVER) serves views by "kernel" or "libfuse"; none is the best that works. `model` (IFMOSFS_MODEL) is used
    instead of the one that `model use` has chosen; `embeddings` (IFMOSFS_EMBEDDINGS) is where those are that a model reads, instead of
    where they were when it was trained.
    """

    config_folder: Path
    state_folder: Path
    home: Path
    threshold: float | None = None
    threshold_for: tuple[tuple[str, float], ...] = ()
    target: Path | None = None
    mount_point: Path | None = None
    excludes: tuple[str, ...] = ()
    guard: GuardRule = field(default_factory=GuardRule)
    conflict: ConflictStrategy = ConflictStrategy.RENAME
    conflict_for: tuple[tuple[str, ConflictStrategy], ...] = ()
    duplicates: DuplicateRule = DuplicateRule.STAY
    windows_names: bool = False
    driver: str | None = None
    model: str | None = None
    embeddings: str | None = None
    poll_seconds: float = 10.0
    poll_only: bool = False
    scratch: Scratch = Scratch.AUTO

    @property
    def default_target(self) -> Path:
        """Where files are organised to when nothing else is said."""
        return self.target or self.home / "Organized"

    @property
    def default_mount_point(self) -> Path:
        """Where the view appears when nothing else is said: below home, which AppArmor's rules for fusermount3 allow."""
        return self.mount_point or self.home / "IFMOSFS"


def load_settings(environment: Mapping[str, str]) -> Settings:
    """The settings for an environment. Raises `ConfigProblem` naming the key and the file."""
    home = Path(environment.get("HOME") or os.path.expanduser("~"))
    own = environment.get("IFMOSFS_HOME")
    if own:
        config_folder, state_folder = Path(own).absolute(), Path(own).absolute()
    else:
        config_folder = platformdirs.user_config_path("ifmosfs")
        state_folder = platformdirs.user_state_path("ifmosfs")
    config = _read_config(config_folder / "config.toml")
    return Settings(
        config_folder=config_folder,
        state_folder=state_folder,
        home=home,
        threshold=config.threshold,
        threshold_for=tuple(sorted(config.threshold_for.items())),
        target=_path(config.target, home),
        mount_point=_path(config.mount_point, home),
        excludes=config.exclude,
        guard=GuardRule(config.guard.factor, config.guard.at_least, config.guard.share),
        conflict=config.conflict,
        conflict_for=tuple(sorted(config.conflict_for.items())),
        duplicates=config.duplicates,
        windows_names=config.validate.windows,
        driver=_driver(environment.get("IFMOSFS_DRIVER")),
        model=environment.get("IFMOSFS_MODEL") or None,
        embeddings=environment.get("IFMOSFS_EMBEDDINGS") or None,
        poll_seconds=config.watch.poll_seconds,
        poll_only=config.watch.poll_only,
        scratch=config.view.scratch,
    )


def _driver(name: str | None) -> str | None:
    if name not in {None, "", *DRIVERS}:
        raise ConfigProblem(f"IFMOSFS_DRIVER is {name!r}", hint=f"one of: {', '.join(DRIVERS)}; or leave it out")
    return name or None


def _path(text: str | None, home: Path) -> Path | None:
    """A path from the file; a relative one starts at home, wherever the program is called from."""
    if text is None:
        return None
    return home / text.removeprefix("~").lstrip("/") if text.startswith("~") else home / text


def _read_config(path: Path) -> ConfigFile:
    data = read_toml(path)
    try:
        return msgspec.convert(data or {}, ConfigFile)
    except msgspec.ValidationError as error:
        raise ConfigProblem(f"the configuration is not valid: {error}", path=os.fsencode(path), hint=MEND) from error


def read_toml(path: Path) -> dict[str, object] | None:
    """The content of a TOML file, `None` where there is no such file. Raises `ConfigProblem`."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigProblem(f"not a TOML file ({error})", path=os.fsencode(path), hint=MEND) from error
    except OSError as error:
        raise ConfigProblem(f"cannot be read ({error.strerror})", path=os.fsencode(path), hint=MEND) from error
