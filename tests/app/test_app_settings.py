"""What the environment sets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ifmosfs.app.settings import DRIVERS, load_settings
from ifmosfs.core.errors import ConfigProblem
from ifmosfs.platform.fuse import Driver


@pytest.mark.parametrize(("value", "driver"), [("kernel", "kernel"), ("libfuse", "libfuse"), ("", None)])
def test_the_driver_of_views_is_chosen_by_the_environment(tmp_path: Path, value: str, driver: str | None) -> None:
    assert load_settings({"IFMOSFS_HOME": str(tmp_path), "IFMOSFS_DRIVER": value}).driver == driver


def test_no_driver_is_chosen_where_nothing_is_said(tmp_path: Path) -> None:
    assert load_settings({"IFMOSFS_HOME": str(tmp_path)}).driver is None


def test_an_unknown_driver_is_refused_with_the_names_of_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem) as caught:
        load_settings({"IFMOSFS_HOME": str(tmp_path), "IFMOSFS_DRIVER": "windows"})
    assert caught.value.hint == "one of: kernel, libfuse; or leave it out"


def test_every_driver_that_can_be_chosen_exists() -> None:
    assert set(DRIVERS) == {driver.value for driver in Driver}


@pytest.mark.parametrize(
    ("said", "system", "is_on"),
    [
        ("", "darwin", True),
        ("", "linux", False),
        ('scratch = "auto"', "darwin", True),
        ('scratch = "on"', "linux", True),
        ('scratch = "off"', "darwin", False),
    ],
)
def test_scratch_files_are_there_where_the_system_insists_or_where_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, system: str, is_on: bool
) -> None:
    (tmp_path / "config.toml").write_text(f"[view]\n{said}\n")
    settings = load_settings({"IFMOSFS_HOME": str(tmp_path)})
    monkeypatch.setattr(sys, "platform", system)
    assert settings.scratch.is_on is is_on
