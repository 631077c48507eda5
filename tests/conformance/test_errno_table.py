"""The errno of every operation on every kind of node, as a total table; the same through a mount and in this process.

A cell says how the operation named above ends on the kind of node named at the left (`kinds.py` has both), for the owner of the
mount. Where two answers are possible: what exists in the target is never changed (EROFS), a name that is no place for a file is
refused for what it is, and the rest is rename(2), rmdir(2), unlink(2), open(2) as Linux' own filesystems answer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.conformance.conftest import KINDS as WAYS
from tests.conformance.core_os import CoreOs
from tests.conformance.kinds import CALLS, KINDS, left_out, undo
from tests.conformance.os_protocol import OK, Os, told, tree
from tests.conformance.playground import CONTROL, LAYOUT_SHOWN, REVIEW, Playground

LOOKING = """
kind                    lstat         stat          listdir       readlink      statvfs
root                    ok            ok            ok            EINVAL        ok
existing-folder         ok            ok            ok            EINVAL        ok
existing-full           ok            ok            ok            EINVAL        ok
existing-file           ok            ok            ENOTDIR       EINVAL        ok
existing-link           ok            ok            ENOTDIR       ok            ok
link-to-folder          ok            ok            ok            ok            ok
link-to-itself          ok            ELOOP         ELOOP         ok            ELOOP
both                    ok            ok            ok            EINVAL        ok
planned-folder          ok            ok            ok            EINVAL        ok
planned-full            ok            ok            ok            EINVAL        ok
planned-file            ok            ok            ENOTDIR       EINVAL        ok
file-in-existing        ok            ok            ENOTDIR       EINVAL        ok
planned-link            ok            ok            ENOTDIR       ok            ok
name-of-255             ok            ok            ENOTDIR       EINVAL        ok
name-not-utf-8          ok            ok            ENOTDIR       EINVAL        ok
name-of-two-lines       ok            ok            ENOTDIR       EINVAL        ok
case-twin               ok            ok            ENOTDIR       EINVAL        ok
other-case-twin         ok            ok            ENOTDIR       EINVAL        ok
nfc-twin                ok            ok            ENOTDIR       EINVAL        ok
nfd-twin                ok            ok            ENOTDIR       EINVAL        ok
project                 ok            ok            ok            EINVAL        ok
folder-in-project       ok            ok            ok            EINVAL        ok
file-in-project         ok            ok            ENOTDIR       EINVAL        ok
review                  ok            ok            ok            EINVAL        ok
reason                  ok            ok            ok            EINVAL        ok
empty-reason            ok            ok            ok            EINVAL        ok
review-folder           ok            ok            ok            EINVAL        ok
review-file             ok            ok            ENOTDIR       EINVAL        ok
review-link             ok            ENOENT        ENOENT        ok            ENOENT
review-project          ok            ok            ok            EINVAL        ok
file-in-review-project  ok            ok            ENOTDIR       EINVAL        ok
control                 ok            ok            ok            EINVAL        ok
control-file            ok            ok            ENOTDIR       EINVAL        ok
missing                 ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-at-top          ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-in-existing     ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-in-project      ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-reason          ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-in-reason       ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-in-control      ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-folder          ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-link-way        ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
name-of-256             ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG
through-a-file          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-theirs          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-a-loop          ELOOP         ELOOP         ELOOP         ELOOP         ELOOP
trash                   ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
trash-below             ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
"""

OPENING = """
kind                    read          nofollow      as-folder     fsync
root                    EISDIR        ok            ok            ok
existing-folder         EISDIR        ok            ok            ok
existing-full           EISDIR        ok            ok            ok
existing-file           ok            ok            ENOTDIR       ok
existing-link           ok            ELOOP         ENOTDIR       ok
link-to-folder          EISDIR        ELOOP         ok            ok
link-to-itself          ELOOP         ELOOP         ELOOP         ELOOP
both                    EISDIR        ok            ok            ok
planned-folder          EISDIR        ok            ok            ok
planned-full            EISDIR        ok            ok            ok
planned-file            ok            ok            ENOTDIR       ok
file-in-existing        ok            ok            ENOTDIR       ok
planned-link            ok            ELOOP         ENOTDIR       ok
name-of-255             ok            ok            ENOTDIR       ok
name-not-utf-8          ok            ok            ENOTDIR       ok
name-of-two-lines       ok            ok            ENOTDIR       ok
case-twin               ok            ok            ENOTDIR       ok
other-case-twin         ok            ok            ENOTDIR       ok
nfc-twin                ok            ok            ENOTDIR       ok
nfd-twin                ok            ok            ENOTDIR       ok
project                 EISDIR        ok            ok            ok
folder-in-project       EISDIR        ok            ok            ok
file-in-project         ok            ok            ENOTDIR       ok
review                  EISDIR        ok            ok            ok
reason                  EISDIR        ok            ok            ok
empty-reason            EISDIR        ok            ok            ok
review-folder           EISDIR        ok            ok            ok
review-file             ok            ok            ENOTDIR       ok
review-link             ENOENT        ELOOP         ENOENT        ENOENT
review-project          EISDIR        ok            ok            ok
file-in-review-project  ok            ok            ENOTDIR       ok
control                 EISDIR        ok            ok            ok
control-file            ok            ok            ENOTDIR       ok
missing                 ENOENT        ENOENT        ENOENT        ENOENT
missing-at-top          ENOENT        ENOENT        ENOENT        ENOENT
missing-in-existing     ENOENT        ENOENT        ENOENT        ENOENT
missing-in-project      ENOENT        ENOENT        ENOENT        ENOENT
missing-reason          ENOENT        ENOENT        ENOENT        ENOENT
missing-in-reason       ENOENT        ENOENT        ENOENT        ENOENT
missing-in-control      ENOENT        ENOENT        ENOENT        ENOENT
missing-folder          ENOENT        ENOENT        ENOENT        ENOENT
missing-link-way        ENOENT        ENOENT        ENOENT        ENOENT
name-of-256             ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG
through-a-file          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-theirs          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-a-loop          ELOOP         ELOOP         ELOOP         ELOOP
trash                   ENOENT        ENOENT        ENOENT        ENOENT
trash-below             ENOENT        ENOENT        ENOENT        ENOENT
"""

WRITING = """
kind                    open-w        open-rw       append        trunc         creat         excl          truncate
root                    EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
existing-folder         EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
existing-full           EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
existing-file           EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
existing-link           EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
link-to-folder          EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
link-to-itself          ELOOP         ELOOP         ELOOP         ELOOP         ELOOP         EEXIST        ELOOP
both                    EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
planned-folder          EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
planned-full            EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
planned-file            EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
file-in-existing        EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
planned-link            EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
name-of-255             EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
name-not-utf-8          EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
name-of-two-lines       EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
case-twin               EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
other-case-twin         EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
nfc-twin                EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
nfd-twin                EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
project                 EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
folder-in-project       EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
file-in-project         EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
review                  EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
reason                  EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
empty-reason            EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
review-folder           EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
review-file             EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
review-link             ENOENT        ENOENT        ENOENT        ENOENT        ENOENT        EEXIST        ENOENT
review-project          EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
file-in-review-project  EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
control                 EISDIR        EISDIR        EISDIR        EISDIR        EISDIR        EEXIST        EISDIR
control-file            EROFS         EROFS         EROFS         EROFS         EROFS         EEXIST        EROFS
missing                 ENOENT        ENOENT        ENOENT        ENOENT        EROFS         EROFS         ENOENT
missing-at-top          ENOENT        ENOENT        ENOENT        ENOENT        EROFS         EROFS         ENOENT
missing-in-existing     ENOENT        ENOENT        ENOENT        ENOENT        EROFS         EROFS         ENOENT
missing-in-project      ENOENT        ENOENT        ENOENT        ENOENT        EROFS         EROFS         ENOENT
missing-reason          ENOENT        ENOENT        ENOENT        ENOENT        EROFS         EROFS         ENOENT
missing-in-reason       ENOENT        ENOENT        ENOENT        ENOENT        EROFS         EROFS         ENOENT
missing-in-control      ENOENT        ENOENT        ENOENT        ENOENT        EROFS         EROFS         ENOENT
missing-folder          ENOENT        ENOENT        ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-link-way        ENOENT        ENOENT        ENOENT        ENOENT        EROFS         EROFS         ENOENT
name-of-256             ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG
through-a-file          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-theirs          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-a-loop          ELOOP         ELOOP         ELOOP         ELOOP         ELOOP         ELOOP         ELOOP
trash                   ENOENT        ENOENT        ENOENT        ENOENT        EROFS         EROFS         ENOENT
trash-below             ENOENT        ENOENT        ENOENT        ENOENT        EROFS         EROFS         ENOENT
"""

MAKING = """
kind                    mkdir         mknod         mkfifo        symlink       link-from     link-to
root                    EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
existing-folder         EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
existing-full           EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
existing-file           EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
existing-link           EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
link-to-folder          EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
link-to-itself          EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
both                    EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
planned-folder          EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
planned-full            EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
planned-file            EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
file-in-existing        EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
planned-link            EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
name-of-255             EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
name-not-utf-8          EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
name-of-two-lines       EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
case-twin               EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
other-case-twin         EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
nfc-twin                EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
nfd-twin                EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
project                 EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
folder-in-project       EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
file-in-project         EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
review                  EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
reason                  EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
empty-reason            EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
review-folder           EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
review-file             EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
review-link             EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
review-project          EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
file-in-review-project  EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
control                 EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
control-file            EEXIST        EEXIST        EEXIST        EEXIST        EPERM         EEXIST
missing                 ok            EROFS         EPERM         EPERM         ENOENT        EPERM
missing-at-top          ok            EROFS         EPERM         EPERM         ENOENT        EPERM
missing-in-existing     ok            EROFS         EPERM         EPERM         ENOENT        EPERM
missing-in-project      EPERM         EROFS         EPERM         EPERM         ENOENT        EPERM
missing-reason          EPERM         EROFS         EPERM         EPERM         ENOENT        EPERM
missing-in-reason       ok            EROFS         EPERM         EPERM         ENOENT        EPERM
missing-in-control      EACCES        EROFS         EPERM         EPERM         ENOENT        EPERM
missing-folder          ENOENT        ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-link-way        ok            EROFS         EPERM         EPERM         ENOENT        EPERM
name-of-256             ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG
through-a-file          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-theirs          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-a-loop          ELOOP         ELOOP         ELOOP         ELOOP         ELOOP         ELOOP
trash                   EACCES        EROFS         EPERM         EPERM         ENOENT        EPERM
trash-below             EACCES        EROFS         EPERM         EPERM         ENOENT        EPERM
"""

TAKING = """
kind                    rmdir         unlink        chmod         chown         utime
root                    EBUSY         EISDIR        EROFS         EPERM         EROFS
existing-folder         EROFS         EISDIR        EROFS         EPERM         EROFS
existing-full           EROFS         EISDIR        EROFS         EPERM         EROFS
existing-file           ENOTDIR       EROFS         EPERM         EPERM         EPERM
existing-link           ENOTDIR       EROFS         EPERM         EPERM         EPERM
link-to-folder          ENOTDIR       EROFS         EROFS         EPERM         EROFS
link-to-itself          ENOTDIR       EROFS         ELOOP         EPERM         ELOOP
both                    EROFS         EISDIR        EROFS         EPERM         EROFS
planned-folder          ok            EISDIR        ok            EPERM         ok
planned-full            ENOTEMPTY     EISDIR        ok            EPERM         ok
planned-file            ENOTDIR       ok            EPERM         EPERM         EPERM
file-in-existing        ENOTDIR       ok            EPERM         EPERM         EPERM
planned-link            ENOTDIR       ok            EPERM         EPERM         EPERM
name-of-255             ENOTDIR       ok            EPERM         EPERM         EPERM
name-not-utf-8          ENOTDIR       ok            EPERM         EPERM         EPERM
name-of-two-lines       ENOTDIR       ok            EPERM         EPERM         EPERM
case-twin               ENOTDIR       ok            EPERM         EPERM         EPERM
other-case-twin         ENOTDIR       ok            EPERM         EPERM         EPERM
nfc-twin                ENOTDIR       ok            EPERM         EPERM         EPERM
nfd-twin                ENOTDIR       ok            EPERM         EPERM         EPERM
project                 ENOTEMPTY     EISDIR        EPERM         EPERM         EPERM
folder-in-project       ENOTEMPTY     EISDIR        EPERM         EPERM         EPERM
file-in-project         ENOTDIR       EPERM         EPERM         EPERM         EPERM
review                  EBUSY         EISDIR        ok            EPERM         ok
reason                  EBUSY         EISDIR        ok            EPERM         ok
empty-reason            EBUSY         EISDIR        ok            EPERM         ok
review-folder           ENOTEMPTY     EISDIR        ok            EPERM         ok
review-file             ENOTDIR       ok            EPERM         EPERM         EPERM
review-link             ENOTDIR       ok            ENOENT        EPERM         ENOENT
review-project          ENOTEMPTY     EISDIR        EPERM         EPERM         EPERM
file-in-review-project  ENOTDIR       EPERM         EPERM         EPERM         EPERM
control                 EROFS         EISDIR        EPERM         EPERM         EPERM
control-file            ENOTDIR       EROFS         EPERM         EPERM         EPERM
missing                 ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-at-top          ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-in-existing     ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-in-project      ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-reason          ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-in-reason       ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-in-control      ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-folder          ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
missing-link-way        ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
name-of-256             ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG
through-a-file          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-theirs          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-a-loop          ELOOP         ELOOP         ELOOP         ELOOP         ELOOP
trash                   ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
trash-below             ENOENT        ENOENT        ENOENT        ENOENT        ENOENT
"""

LEAVING = """
kind                    move          move-noreplace  move-whiteout  move-8  into-itself   onto-itself
root                    EXDEV         EXDEV           EXDEV          EINVAL  EXDEV         ok
existing-folder         EROFS         EROFS           EINVAL         EINVAL  EINVAL        ok
existing-full           EROFS         EROFS           EINVAL         EINVAL  EINVAL        ok
existing-file           EROFS         EROFS           EINVAL         EINVAL  ENOTDIR       ok
existing-link           EROFS         EROFS           EINVAL         EINVAL  ENOTDIR       ok
link-to-folder          EROFS         EROFS           EINVAL         EINVAL  EROFS         ok
link-to-itself          EROFS         EROFS           EINVAL         EINVAL  ELOOP         ok
both                    EROFS         EROFS           EINVAL         EINVAL  EINVAL        ok
planned-folder          ok            ok              EINVAL         EINVAL  EINVAL        ok
planned-full            ok            ok              EINVAL         EINVAL  EINVAL        ok
planned-file            ok            ok              EINVAL         EINVAL  ENOTDIR       ok
file-in-existing        ok            ok              EINVAL         EINVAL  ENOTDIR       ok
planned-link            ok            ok              EINVAL         EINVAL  ENOTDIR       ok
name-of-255             ok            ok              EINVAL         EINVAL  ENOTDIR       ok
name-not-utf-8          ok            ok              EINVAL         EINVAL  ENOTDIR       ok
name-of-two-lines       ok            ok              EINVAL         EINVAL  ENOTDIR       ok
case-twin               ok            ok              EINVAL         EINVAL  ENOTDIR       ok
other-case-twin         ok            ok              EINVAL         EINVAL  ENOTDIR       ok
nfc-twin                ok            ok              EINVAL         EINVAL  ENOTDIR       ok
nfd-twin                ok            ok              EINVAL         EINVAL  ENOTDIR       ok
project                 ok            ok              EINVAL         EINVAL  EINVAL        ok
folder-in-project       EPERM         EPERM           EINVAL         EINVAL  EINVAL        ok
file-in-project         EPERM         EPERM           EINVAL         EINVAL  ENOTDIR       ok
review                  EBUSY         EBUSY           EINVAL         EINVAL  EINVAL        ok
reason                  EBUSY         EBUSY           EINVAL         EINVAL  EINVAL        ok
empty-reason            EBUSY         EBUSY           EINVAL         EINVAL  EINVAL        ok
review-folder           ok            ok              EINVAL         EINVAL  EINVAL        ok
review-file             ok            ok              EINVAL         EINVAL  ENOTDIR       ok
review-link             ok            ok              EINVAL         EINVAL  ENOENT        ok
review-project          ok            ok              EINVAL         EINVAL  EINVAL        ok
file-in-review-project  EPERM         EPERM           EINVAL         EINVAL  ENOTDIR       ok
control                 EROFS         EROFS           EINVAL         EINVAL  EINVAL        ok
control-file            EROFS         EROFS           EINVAL         EINVAL  ENOTDIR       ok
missing                 ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
missing-at-top          ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
missing-in-existing     ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
missing-in-project      ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
missing-reason          ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
missing-in-reason       ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
missing-in-control      ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
missing-folder          ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
missing-link-way        ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
name-of-256             ENAMETOOLONG  ENAMETOOLONG    ENAMETOOLONG   EINVAL  ENAMETOOLONG  ENAMETOOLONG
through-a-file          ENOTDIR       ENOTDIR         ENOTDIR        EINVAL  ENOTDIR       ENOTDIR
through-theirs          ENOTDIR       ENOTDIR         ENOTDIR        EINVAL  ENOTDIR       ENOTDIR
through-a-loop          ELOOP         ELOOP           ELOOP          EINVAL  ELOOP         ELOOP
trash                   ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
trash-below             ENOENT        ENOENT          ENOENT         EINVAL  ENOENT        ENOENT
"""

COMING = """
kind                    file-over     folder-over   full-over     file-noreplace  folder-noreplace
root                    EXDEV         EXDEV         EXDEV         EXDEV           EXDEV
existing-folder         EISDIR        EROFS         EROFS         EEXIST          EEXIST
existing-full           EISDIR        ENOTEMPTY     ENOTEMPTY     EEXIST          EEXIST
existing-file           EEXIST        ENOTDIR       ENOTDIR       EEXIST          EEXIST
existing-link           EEXIST        ENOTDIR       ENOTDIR       EEXIST          EEXIST
link-to-folder          EEXIST        ENOTDIR       ENOTDIR       EEXIST          EEXIST
link-to-itself          EEXIST        ENOTDIR       ENOTDIR       EEXIST          EEXIST
both                    EISDIR        ENOTEMPTY     ENOTEMPTY     EEXIST          EEXIST
planned-folder          EISDIR        ok            ok            EEXIST          EEXIST
planned-full            EISDIR        ENOTEMPTY     ok            EEXIST          EEXIST
planned-file            ok            ENOTDIR       ENOTDIR       EEXIST          EEXIST
file-in-existing        ok            ENOTDIR       ENOTDIR       EEXIST          EEXIST
planned-link            ok            ENOTDIR       ENOTDIR       EEXIST          EEXIST
name-of-255             ok            ENOTDIR       ENOTDIR       EEXIST          EEXIST
name-not-utf-8          ok            ENOTDIR       ENOTDIR       EEXIST          EEXIST
name-of-two-lines       ok            ENOTDIR       ENOTDIR       EEXIST          EEXIST
case-twin               ok            ENOTDIR       ENOTDIR       EEXIST          EEXIST
other-case-twin         ok            ENOTDIR       ENOTDIR       EEXIST          EEXIST
nfc-twin                ok            ENOTDIR       ENOTDIR       EEXIST          EEXIST
nfd-twin                ok            ENOTDIR       ENOTDIR       EEXIST          EEXIST
project                 EISDIR        ENOTEMPTY     ENOTEMPTY     EEXIST          EEXIST
folder-in-project       EISDIR        ENOTEMPTY     ENOTEMPTY     EEXIST          EEXIST
file-in-project         EPERM         ENOTDIR       ENOTDIR       EEXIST          EEXIST
review                  EISDIR        ENOTEMPTY     ENOTEMPTY     EEXIST          EEXIST
reason                  EISDIR        ENOTEMPTY     ENOTEMPTY     EEXIST          EEXIST
empty-reason            EISDIR        EPERM         EPERM         EEXIST          EEXIST
review-folder           EISDIR        ENOTEMPTY     ENOTEMPTY     EEXIST          EEXIST
review-file             EEXIST        ENOTDIR       ENOTDIR       EEXIST          EEXIST
review-link             EEXIST        ENOTDIR       ENOTDIR       EEXIST          EEXIST
review-project          EISDIR        ENOTEMPTY     ENOTEMPTY     EEXIST          EEXIST
file-in-review-project  EPERM         ENOTDIR       ENOTDIR       EEXIST          EEXIST
control                 EISDIR        ENOTEMPTY     ENOTEMPTY     EEXIST          EEXIST
control-file            EACCES        ENOTDIR       ENOTDIR       EEXIST          EEXIST
missing                 ok            ok            ok            ok              ok
missing-at-top          ok            ok            ok            ok              ok
missing-in-existing     ok            ok            ok            ok              ok
missing-in-project      EPERM         EPERM         EPERM         EPERM           EPERM
missing-reason          ok            ok            ok            ok              ok
missing-in-reason       ok            ok            ok            ok              ok
missing-in-control      EACCES        EACCES        EACCES        EACCES          EACCES
missing-folder          ENOENT        ENOENT        ENOENT        ENOENT          ENOENT
missing-link-way        ok            ok            ok            ok              ok
name-of-256             ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG    ENAMETOOLONG
through-a-file          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR         ENOTDIR
through-theirs          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR         ENOTDIR
through-a-loop          ELOOP         ELOOP         ELOOP         ELOOP           ELOOP
trash                   EACCES        EACCES        EACCES        EACCES          EACCES
trash-below             EACCES        EACCES        EACCES        EACCES          EACCES
"""

SWAPPING = """
kind                    exchange-missing  exchange-file  exchange-folder
root                    EXDEV             EXDEV          EXDEV
existing-folder         ENOENT            EROFS          EROFS
existing-full           ENOENT            EROFS          EROFS
existing-file           ENOENT            EROFS          EROFS
existing-link           ENOENT            EROFS          EROFS
link-to-folder          ENOENT            EROFS          EROFS
link-to-itself          ENOENT            EROFS          EROFS
both                    ENOENT            EROFS          EROFS
planned-folder          ENOENT            ok             ok
planned-full            ENOENT            ok             EINVAL
planned-file            ENOENT            ok             ok
file-in-existing        ENOENT            ok             ok
planned-link            ENOENT            ok             ok
name-of-255             ENOENT            ok             ok
name-not-utf-8          ENOENT            ok             ok
name-of-two-lines       ENOENT            ok             ok
case-twin               ENOENT            ok             ok
other-case-twin         ENOENT            ok             ok
nfc-twin                ENOENT            ok             ok
nfd-twin                ENOENT            ok             ok
project                 ENOENT            ok             ok
folder-in-project       ENOENT            EPERM          EPERM
file-in-project         ENOENT            EPERM          EPERM
review                  ENOENT            EBUSY          EBUSY
reason                  ENOENT            EBUSY          EBUSY
empty-reason            ENOENT            EBUSY          EBUSY
review-folder           ENOENT            ok             ok
review-file             ENOENT            ok             ok
review-link             ENOENT            ok             ok
review-project          ENOENT            ok             ok
file-in-review-project  ENOENT            EPERM          EPERM
control                 ENOENT            EROFS          EROFS
control-file            ENOENT            EROFS          EROFS
missing                 ENOENT            ENOENT         ENOENT
missing-at-top          ENOENT            ENOENT         ENOENT
missing-in-existing     ENOENT            ENOENT         ENOENT
missing-in-project      ENOENT            ENOENT         ENOENT
missing-reason          ENOENT            ENOENT         ENOENT
missing-in-reason       ENOENT            ENOENT         ENOENT
missing-in-control      ENOENT            ENOENT         ENOENT
missing-folder          ENOENT            ENOENT         ENOENT
missing-link-way        ENOENT            ENOENT         ENOENT
name-of-256             ENAMETOOLONG      ENAMETOOLONG   ENAMETOOLONG
through-a-file          ENOTDIR           ENOTDIR        ENOTDIR
through-theirs          ENOTDIR           ENOTDIR        ENOTDIR
through-a-loop          ELOOP             ELOOP          ELOOP
trash                   ENOENT            ENOENT         ENOENT
trash-below             ENOENT            ENOENT         ENOENT
"""

LABELS = """
kind                    get-source    get-label     get-other     listxattr
root                    ENODATA       ENOTSUP       ENODATA       ok
existing-folder         ENODATA       ENOTSUP       ENODATA       ok
existing-full           ENODATA       ENOTSUP       ENODATA       ok
existing-file           ENODATA       ENOTSUP       ENODATA       ok
existing-link           ENODATA       ENOTSUP       ENODATA       ok
link-to-folder          ENODATA       ENOTSUP       ENODATA       ok
link-to-itself          ENODATA       ENOTSUP       ENODATA       ok
both                    ENODATA       ENOTSUP       ENODATA       ok
planned-folder          ENODATA       ENOTSUP       ENODATA       ok
planned-full            ENODATA       ENOTSUP       ENODATA       ok
planned-file            ok            ENOTSUP       ENODATA       ok
file-in-existing        ok            ENOTSUP       ENODATA       ok
planned-link            ENODATA       ENOTSUP       ENODATA       ok
name-of-255             ok            ENOTSUP       ENODATA       ok
name-not-utf-8          ok            ENOTSUP       ENODATA       ok
name-of-two-lines       ok            ENOTSUP       ENODATA       ok
case-twin               ok            ENOTSUP       ENODATA       ok
other-case-twin         ok            ENOTSUP       ENODATA       ok
nfc-twin                ok            ENOTSUP       ENODATA       ok
nfd-twin                ok            ENOTSUP       ENODATA       ok
project                 ENODATA       ENOTSUP       ENODATA       ok
folder-in-project       ENODATA       ENOTSUP       ENODATA       ok
file-in-project         ok            ENOTSUP       ENODATA       ok
review                  ENODATA       ENOTSUP       ENODATA       ok
reason                  ENODATA       ENOTSUP       ENODATA       ok
empty-reason            ENODATA       ENOTSUP       ENODATA       ok
review-folder           ENODATA       ENOTSUP       ENODATA       ok
review-file             ok            ENOTSUP       ENODATA       ok
review-link             ENODATA       ENOTSUP       ENODATA       ok
review-project          ENODATA       ENOTSUP       ENODATA       ok
file-in-review-project  ok            ENOTSUP       ENODATA       ok
control                 ENODATA       ENOTSUP       ENODATA       ok
control-file            ENODATA       ENOTSUP       ENODATA       ok
missing                 ENOENT        ENOENT        ENOENT        ENOENT
missing-at-top          ENOENT        ENOENT        ENOENT        ENOENT
missing-in-existing     ENOENT        ENOENT        ENOENT        ENOENT
missing-in-project      ENOENT        ENOENT        ENOENT        ENOENT
missing-reason          ENOENT        ENOENT        ENOENT        ENOENT
missing-in-reason       ENOENT        ENOENT        ENOENT        ENOENT
missing-in-control      ENOENT        ENOENT        ENOENT        ENOENT
missing-folder          ENOENT        ENOENT        ENOENT        ENOENT
missing-link-way        ENOENT        ENOENT        ENOENT        ENOENT
name-of-256             ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG
through-a-file          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-theirs          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR
through-a-loop          ELOOP         ELOOP         ELOOP         ELOOP
trash                   ENOENT        ENOENT        ENOENT        ENOENT
trash-below             ENOENT        ENOENT        ENOENT        ENOENT
"""

LABELLING = """
kind                    set-category  set-unknown   set-other     remove-source  remove-other
root                    ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
existing-folder         ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
existing-full           ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
existing-file           ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
existing-link           EPERM         EPERM         EPERM         EPERM          EPERM
link-to-folder          EPERM         EPERM         EPERM         EPERM          EPERM
link-to-itself          EPERM         EPERM         EPERM         EPERM          EPERM
both                    ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
planned-folder          ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
planned-full            ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
planned-file            ok            EINVAL        ENOTSUP       ENOTSUP        ENODATA
file-in-existing        ok            EINVAL        ENOTSUP       ENOTSUP        ENODATA
planned-link            EPERM         EPERM         EPERM         EPERM          EPERM
name-of-255             ok            EINVAL        ENOTSUP       ENOTSUP        ENODATA
name-not-utf-8          ok            EINVAL        ENOTSUP       ENOTSUP        ENODATA
name-of-two-lines       ok            EINVAL        ENOTSUP       ENOTSUP        ENODATA
case-twin               ok            EINVAL        ENOTSUP       ENOTSUP        ENODATA
other-case-twin         ok            EINVAL        ENOTSUP       ENOTSUP        ENODATA
nfc-twin                ok            EINVAL        ENOTSUP       ENOTSUP        ENODATA
nfd-twin                ok            EINVAL        ENOTSUP       ENOTSUP        ENODATA
project                 ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
folder-in-project       ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
file-in-project         EPERM         EINVAL        ENOTSUP       ENOTSUP        ENODATA
review                  ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
reason                  ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
empty-reason            ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
review-folder           ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
review-file             ok            EINVAL        ENOTSUP       ENOTSUP        ENODATA
review-link             EPERM         EPERM         EPERM         EPERM          EPERM
review-project          ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
file-in-review-project  EPERM         EINVAL        ENOTSUP       ENOTSUP        ENODATA
control                 ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
control-file            ENOTSUP       ENOTSUP       ENOTSUP       ENODATA        ENODATA
missing                 ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
missing-at-top          ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
missing-in-existing     ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
missing-in-project      ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
missing-reason          ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
missing-in-reason       ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
missing-in-control      ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
missing-folder          ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
missing-link-way        ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
name-of-256             ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG   ENAMETOOLONG
through-a-file          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR        ENOTDIR
through-theirs          ENOTDIR       ENOTDIR       ENOTDIR       ENOTDIR        ENOTDIR
through-a-loop          ELOOP         ELOOP         ELOOP         ELOOP          ELOOP
trash                   ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
trash-below             ENOENT        ENOENT        ENOENT        ENOENT         ENOENT
"""

FLAGGED = """
kind                    create-category  replace-category  create-tags   replace-other
root                    ENOTSUP          ENODATA           ENOTSUP       ENODATA
existing-folder         ENOTSUP          ENODATA           ENOTSUP       ENODATA
existing-full           ENOTSUP          ENODATA           ENOTSUP       ENODATA
existing-file           ENOTSUP          ENODATA           ENOTSUP       ENODATA
existing-link           EPERM            EPERM             EPERM         EPERM
link-to-folder          EPERM            EPERM             EPERM         EPERM
link-to-itself          EPERM            EPERM             EPERM         EPERM
both                    ENOTSUP          ENODATA           ENOTSUP       ENODATA
planned-folder          ENOTSUP          ENODATA           ENOTSUP       ENODATA
planned-full            ENOTSUP          ENODATA           ENOTSUP       ENODATA
planned-file            EEXIST           ok                EEXIST        ENODATA
file-in-existing        EEXIST           ok                EEXIST        ENODATA
planned-link            EPERM            EPERM             EPERM         EPERM
name-of-255             EEXIST           ok                EEXIST        ENODATA
name-not-utf-8          EEXIST           ok                EEXIST        ENODATA
name-of-two-lines       EEXIST           ok                EEXIST        ENODATA
case-twin               EEXIST           ok                EEXIST        ENODATA
other-case-twin         EEXIST           ok                EEXIST        ENODATA
nfc-twin                EEXIST           ok                EEXIST        ENODATA
nfd-twin                EEXIST           ok                EEXIST        ENODATA
project                 ENOTSUP          ENODATA           ENOTSUP       ENODATA
folder-in-project       ENOTSUP          ENODATA           ENOTSUP       ENODATA
file-in-project         EEXIST           EPERM             EEXIST        ENODATA
review                  ENOTSUP          ENODATA           ENOTSUP       ENODATA
reason                  ENOTSUP          ENODATA           ENOTSUP       ENODATA
empty-reason            ENOTSUP          ENODATA           ENOTSUP       ENODATA
review-folder           ENOTSUP          ENODATA           ENOTSUP       ENODATA
review-file             ok               ENODATA           ENOTSUP       ENODATA
review-link             EPERM            EPERM             EPERM         EPERM
review-project          ENOTSUP          ENODATA           ENOTSUP       ENODATA
file-in-review-project  EEXIST           EPERM             EEXIST        ENODATA
control                 ENOTSUP          ENODATA           ENOTSUP       ENODATA
control-file            ENOTSUP          ENODATA           ENOTSUP       ENODATA
missing                 ENOENT           ENOENT            ENOENT        ENOENT
missing-at-top          ENOENT           ENOENT            ENOENT        ENOENT
missing-in-existing     ENOENT           ENOENT            ENOENT        ENOENT
missing-in-project      ENOENT           ENOENT            ENOENT        ENOENT
missing-reason          ENOENT           ENOENT            ENOENT        ENOENT
missing-in-reason       ENOENT           ENOENT            ENOENT        ENOENT
missing-in-control      ENOENT           ENOENT            ENOENT        ENOENT
missing-folder          ENOENT           ENOENT            ENOENT        ENOENT
missing-link-way        ENOENT           ENOENT            ENOENT        ENOENT
name-of-256             ENAMETOOLONG     ENAMETOOLONG      ENAMETOOLONG  ENAMETOOLONG
through-a-file          ENOTDIR          ENOTDIR           ENOTDIR       ENOTDIR
through-theirs          ENOTDIR          ENOTDIR           ENOTDIR       ENOTDIR
through-a-loop          ELOOP            ELOOP             ELOOP         ELOOP
trash                   ENOENT           ENOENT            ENOENT        ENOENT
trash-below             ENOENT           ENOENT            ENOENT        ENOENT
"""


def parsed(text: str) -> dict[str, dict[str, str]]:
    """Operation to kind of node to answer."""
    header, *rows = text.strip().splitlines()
    columns: dict[str, dict[str, str]] = {name: {} for name in header.split()[1:]}
    for row in rows:
        kind, *answers = row.split()
        for name, answer in zip(columns, answers, strict=True):
            columns[name][kind] = answer
    return columns


TABLE: dict[str, dict[str, str]] = {
    name: column
    for text in (LOOKING, OPENING, WRITING, MAKING, TAKING, LEAVING, COMING, SWAPPING, LABELS, LABELLING, FLAGGED)
    for name, column in parsed(text).items()
}

ONLY_LOOKS = (
    frozenset(parsed(LOOKING)) | frozenset(parsed(OPENING)) | {"get-source", "get-label", "get-other", "listxattr"}
)
CHANGING = [name for name, column in TABLE.items() if name not in ONLY_LOOKS and OK in column.values()]
STILL = [name for name in TABLE if name not in CHANGING]


ASKS_THE_FILE = {
    "open-w",
    "open-rw",
    "append",
    "trunc",
    "creat",
    "truncate",
    "unlink",
    "rmdir",
    "folder-over",
    "full-over",
}
ASKS_ITS_FOLDER = {"mknod", "mkfifo", "symlink", "link-to", "creat", "excl"}
ASKS_BOTH = {
    *("set-unknown", "set-other", "create-tags", "replace-other", "remove-source", "remove-other"),
    *("set-category", "create-category", "replace-category"),
    *("move", "move-noreplace", "move-whiteout", "exchange-file", "exchange-folder"),
}


def expected(name: str, user: int) -> dict[str, str]:
    """The column for a user of a mount: to others than root, the kernel answers by the modes that are shown."""
    column = dict(TABLE[name])
    if user != 0:
        if name in ASKS_THE_FILE | ASKS_BOTH:
            column["control-file"] = "EACCES"
        if name in ASKS_ITS_FOLDER:
            column["missing-in-control"] = "EACCES"
        if name in ASKS_BOTH:
            column["control"] = "EACCES"
    return column


def who_is_asked_of(system: Os) -> int:
    """The user whose rights the kernel looks at: nobody's where a view is asked in this process."""
    return 0 if isinstance(system, CoreOs) else os.geteuid()


