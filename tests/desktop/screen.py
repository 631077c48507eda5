"""A screen in memory with a real file manager on it, used as a person would: with keys and mouse, and by looking.

Where something is on the screen is seen, not calculated: a style sheet of our own paints what is selected in a colour that
nothing else has. Whether something has happened is seen, too, so nothing waits longer than it must.
"""

from __future__ import annotations

import contextlib
import functools
import mmap
import os
import select
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from PIL import Image, ImageChops

WIDTH: Final = 1000
HEIGHT: Final = 640
TIMEOUT_S: Final = 30.0
LOOK_S: Final = 0.05  # between two looks
RETRY_S: Final = 4.0  # keys that were typed before a window was ready for them are lost, and typed again after this

PROGRAMS: Final = ("Xvfb", "xdotool", "openbox", "dbus-run-session", "thunar", "pcmanfm")
THUMBNAILER: Final = Path("/usr/share/dbus-1/services/org.xfce.Tumbler.Thumbnailer1.service")

MARK: Final = (255, 0, 255)
"""What is selected has this colour, and nothing else."""

STYLE_SHEET: Final = ".view:selected, treeview.view:selected { background-color: #ff00ff; }\n"

SETTINGS_OF_THUNAR: Final = {
    "last-view": ("string", "ThunarDetailsView"),
    "last-side-pane": ("string", "void"),
    "last-location-bar": ("string", "ThunarLocationButtons"),
    "last-window-maximized": ("bool", "true"),
    "misc-thumbnail-mode": ("string", "THUNAR_THUMBNAIL_MODE_ALWAYS"),
}

Found = TypeVar("Found")


class Box(NamedTuple):
    """A part of the screen, in pixels; the right and the bottom line are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def name(self) -> tuple[int, int]:
        """A point on the name in a row of a list; beyond the name a press of the mouse would begin a new selection."""
        return self.left + 45, (self.top + self.bottom) // 2


WHOLE: Final = Box(0, 0, WIDTH, HEIGHT)


@functools.cache
def missing_desktop() -> str:
    """Which programs are missing for a screen with file managers; empty if there are all."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if not THUMBNAILER.exists():
        missing.append("tumbler")
    return f"there is no {', '.join(missing)} (script/setup --desktop installs it)" if missing else ""


