"""`ifmosfs model list|use|train|export|import|delete`, and which model files are labelled by."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import resource
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from ifmosfs.app import models
from ifmosfs.app.models import Models
from ifmosfs.ml.model_files import read_archive, write_archive
from tests.cli.command_line import Desk, Result

RULES_WORDS = "the rules alone"


@pytest.fixture(scope="module")
def small_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Letters and scripts, ten of each in five folders."""
    folder = tmp_path_factory.mktemp("set")
    rows = ["path,category,group"]
    for number in range(10):
        for category, text in (
            ("personal_document", f"Dear Anna, thank you for letter number {number}. With love, Ben"),
            ("technical_script", f"import os\n\nfor each in range({number}):\n    print(os.getcwd())\n"),
        ):
            name = f"{category}-{number}.txt"
            (folder / name).write_text(text)
            rows.append(f"{name},{category},{number % 5}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


def ran(desk: Desk, *arguments: str | Path, model: str = "") -> Result:
    """A command with the model that `model use` has chosen, not with the one that these tests usually have."""
    return desk.here(*arguments, env={"IFMOSFS_MODEL": model})


@pytest.fixture(scope="module")
def made_model(tmp_path_factory: pytest.TempPathFactory, small_set: Path) -> tuple[str, Path]:
    """The id of a model trained on the small set by the real command in its own process, and its file."""
    desk = Desk(tmp_path_factory.mktemp("training"))
    done = desk.run("model", "train", "--data", small_set, "--json", "--jobs", "1", env={"IFMOSFS_MODEL": ""})
    assert (done.status, done.err) == (0, "")
    fields = json.loads(done.out)
    assert (fields["files"], fields["missing"], fields["figures"]["accuracy"]) == (20, [], 1.0)
    archive = desk.folder / "made.ifmodel"
    assert ran(desk, "model", "export", fields["model"], archive).status == 0
    return fields["model"], archive


@pytest.fixture
def trained(bare_desk: Desk, made_model: tuple[str, Path]) -> str:
    """The id of that model, which the desk has."""
    model, archive = made_model
    assert ran(bare_desk, "model", "import", archive).status == 0
    return model


def in_use(desk: Desk) -> str:
    (name,) = [
        each["name"] for each in json.loads(ran(desk, "model", "list", "--json").out)["models"] if each["in_use"]
    ]
    return str(name)


def test_the_shipped_model_is_in_use_by_default_and_says_where_it_comes_from(bare_desk: Desk) -> None:
    listed = json.loads(ran(bare_desk, "model", "list", "--json").out)["models"]
    assert [(each["name"], each["in_use"], each["trouble"]) for each in listed] == [
        ("shipped", True, None),
        ("rules", False, None),
    ]
    meta = listed[0]["meta"]
    assert (meta["data"]["set"], meta["data"]["per_category"], len(meta["labels"])) == ("synthetic", "200", 38)


def test_the_shipped_model_is_small() -> None:
    files = Path(__file__).parents[2] / "ifmosfs" / "ml" / "shipped"
    assert sum(each.stat().st_size for each in files.iterdir()) < 20_000_000


def test_classifying_names_the_model_and_using_another_classifies_again(desk: Desk) -> None:
    assert ran(desk, "scan", desk.inbox).status == 0
    first = json.loads(ran(desk, "classify", "--json").out)
    shipped = Models(desk.state).load("shipped")
    assert shipped is not None
    assert first["classifier"].endswith(f"-m{shipped.model_id}")
    assert json.loads(ran(desk, "classify", "--json").out)["new"] == 0
    assert ran(desk, "model", "use", "rules").out == "In use from now on: rules. Next: ifmosfs classify\n"
    second = json.loads(ran(desk, "classify", "--json").out)
    assert (second["new"], "-m" in second["classifier"]) == (first["new"], False)


def test_a_trained_model_is_kept_listed_used_and_deleted(bare_desk: Desk, trained: str) -> None:
    assert in_use(bare_desk) == "shipped"
    assert ran(bare_desk, "model", "use", trained[:5]).status == 0
    assert in_use(bare_desk) == trained
    refused = ran(bare_desk, "model", "delete", trained)
    assert (refused.status, refused.err) == (
        2,
        f"error[wrong-state]: the model {trained} is in use\n  hint: first use another one: ifmosfs model use shipped\n",
    )
    assert ran(bare_desk, "model", "use", "shipped").status == 0
    assert ran(bare_desk, "model", "delete", trained[:5]).out == f"Deleted {trained}\n"
    assert [path.name for path in (bare_desk.state / "models").iterdir()] == ["current"]


def test_the_same_set_gives_the_same_model(bare_desk: Desk, small_set: Path, trained: str) -> None:
    done = ran(bare_desk, "model", "train", "--data", small_set, "--json", "--jobs", "1", "--use")
    assert json.loads(done.out)["model"] == trained
    assert in_use(bare_desk) == trained


def test_a_model_goes_to_another_machine_and_labels_files_there(
    bare_desk: Desk, trained: str, tmp_path: Path, small_set: Path
) -> None:
    archive = tmp_path / "mine.ifmodel"
    assert ran(bare_desk, "model", "export", trained, archive).status == 0
    there = Desk(tmp_path / "there")
    there.home.mkdir(parents=True)
    assert json.loads(ran(there, "model", "import", archive, "--json").out) == {"schema": 1, "model": trained}
    assert ran(there, "model", "use", trained).status == 0
    (tmp_path / "paths").write_text(f"{small_set}/personal_document-3.txt\n")
    files = json.loads(ran(there, "classify", "--paths-from", tmp_path / "paths", "--json").out)["files"]
    assert [each["label"] for each in files] == ["personal_document"]
    assert ran(bare_desk, "model", "export", trained, archive).err == (
        f"error[bad-target]: the model cannot be written (File exists): {archive}\n"
        "  hint: name a file that does not exist yet, in a folder you can write to\n"
    )


def test_training_into_a_folder_keeps_nothing_and_refuses_one_that_is_there(
    bare_desk: Desk, small_set: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    assert ran(bare_desk, "model", "train", "--data", small_set, "--output", out, "--jobs", "1").status == 0
    assert sorted(path.name for path in out.iterdir()) == ["SHA256SUMS", "meta.json", "numbers.npz"]
    assert not (bare_desk.state / "models").exists()
    assert ran(bare_desk, "model", "import", out).status == 0
    refused = ran(bare_desk, "model", "train", "--data", small_set, "--output", out)
    assert (refused.status, refused.err.splitlines()[0]) == (2, f"error[bad-target]: there is something already: {out}")


def test_a_damaged_model_in_use_comes_to_the_rules_with_a_notice(desk: Desk, trained_desk_model: str) -> None:
    numbers = desk.state / "models" / trained_desk_model / "numbers.npz"
    content = bytearray(numbers.read_bytes())
    content[len(content) // 2] ^= 1
    numbers.write_bytes(content)
    assert ran(desk, "scan", desk.inbox).status == 0
    done = ran(desk, "classify", "--json")
    assert (done.status, "-m" in json.loads(done.out)["classifier"]) == (0, False)
    assert done.err == (
        "The model in use cannot be used, so files are labelled by the rules alone: the model is damaged: numbers.npz is not "
        f"what SHA256SUMS says: {numbers.parent}.\n"
    )
    listed = ran(desk, "model", "list").out
    assert f"* {trained_desk_model}" in listed
    assert "cannot be used: the model is damaged" in listed


@pytest.mark.parametrize("damage", ["numbers.npz", "meta.json", "SHA256SUMS"])
def test_a_damaged_model_is_whole_again_when_it_is_imported_again(
    bare_desk: Desk, made_model: tuple[str, Path], damage: str
) -> None:
    model, archive = made_model
    assert ran(bare_desk, "model", "import", archive).status == 0
    (bare_desk.state / "models" / model / damage).write_bytes(b"half")
    assert ran(bare_desk, "model", "use", model).status == 2
    assert ran(bare_desk, "model", "import", archive).status == 0
    assert ran(bare_desk, "model", "use", model).status == 0
    assert sorted(path.name for path in (bare_desk.state / "models").iterdir()) == sorted((model, "current"))


def test_a_model_that_another_process_keeps_at_the_same_time_is_no_trouble(
    bare_desk: Desk, made_model: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, archive = made_model
    true_write = models.write_folder

    def write_after_another(place: Path, files: Mapping[str, bytes]) -> None:
        true_write(place, files)
        true_write(place, files)

    monkeypatch.setattr(models, "write_folder", write_after_another)
    assert Models(bare_desk.state).import_(str(archive)).model_id == model
    assert [path.name for path in (bare_desk.state / "models").iterdir()] == [model]


def test_a_model_that_cannot_be_written_whole_is_not_left_in_part(bare_desk: Desk, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        done = ran(bare_desk, "model", "export", "shipped", tmp_path / "m.ifmodel")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (done.status, done.err.splitlines()[0], list(tmp_path.glob("*.ifmodel"))) == (
        2,
        f"error[bad-target]: the model cannot be written (File too large): {tmp_path}/m.ifmodel",
        [],
    )


def test_what_a_model_says_of_itself_does_not_steer_the_terminal(
    bare_desk: Desk, made_model: tuple[str, Path], tmp_path: Path
) -> None:
    _, archive = made_model
    files = read_archive(os.fsencode(archive))
    meta = {**json.loads(files["meta.json"]), "data": {"set": "\x1b[2Jevil\nname"}}
    files["meta.json"] = json.dumps(meta).encode()
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in ("numbers.npz", "meta.json"))
    (tmp_path / "evil.ifmodel").write_bytes(write_archive({**files, "SHA256SUMS": sums.encode()}))
    assert ran(bare_desk, "model", "import", tmp_path / "evil.ifmodel").status == 0
    listed = ran(bare_desk, "model", "list").out
    assert len(listed.splitlines()) == 4
    assert "\\x1b[2Jevil\\x0aname" in listed


def test_a_path_with_a_line_break_is_told_as_one_would_type_it(bare_desk: Desk, tmp_path: Path) -> None:
    done = ran(bare_desk, "model", "export", "shipped", tmp_path / "a\nb.ifmodel")
    assert done.status == 0
    assert done.out.endswith(f"ifmosfs model import $'{tmp_path}/a\\x0ab.ifmodel'\n")


def test_with_another_model_in_the_environment_the_one_in_use_is_not_said_to_label(bare_desk: Desk) -> None:
    notice = "IFMOSFS_MODEL is set: as long as it is, files are labelled by rules.\n"
    assert ran(bare_desk, "model", "list", model="rules").err == notice
    assert ran(bare_desk, "model", "use", "shipped", model="rules").err == notice
    assert ran(bare_desk, "model", "list").err == ""


@pytest.fixture
def trained_desk_model(desk: Desk, made_model: tuple[str, Path]) -> str:
    model, archive = made_model
    assert ran(desk, "model", "import", archive).status == 0
    assert ran(desk, "model", "use", model).status == 0
    return model


def test_a_model_in_use_that_is_gone_comes_to_the_rules_with_a_notice(desk: Desk, trained_desk_model: str) -> None:
    shutil.rmtree(desk.state / "models" / trained_desk_model)
    assert ran(desk, "scan", desk.inbox).status == 0
    done = ran(desk, "classify")
    assert (done.status, done.err) == (
        0,
        f"The model in use cannot be used, so files are labelled by the rules alone: no such model: {trained_desk_model}.\n",
    )


def test_the_environment_chooses_for_one_command(
    bare_desk: Desk, trained: str, tmp_path: Path, small_set: Path
) -> None:
    (tmp_path / "paths").write_text(f"{small_set}/technical_script-3.txt\n")
    by_model = ran(bare_desk, "classify", "--paths-from", tmp_path / "paths", model=trained)
    by_rules = ran(bare_desk, "classify", "--paths-from", tmp_path / "paths", model="rules")
    assert by_model.out != by_rules.out
    assert in_use(bare_desk) == "shipped"


REFUSED = {
    "unknown id": (("use", "zzz"), "not-found", "no such model: zzz"),
    "empty id": (("use", ""), "not-found", "no such model: "),
    "a path as id": (("use", "../../etc"), "not-found", "no such model: ../../etc"),
    "the shipped one": (("delete", "shipped"), "wrong-state", "'shipped' comes with the program and stays"),
    "the rules": (("export", "rules", "x"), "wrong-state", "the rules come with the program and are no model"),
    "no file": (("import", "/nowhere"), "model-unusable", "there is no such file: /nowhere"),
    "no file of a set": (("train", "--data", "{set}"), "not-found", "none of the files of the set is there"),
    "an output below a file": (
        ("train", "--data", "{set}", "--output", "{set}/x"),
        "bad-target",
        "no folder can be made there",
    ),
    "no set": (("train", "--data", "/nowhere"), "bad-config", "the labelled set cannot be read"),
}


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_is_said_and_changes_nothing(
    bare_desk: Desk, arguments: tuple[str, ...], code: str, words: str
) -> None:
    (bare_desk.folder / "gone.csv").write_text("path,category\ngone.txt,personal_document\n")
    done = ran(bare_desk, "model", *(each.format(set=bare_desk.folder / "gone.csv") for each in arguments))
    assert (done.status, done.err.splitlines()[0].startswith(f"error[{code}]: {words}")) == (2, True), done.err
    assert in_use(bare_desk) == "shipped"


def test_a_pickle_is_refused(bare_desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(pickle.dumps({"a": 1}))
    done = ran(bare_desk, "model", "import", tmp_path / "model.joblib")
    assert (done.status, done.err.splitlines()) == (
        2,
        [
            (
                "error[model-unusable]: not a model: a pickle, or anything else than an archive that `model export` made, is not "
                f"loaded: {tmp_path}/model.joblib"
            ),
            "  hint: export it again where it comes from: ifmosfs model export",
        ],
    )


def test_training_tells_of_categories_that_there_are_not(bare_desk: Desk, tmp_path: Path, small_set: Path) -> None:
    head, *rows = (small_set / "labels.csv").read_text().splitlines()
    own = [f"{small_set}/{row}".replace("-0.txt,technical_script", "-0.txt,zoo") for row in rows]
    (tmp_path / "own.csv").write_text("\n".join([head, *own]))
    done = ran(bare_desk, "model", "train", "--data", tmp_path / "own.csv", "--jobs", "1")
    assert done.status == 0
    assert "categories that there are not, whose files will get none: zoo (1)\n" in done.out


def test_a_set_of_one_category_cannot_be_trained_on(bare_desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "labels.csv").write_text("path,category\na.txt,personal_document\n")
    done = ran(bare_desk, "model", "train", "--data", tmp_path)
    assert (done.status, done.err.splitlines()[0]) == (
        2,
        "error[bad-config]: there are fewer than two categories to tell apart",
    )


def test_a_folder_of_models_that_cannot_be_made_is_said(bare_desk: Desk, small_set: Path) -> None:
    bare_desk.state.mkdir(parents=True)
    (bare_desk.state / "models").write_text("a file")
    assert in_use(bare_desk) == "shipped"
    used = ran(bare_desk, "model", "use", "rules")
    assert (used.status, used.err) == (
        1,
        (
            f"error[failed]: cannot be written (File exists): {bare_desk.state}/models/current\n"
            "  hint: see that there is room and that it may be written to, then run the command again\n"
        ),
    )
    trained = ran(bare_desk, "model", "train", "--data", small_set, "--jobs", "1")
    assert trained.status == 1
    assert trained.err.startswith("error[failed]: the model cannot be written (Not a directory): ")


def test_config_thresholds_by_category_are_those_of_a_new_plan(desk: Desk) -> None:
    (desk.state).mkdir(parents=True, exist_ok=True)
    (desk.state / "config.toml").write_text("threshold = 0.5\n[threshold_for]\nfinancial_document = 1.0\n")
    assert desk.here("scan", desk.inbox).status == 0
    assert desk.here("classify").status == 0
    made = desk.here("stage", "create", "--json")
    assert made.status == 0, made.err
    shown = desk.here("stage", "show", "--json").out
    kept = [each for each in json.loads(shown)["kept"] if "financial_document at" in (each.get("reason") or "")]
    assert kept
    assert all("is below 1.00" in each["reason"] for each in kept)
    (desk.state / "config.toml").write_text("[threshold_for]\nnothing = 1.0\n")
    refused = desk.here("stage", "create")
    assert (refused.status, refused.err.splitlines()[0]) == (
        2,
        f"error[bad-config]: threshold_for names no category: nothing: {desk.state}/config.toml",
    )