def answered(system: Os, name: str) -> dict[str, str]:
    """How one operation ends on each kind, each time as if it were the first."""
    answers = {}
    for kind in sorted(KINDS, key=lambda kind: not kind.startswith(("missing", "through"))):
        path = KINDS[kind]
        before = left_out(system) if kind == "missing-reason" else set()
        answers[kind] = told(lambda path=path: CALLS[name](system, path))  # type: ignore[misc]
        if answers[kind] == OK:
            undo(system, name, path, before)
    return answers


def test_the_table_has_every_operation_and_every_kind() -> None:
    assert {name: set(column) for name, column in TABLE.items()} == {name: set(KINDS) for name in CALLS}


@pytest.fixture(scope="module", params=WAYS)
def still(request: pytest.FixtureRequest, playground: Playground) -> Iterator[Os]:
    """One view for all operations that change nothing; at the end it shows what it showed."""
    with playground.fresh(request.param) as made:
        yield made
        assert tree(made, without=(REVIEW, CONTROL)) == LAYOUT_SHOWN


@pytest.mark.parametrize("name", STILL)
def test_an_operation_that_changes_nothing_answers_as_the_table_says(still: Os, name: str) -> None:
    assert answered(still, name) == expected(name, who_is_asked_of(still))


@pytest.mark.parametrize("name", CHANGING)
def test_an_operation_that_changes_something_answers_as_the_table_says(system: Os, name: str) -> None:
    assert answered(system, name) == expected(name, who_is_asked_of(system))
