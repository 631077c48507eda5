"""A document's own date, out of names and metadata; a date that cannot be right is none."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

EARLIEST_YEAR: Final = 1980

_IN_NAME = re.compile(
    rb"(?<!\d)(?:(?P<year>19[89]\d|20\d\d)(?P<gap>[-_. ]?)(?P<month>\d\d)(?P=gap)(?P<day>\d\d)(?=\D|\d{6}(?!\d)|$)"
    rb"|(?P<day2>\d\d)\.(?P<month2>\d\d)\.(?P<year2>19[89]\d|20\d\d)(?!\d))"
)
_IN_METADATA = re.compile(rb"(\d{4})[-:]?(\d\d)[-:]?(\d\d)")


def date_in_name(name: bytes, latest_year: int) -> date | None:
    """The first valid date in a file name: 20230105, 2023-01-05, IMG_20230105_101500, 05.01.2023."""
    for found in _IN_NAME.finditer(name):
        group = found.groupdict()
        parts = (group["year"] or group["year2"], group["month"] or group["month2"], group["day"] or group["day2"])
        dated = valid_date(*(int(part) for part in parts), latest_year=latest_year)
        if dated is not None:
            return dated
    return None


def date_in_metadata(value: bytes, latest_year: int) -> date | None:
    """The date that a metadata field begins with: `D:20230105…`, `2023-01-05T…`, `2023:01:05 …`."""
    found = _IN_METADATA.match(value.strip().removeprefix(b"D:"))
    return valid_date(int(found[1]), int(found[2]), int(found[3]), latest_year=latest_year) if found else None


def valid_date(year: int, month: int, day: int, *, latest_year: int) -> date | None:
    """The date if there is such a day from 1980 to the end of `latest_year`, else `None`."""
    if not EARLIEST_YEAR <= year <= latest_year:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
