"""`ifmosfs model train --kind transformer|ensemble`, and what happens where the embeddings are gone."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from tests.cli.command_line import Desk, Result
from tests.ml import embedding_samples as tiny

KINDS = ("transformer", "ensemble")
MISSING = [name for name in ("tokenizers", "safetensors") if importlib.util.find_spec(name) is None]
with_extra = pytest.mark.skipif(bool(MISSING), reason=f"the extra `transformer` is not installed: no {MISSING}")


@pytest.fixture
def small_set(tmp_path: Path) -> Path:
    """Bills and scripts, ten of each in five folders, in words that the tiny embeddings know."""
    folder, rows = tmp_path / "set", ["path,category,group"]
    folder.mkdir()
    for number in range(10):
        for category, text in (
            ("financial_document", f"Invoice {number}\n\nTotal of this invoice: {number}\n"),
            ("technical_script", f"def f{number}():\n    return {number}\n"),
        ):
            (folder / f"{category}-{number}.txt").write_text(text)
            rows.append(f"{category}-{number}.txt,{category},{number % 5}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


def ran(desk: Desk, *arguments: str | Path, **more: str) -> Result:
    return desk.here(*arguments, env={"IFMOSFS_MODEL": "", **more})


def trained(desk: Desk, data: Path, kind: str, folder: Path, *more: str) -> str:
    done = ran(
        desk, "model", "train", "--data", data, "--kind", kind, "--embeddings", folder, "--json", "--jobs", "1", *more
    )
    assert (done.status, done.err) == (0, "")
    fields = json.loads(done.out)
    assert (fields["kind"], fields["files"], fields["figures"]["accuracy"]) == (kind, 20, 1.0)
    return str(fields["model"])


@with_extra
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_reads_embeddings_is_trained_used_and_evaluated_as_any_other(
    bare_desk: Desk, small_set: Path, tmp_path: Path, kind: str
) -> None:
    folder = tiny.static_folder(tmp_path / "e")
    model = trained(bare_desk, small_set, kind, folder, "--use")
    (line,) = [each for each in json.loads(ran(bare_desk, "model", "list", "--json").out)["models"] if each["in_use"]]
    assert (line["name"], line["trouble"], line["meta"]["kind"]) == (model, None, kind)
    assert line["meta"]["embedder"]["source"] == str(folder)
    assert f"  {kind}, set, 20 files; held back: 100.0% right" in ran(bare_desk, "model", "list").out
    (tmp_path / "paths").write_text(f"{small_set}/financial_document-3.txt\n{small_set}/technical_script-3.txt\n")
    said = json.loads(ran(bare_desk, "classify", "--paths-from", tmp_path / "paths", "--json").out)["files"]
    assert [each["label"] for each in said] == ["financial_document", "technical_script"]
    evaluated = ran(
        bare_desk, "model", "evaluate", "--data", small_set, "--models", f"{model},model-alone", "--report", "json"
    )
    found = {each["model"]: each["strict_accuracy"] for each in json.loads(evaluated.out)["models"]}
    assert found == {model: 1.0, "model-alone": 1.0}


@with_extra
def test_the_same_set_and_embeddings_give_the_same_model(bare_desk: Desk, small_set: Path, tmp_path: Path) -> None:
    first, second = tiny.static_folder(tmp_path / "a"), tiny.static_folder(tmp_path / "b")
    assert trained(bare_desk, small_set, "ensemble", first) == trained(bare_desk, small_set, "ensemble", second)


@with_extra
def test_where_the_embeddings_are_gone_or_others_files_are_labelled_by_the_rules_with_a_notice(
    desk: Desk, small_set: Path, tmp_path: Path
) -> None:
    folder = tiny.static_folder(tmp_path / "e")
    model = trained(desk, small_set, "ensemble", folder, "--use")
    kept = desk.state / "models" / model
    assert ran(desk, "scan", desk.inbox).status == 0
    assert json.loads(ran(desk, "classify", "--json").out)["classifier"].endswith(f"-m{model}")
    moved = shutil.move(folder, tmp_path / "moved")
    gone = ran(desk, "classify", "--json")
    assert (gone.status, "-m" in json.loads(gone.out)["classifier"]) == (0, False)
    assert gone.err == (
        "The model in use cannot be used, so files are labelled by the rules alone: the embeddings that it reads are not usable: "
        f"there is no such folder of embeddings: {folder}: {kept}.\n"
    )
    elsewhere = ran(desk, "classify", "--json", IFMOSFS_EMBEDDINGS=str(moved))
    assert (elsewhere.err, json.loads(elsewhere.out)["classifier"].endswith(f"-m{model}")) == ("", True)
    tiny.static_folder(folder, tiny.TABLE * 2)
    others = ran(desk, "classify", "--json")
    assert (others.status, "-m" in json.loads(others.out)["classifier"]) == (0, False)
    assert others.err == (
        "The model in use cannot be used, so files are labelled by the rules alone: the embeddings in "
        f"{folder} are not those that it was trained with: {kept}.\n"
    )
    assert "cannot be used: the embeddings in" in ran(desk, "model", "list").out
    refused = ran(desk, "model", "use", model)
    assert (refused.status, refused.err.startswith("error[model-unusable]: the embeddings in")) == (2, True)


@with_extra
def test_where_the_extra_is_gone_files_are_labelled_by_the_rules_with_a_notice_that_names_it(
    desk: Desk, small_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = trained(desk, small_set, "transformer", tiny.static_folder(tmp_path / "e"), "--use")
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, package=None: None if name == "tokenizers" else there(name, package)
    )
    with App(load_settings({**desk.environment, "IFMOSFS_MODEL": ""})) as app:
        assert app.model is None
        (notice,) = app.notices
    assert notice == (
        "The model in use cannot be used, so files are labelled by the rules alone: embeddings need tokenizers, which is not "
        f"installed (pip install 'ifmosfs[transformer]'): {desk.state}/models/{model}."
    )


@with_extra
def test_a_model_that_reads_embeddings_is_not_refitted_but_lessons_hold(
    bare_desk: Desk, small_set: Path, tmp_path: Path
) -> None:
    trained(bare_desk, small_set, "ensemble", tiny.static_folder(tmp_path / "e"), "--use")
    done = ran(bare_desk, "model", "update")
    assert done.status == 2
    assert done.err.splitlines() == [
        "error[wrong-state]: the model in use is of kind ensemble, and only linear ones are refitted; lessons hold all the same",
        "  hint: use a linear one: ifmosfs model use shipped",
    ]


REFUSED = {
    "no embeddings": (("--kind", "ensemble"), "usage", "a model of kind ensemble reads embeddings"),
    "embeddings for nothing": (("--embeddings", "/nowhere"), "usage", "a linear model reads no embeddings"),
    "no folder": (
        ("--kind", "transformer", "--embeddings", "/nowhere"),
        "embeddings-unusable",
        "there is no such folder of embeddings: /nowhere",
    ),
}


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_trained_is_said_before_anything_is_done(
    bare_desk: Desk, arguments: tuple[str, ...], code: str, words: str
) -> None:
    done = ran(bare_desk, "model", "train", *arguments)
    assert (done.status, done.err.splitlines()[0]) == (2, f"error[{code}]: {words}")
    assert not (bare_desk.state / "models").exists()
