"""What kind of place a folder is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ifmosfs.platform.mounts import Mount
from ifmosfs.platform.places import Nature, _by_mount, is_system, nature_of


def mount(fstype: str, device: str = "0:99") -> Mount:
    return Mount(1, 0, device, b"/x", fstype, b"source", ())


@pytest.mark.parametrize(
    ("fstype", "nature"),
    [
        ("ext4", Nature.LOCAL),
        ("fuseblk", Nature.LOCAL),
        ("tmpfs", Nature.MEMORY),
        ("nfs4", Nature.NETWORK),
        ("fuse.sshfs", Nature.NETWORK),
        ("fuse.bindfs", Nature.FUSE),
        ("iso9660", Nature.READ_ONLY_MEDIUM),
    ],
)
def test_the_type_of_the_filesystem_tells(fstype: str, nature: Nature) -> None:
    assert _by_mount(mount(fstype)) is nature


@pytest.mark.parametrize("mark", [".dropbox", "._sync_0a1b2c.db", ".sync_0a1b.db", ".stfolder"])
def test_the_mark_of_a_cloud_services_client_tells_in_every_folder_below(tmp_path: Path, mark: str) -> None:
    (tmp_path / "cloud" / "deep").mkdir(parents=True)
    (tmp_path / "cloud" / mark).touch()
    assert nature_of(bytes(tmp_path / "cloud" / "deep")) is Nature.CLOUD
    assert nature_of(bytes(tmp_path)) is not Nature.CLOUD


@pytest.mark.parametrize("path", [b"/", b"/etc", b"/usr/share/doc", b"/home", b"/var/lib/x", b"/run"])
def test_the_systems_folders(path: bytes) -> None:
    assert is_system(path)


@pytest.mark.parametrize("path", [b"/home/me", b"/srv/files", b"/run/media/me/stick", b"/mnt/disk", b"/etcetera"])
def test_folders_of_people(path: bytes) -> None:
    assert not is_system(path)