def wait_for(what: str, look: Callable[[], Found | None], seconds: float = TIMEOUT_S) -> Found:
    """What `look` returns as soon as it is anything but `None` or false. TimeoutError tells what was waited for."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(LOOK_S)
    return found


class Screen:
    """What is to be seen, and hands to use it. Made by `screen`."""

    def __init__(self, number: int, framebuffer: Path, home: Path) -> None:
        self.home = home
        self.environment = _environment(number, home)
        with framebuffer.open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    # Looking

    def picture(self) -> Image.Image:
        """What the screen shows now."""
        header = struct.unpack(">25I", self._memory[:100])  # of an X window dump: its own size is the first number
        width, height, bytes_per_line, n_colours = (header[field] for field in (4, 5, 12, 19))
        start = header[0] + 12 * n_colours
        pixels = self._memory[start : start + bytes_per_line * height]
        return Image.frombytes("RGB", (width, height), pixels, "raw", "BGRX", bytes_per_line)

    def marked(self, region: Box = WHOLE) -> Box | None:
        """The part of a region that is painted as selected."""
        bands = zip(self.picture().crop(region).split(), MARK, strict=True)
        same = [band.point([255 * (value == wanted) for value in range(256)]) for band, wanted in bands]
        found = ImageChops.darker(ImageChops.darker(same[0], same[1]), same[2]).getbbox()
        if found is None:
            return None
        left, top, right, bottom = found
        return Box(left + region.left, top + region.top, right + region.left, bottom + region.top)

    def has_window_manager(self) -> bool:
        """Whether somebody manages the windows already."""
        return self._xdotool("get_desktop") != ""

    def title(self) -> str:
        """The title of the window that gets the keys; empty where there is none."""
        return self._xdotool("getactivewindow", "getwindowname").removesuffix("\n")

    def window(self) -> str:
        """The number of that window."""
        return self._xdotool("getactivewindow").strip()

    def wait_for_title(self, title: str, seconds: float = TIMEOUT_S) -> None:
        """Return when a window of this title gets the keys."""
        try:
            wait_for(f"a window {title!r}", lambda: self.title() == title, seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; there is {self.title()!r}") from None

    # Acting

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, as xdotool names them."""
        self._xdotool("key", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._xdotool("type", "--delay", "15", text)

    def click(self, x: int, y: int) -> None:
        """Click with the first button."""
        self._xdotool("mousemove", str(x), str(y), "click", "1")

    def take(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press the button on something, and pull it elsewhere without letting it go.

        In steps, the last of them small: a drag begins after some pixels, and who may take the drop must hear of it first.
        """
        self._xdotool("mousemove", *map(str, start), "sleep", "0.1", "mousedown", "1")
        n_steps = 12
        for step in range(1, n_steps + 1):
            x, y = (round(a + (b - a) * step / n_steps) for a, b in zip(start, end, strict=True))
            self._xdotool("mousemove", str(x), str(y), "sleep", "0.02")
        for x in (end[0] + 1, end[0]):
            self._xdotool("mousemove", str(x), str(end[1]), "sleep", "0.1")

    def let_go(self) -> None:
        """Release the button."""
        self._xdotool("mouseup", "1")

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Pull something elsewhere and let it go there."""
        self.take(start, end)
        self.let_go()

    def _xdotool(self, *arguments: str) -> str:
        command = ["xdotool", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        return done.stdout


class FileManager:
    """A window of Thunar or PCManFM that lists a folder."""

    def __init__(self, screen: Screen, title_end: str) -> None:
        self.screen = screen
        self._title_end = title_end

    def title(self, folder: str) -> str:
        """The title of the window while it shows a folder of this name."""
        return folder + self._title_end

    def select(self, name: str, region: Box = WHOLE) -> Box:
        """Select an entry by typing its name, in the pane that has the keys; returns where it is in this region.

        The first letter of a name must already decide, for what is marked may be what fits the first letters typed.
        """

        def look() -> Box | None:
            self.screen.type(name)
            with contextlib.suppress(TimeoutError):
                found = wait_for(name, lambda: self.screen.marked(region), RETRY_S)
                self.screen.press("Escape")  # closes what was typed into, and leaves the entry selected
                return found
            self.screen.press("Escape")
            return None

        self.screen.press("Escape")
        return wait_for(f"{name!r} to be selected", look)

    def enter(self, *names: str, region: Box = WHOLE) -> None:
        """Go into a folder and on into its folders, by typing their names."""
        for name in names:
            self.select(name, region)
            self.screen.press("Return")
            self.screen.wait_for_title(self.title(name))

    def delete(self, name: str, *questions: str, region: Box = WHOLE) -> None:
        """Select an entry, press Delete, and say yes to dialogues of these titles, one after the other."""
        self.select(name, region)
        windows = {self.screen.window()}
        self.screen.press("Delete")
        for title in questions:
            windows.add(self.confirm(title, windows))

    def confirm(self, title: str, seen: set[str]) -> str:
        """Wait for a dialogue that was not seen before, and press its button that has the focus; returns its window."""

        def look() -> str | None:
            window = self.screen.window()
            return window if window not in seen and self.screen.title() == title else None

        try:
            window = wait_for(f"a question {title!r}", look)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; there is {self.screen.title()!r}") from None
        self.screen.press("Return")
        return window


@contextlib.contextmanager
def screen(folder: Path, user: str = "anna") -> Iterator[Screen]:
    """A new screen with a window manager. Its state and the home of who sits there are in this folder."""
    home = folder / user
    for path in (home, folder / "framebuffer"):
        path.mkdir(exist_ok=True)
    reading, writing = os.pipe()
    # Without -noreset it would begin anew whenever the last client goes, and the next one might find it doing so.
    options = ["-noreset", "-nolisten", "tcp", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", folder / "framebuffer"]
    server = ["Xvfb", "-displayfd", str(writing), *options]
    with contextlib.ExitStack() as stack:
        with os.fdopen(reading) as answer:
            try:
                stack.enter_context(running(server, folder / "Xvfb.log", os.environ, pass_fds=[writing]))
            finally:
                os.close(writing)
            ready, _, _ = select.select([answer], [], [], TIMEOUT_S)
            number = answer.readline().strip() if ready else ""
        if not number:
            raise TimeoutError(f"Xvfb gave no screen: {(folder / 'Xvfb.log').read_text()}")
        made = Screen(int(number), folder / "framebuffer" / "Xvfb_screen0", home)
        stack.enter_context(running(["openbox"], folder / "openbox.log", made.environment))
        wait_for("a window manager", made.has_window_manager)
        yield made


@contextlib.contextmanager
def thunar(
    on: Screen, folder: Path, settings: Mapping[str, tuple[str, str]] | None = None, style: str = STYLE_SHEET
) -> Iterator[FileManager]:
    """Thunar, showing a folder, with the thumbnailer that belongs to it."""
    _write(on.home / ".config/gtk-3.0/gtk.css", style)
    rows = {**SETTINGS_OF_THUNAR, **(settings or {})}
    lines = [f'<property name="{name}" type="{kind}" value="{value}"/>' for name, (kind, value) in rows.items()]
    channel = '<?xml version="1.0" encoding="UTF-8"?>\n<channel name="thunar" version="1.0">\n{}\n</channel>\n'
    _write(on.home / ".config/xfce4/xfconf/xfce-perchannel-xml/thunar.xml", channel.format("\n".join(lines)))
    with _shown(on, ["thunar", folder], folder, " - Thunar") as manager:
        yield manager


@contextlib.contextmanager
def pcmanfm(on: Screen, folder: Path) -> Iterator[FileManager]:
    """PCManFM, showing a folder as a list."""
    colours = " ".join(f'{part}[{state}]="#ff00ff"' for part in ("base", "bg") for state in ("SELECTED", "ACTIVE"))
    _write(on.home / ".gtkrc-2.0", f'style "marked" {{ {colours} }}\nwidget_class "*" style "marked"\n')
    _write(on.home / ".config/pcmanfm/default/pcmanfm.conf", "[ui]\nmaximized=1\nview_mode=list\nshow_hidden=0\n")
    with _shown(on, ["pcmanfm", folder], folder, "") as manager:
        yield manager


@contextlib.contextmanager
def _shown(on: Screen, command: Sequence[str | Path], folder: Path, title_end: str) -> Iterator[FileManager]:
    log = on.home.parent / f"{command[0]}.log"
    with running(["dbus-run-session", "--", *command], log, on.environment):
        manager = FileManager(on, title_end)
        try:
            on.wait_for_title(manager.title(folder.name))
            yield manager
        finally:
            on.picture().save(log.with_suffix(".png"))  # for whoever wants to know why a test failed


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until this is left; then it is gone, with all that it has started."""
    with log.open("wb") as printed:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what has outlived its parent


def _environment(number: int, home: Path) -> dict[str, str]:
    """Nothing of the machine but the way to its programs: no other desktop's services, volumes or settings."""
    run = home.parent / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    return {
        "DISPLAY": f":{number}",
        "GIO_USE_VFS": "local",
        "GIO_USE_VOLUME_MONITOR": "unix",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NO_AT_BRIDGE": "1",
        "PATH": os.environ["PATH"],
        "TZ": "UTC",
        "XDG_RUNTIME_DIR": str(run),
    }


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
