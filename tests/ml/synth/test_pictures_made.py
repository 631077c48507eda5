"""Pictures of the corpus: nothing blank, many sizes, transparency where marks have it, and what rules see in them is what they are."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from ifmosfs.ml.content import recognise_content
from ifmosfs.ml.drawings import drawing_findings, read_drawing
from ifmosfs.ml.extract.table import extract_in_worker
from ifmosfs.ml.images import PILLOW_FORMATS
from ifmosfs.ml.looks import is_measured, look_findings
from ifmosfs.ml.sample import Sample
from ifmosfs.ml.synth.categories.logos import svg_mark
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, catalogue

N_EACH = 6
KINDS = [
    kind
    for category in ("media_photo", "media_screenshot", "media_graphic", "design_logo")
    for kind in catalogue()[category]
    if kind.name not in {"raw_photo", "svg_logo", "svg_mark", "logo_for_print", "crest"}
]


def made(kind: DocumentType) -> Iterator[bytes]:
    for at in range(N_EACH):
        content = kind.make(Pen(f"{kind.name}/{at}")).content
        assert isinstance(content, bytes)
        yield content


def said_of(path: Path, content: bytes) -> str | None:
    """The category that the look of a picture speaks for most; `None` where it is not looked at."""
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sample = Sample(descriptor, len(content), 1 << 25)
        name = recognise_content(sample).format_name
        numbers = extract_in_worker(sample, name).numbers if name in PILLOW_FORMATS else {}
        weights = look_findings(numbers, name)[0].weights if is_measured(numbers) else {}
        return max(weights, key=weights.__getitem__) if weights else None
    finally:
        os.close(descriptor)


DRAWN = [kind for kind in KINDS if kind.name != "strip"]  # a strip for a page's ground may have one colour


@pytest.mark.parametrize("kind", DRAWN, ids=lambda kind: f"{kind.category}-{kind.name}")
def test_no_picture_is_blank_and_none_is_large(kind: DocumentType) -> None:
    for content in made(kind):
        with Image.open(io.BytesIO(content)) as image:
            assert image.width * image.height <= 4_200_000
            seen = image.convert("RGBA")
        assert seen.getcolors(1) is None


def test_screenshots_have_as_many_sizes_as_people_cut_out() -> None:
    sizes = {Image.open(io.BytesIO(content)).size for kind in catalogue()["media_screenshot"] for content in made(kind)}
    assert len(sizes) > 60
    assert min(width for width, _ in sizes) < 200
    assert max(width for width, _ in sizes) > 1_900


def test_half_of_the_marks_stand_on_nothing() -> None:
    n_clear, n_all = 0, 0
    for kind in KINDS:
        if kind.category == "design_logo":
            for content in made(kind):
                with Image.open(io.BytesIO(content)) as image:
                    n_clear += image.convert("RGBA").getextrema()[3][0] == 0
                n_all += 1
    assert 0.4 < n_clear / n_all < 0.9


@pytest.mark.parametrize(
    ("names", "category"),
    [
        (("dialog", "settings_window", "file_manager", "message_box", "program_window", "menu"), "media_screenshot"),
        (("surface", "landscape", "streets", "foliage", "blossoms"), "media_photo"),
        (("shiny_icon", "flag", "clip_art", "chart", "class_diagram"), "media_graphic"),
    ],
)
def test_what_the_rules_see_in_them_is_mostly_what_they_are(
    tmp_path: Path, names: tuple[str, ...], category: str
) -> None:
    kinds = [kind for kind in catalogue()[category] if kind.name in names]
    assert len(kinds) == len(names)
    seen = Counter(said_of(tmp_path / "file", content) for kind in kinds for content in made(kind))
    del seen[None]
    assert seen[category] > 0.85 * seen.total(), seen


def test_a_brands_mark_in_svg_has_a_name_few_shapes_and_no_trace_of_an_editor() -> None:
    said: Counter[str] = Counter()
    for at in range(40):
        content = svg_mark(Pen(at)).content
        assert isinstance(content, str)
        drawing = read_drawing(content)
        assert (drawing.title != "", drawing.is_by_editor, drawing.width > 0) == (True, False, True)
        said += Counter(finding.what for finding in drawing_findings(drawing))
    assert said["a few shapes with a name, as brands give out their marks"] > 36
