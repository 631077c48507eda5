"""What went wrong with mounting, in FUSE's own words and with what helps against it."""

from __future__ import annotations

from typing import Final

from ifmosfs.core.errors import BackendMissing, MountProblem

_CONTAINER: Final = "in a container, start it with --device /dev/fuse --cap-add SYS_ADMIN"
_APPARMOR: Final = "mount below your home folder; newer Ubuntu lets fusermount3 mount almost nowhere else"


def mount_problem(mount_point: bytes, printed: str) -> MountProblem | BackendMissing:
    """The error for what FUSE and its helper printed while mounting failed."""
    lines = [line.strip() for line in printed.splitlines() if line.strip() and "Ignoring invalid" not in line]
    reason = "; ".join(lines) or "no reason given"
    lower = reason.lower()
    if "not permitted" in lower:
        return BackendMissing(f"mounting is not permitted ({reason})", hint=_CONTAINER)
    if "permission denied" in lower:
        return MountProblem(f"mounting failed ({reason})", path=mount_point, hint=_APPARMOR)
    return MountProblem(f"mounting failed ({reason})", path=mount_point, hint="ifmosfs doctor shows what is missing")
