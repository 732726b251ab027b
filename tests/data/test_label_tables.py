"""Tables of labels: what is read, how rows find their images, and what columns stand for."""

import json

import numpy as np
import pytest
from PIL import Image

from ganzoo import data
from ganzoo.data.label_columns import targets_of
from ganzoo.data.label_tables import LabelTable, read_table, rows_of


@pytest.fixture
def photos(tmp_path):
    """A folder of eight images in two folders, whose pixels tell them apart."""
    root = tmp_path / "photos"
    for number in range(8):
        folder = root / f"{number // 4:05}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), 30 * number).save(folder / f"img{number}.png")
    return root


def written(path, text):
    path.write_text(text)
    return path


def paths():
    return [f"{number // 4:05}/img{number}.png" for number in range(8)]


TABLES = {
    "labels.csv": lambda names: (
        "species,file\n"
        + "".join(f"{'cat' if i % 2 else 'ant'},{n}\n" for i, n in enumerate(names))
    ),
    "names.tsv": lambda names: "".join(
        f"{n.split('/')[1]}\t{'cat' if i % 2 else 'ant'}\n" for i, n in enumerate(names)
    ),
    "semicolons.csv": lambda names: (
        "\ufeffImage_ID;species\n"
        + "".join(
            f"{n.split('/')[1][:-4]};{'cat' if i % 2 else 'ant'}\n" for i, n in enumerate(names)
        )
    ),
    "dataset.json": lambda names: json.dumps(
        {
            "labels": [[n, i % 2] for i, n in enumerate(names)][::-1],
            "class_names": ["ant", "cat"],
        }
    ),
    "mapping.json": lambda names: json.dumps(
        {n: ["ant", "cat"][i % 2] for i, n in enumerate(names)}
    ),
    "metadata.jsonl": lambda names: "\n".join(
        json.dumps({"file_name": f"./{n}", "species": ["ant", "cat"][i % 2]})
        for i, n in enumerate(names)
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_each_kind_of_table_gives_the_same_classes(photos, name):
    written(photos / name, TABLES[name](paths()))
    dataset = data.load(f"folder:{photos}", labels=name)
    assert dataset.class_names == ("ant", "cat")
    numbers = dataset.examples[:, 0, 0, 0] // 30
    np.testing.assert_array_equal(dataset.labels, numbers % 2)


def test_integers_keep_their_names(photos, tmp_path):
    pairs = [[name, 3 if i < 4 else 11] for i, name in enumerate(paths())]
    table = written(tmp_path / "dataset.json", json.dumps({"labels": pairs}))
    with pytest.warns(UserWarning, match="'3', '11' are classes with these names"):
        dataset = data.load(f"folder:{photos}", labels=table)
    assert dataset.class_names == ("3", "11") and set(dataset.labels) == {0, 1}


def test_splits_share_the_numbers_of_the_table(photos):
    (photos / "00000").rename(photos / "train")
    (photos / "00001").rename(photos / "test")
    rows = "".join(f"img{i},{'dog' if i < 4 else 'ant'}\n" for i in range(8))
    written(photos / "labels.csv", f"file,label\n{rows}")
    for split, label in (("train", 1), ("test", 0)):
        dataset = data.load(f"folder:{photos}", split=split, labels="labels.csv")
        assert dataset.class_names == ("ant", "dog") and set(dataset.labels) == {label}


def test_conditions_of_a_folder_reach_a_packed_file(photos, tmp_path):
    rows = "".join(f"{n},{i / 4},{i % 2}\n" for i, n in enumerate(paths()))
    written(photos / "labels.csv", f"path,age,smiling\n{rows}")
    dataset = data.load(f"folder:{photos}", labels="labels.csv")
    assert dataset.labels is None and dataset.condition_names == ("age", "smiling")
    numbers = dataset.examples[:, 0, 0, 0] / 30
    np.testing.assert_allclose(dataset.conditions, np.stack([numbers / 4, numbers % 2], 1))
    packed = data.load(data.pack(dataset, tmp_path / "packed.npz"))
    assert packed.condition_names == ("age", "smiling")
    np.testing.assert_array_equal(packed.conditions, dataset.conditions)


def table(**columns):
    count = len(next(iter(columns.values())))
    return LabelTable("t.csv", [f"{i}.png" for i in range(count)], columns)


@pytest.mark.parametrize(
    ("columns", "chosen", "labels_as", "names", "expected"),
    [
        ({"a": ["0.5", "1", "1e1"]}, None, None, ["a"], [[0.5], [1], [10]]),
        ({"a": ["1", "2", "1"]}, None, "conditions", ["a"], [[1], [2], [1]]),
        (
            {"k": ["b", "a", "b"], "x": ["1", "2", "3"], "y": ["z", "z", "z"]},
            ["x", "k"],
            None,
            ["x", "k=a", "k=b"],
            [[1, 0, 1], [2, 1, 0], [3, 0, 1]],
        ),
        (
            {"t": ["b|a", "a", "c|b"]},
            None,
            None,
            ["t=a", "t=b", "t=c"],
            [[1, 1, 0], [1, 0, 0], [0, 1, 1]],
        ),
        ({"t": [["b", "a"], ["a"]]}, None, None, ["t=a", "t=b"], [[1, 1], [1, 0]]),
        ({"v": [[1, 2.5], [3, 4]]}, None, None, ["v_0", "v_1"], [[1, 2.5], [3, 4]]),
        ({"f": [True, False], "g": [1, -1]}, None, None, ["f", "g"], [[1, 1], [0, -1]]),
    ],
)
def test_columns_as_conditions(columns, chosen, labels_as, names, expected):
    targets = targets_of(table(**columns), chosen, labels_as)
    assert targets.labels is None and targets.condition_names == names
    np.testing.assert_array_equal(targets.conditions, np.array(expected, np.float32))


def test_scales_of_conditions_are_looked_at():
    (note,) = targets_of(table(year=["1900", "2000"], x=["0", "1"])).notes
    assert "'year (50)' have not" in note


def test_natural_order_of_classes():
    targets = targets_of(table(a=["10 mm", "9 mm", "10 mm"]))
    assert targets.class_names == ["9 mm", "10 mm"] and targets.labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        ({"a": ["1", "x"], "b": ["c", "d"]}, {}, r"choose some.*'a \(texts\)', 'b \(texts\)'"),
        ({"a": ["1", "2"]}, {"columns": ["age"]}, "among 'a'. Received: 'age'"),
        ({"a": ["1", "2"]}, {"columns": ["a", "a"]}, "different columns"),
        (
            {"a": ["1", "2"]},
            {"columns": "label"},
            "a list of names. Received: label_columns='label'",
        ),
        ({"a": ["0.5", "2"]}, {"labels_as": "classes"}, r"'a \(floats\)'"),
        ({"a": ["nan", "2"]}, {}, "must be finite"),
        ({"a": [[1], [1, 2]]}, {}, "equally many numbers"),
        ({"a": [[1], 2]}, {}, "mixes single labels"),
        ({"a": ["1", "2"]}, {"labels_as": "class"}, "labels_as"),
    ],
)
def test_columns_that_are_no_labels(columns, settings, message):
    with pytest.raises(ValueError, match=message):
        targets_of(table(**columns), **settings)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "empty"),
        ("a.csv", "file,label\n", "no rows"),
        ("a.csv", "file,label\nx.png,1\ny.png\n", "line 3 has 1 cells"),
        ("a.csv", "file,label\nx.png,\ny.png,2\n", "no label for 1 files, 'x.png'"),
        ("a.csv", "file\nx.png\n", "at least one of labels"),
        ("a.csv", "file,a,a\nx.png,1,2\n", "different names"),
        ("a.json", "{", "cannot be used"),
        ("a.json", '{"labels": null}', "list of pairs"),
        ("a.json", '{"x.png": 1, "y.png": 2, "x.png": 1}', "each key once. Received: 'x.png'"),
        ("a.jsonl", '{"file": "x.png", "label": 1, "label": 2}', "each key once"),
        ("a.json", '{"labels": [["x.png", "a"]], "class_names": "ab"}', "must be a list"),
        ("a.json", '{"labels": [["x.png", 0.5]], "class_names": ["a"]}', "are no classes"),
        (
            "a.json",
            '{"labels": [["x.png", 5]], "class_names": ["a"]}',
            "numbers of the class_names",
        ),
        ("a.json", "[]", "must hold objects"),
        ("a.json", '[{"file": "x", "label": 1}, {"file": "y"}]', "other keys"),
        ("a.json", '{"labels": [[{}, 1]]}', "must be texts"),
        ("a.jsonl", "1\n", "must hold objects"),
        ("a.csv", b"file,label\n\xff\xfe.png,1\n", "cannot be used"),
        ("a.xlsx", "", "of the kind .csv"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        targets_of(read_table(path))


def test_labels_without_images_and_images_without_labels(photos, tmp_path):
    files = sorted(photos.rglob("*.png"))

    def rows(names):
        return rows_of(LabelTable(tmp_path / "t.csv", names, {}), photos, files, files)

    assert rows([f"img{i}" for i in range(8)][::-1]) == list(range(8))[::-1]
    with pytest.raises(ValueError, match=r"labels without images.*Received: 2, 'no.png', 'x.png'"):
        rows([*paths(), "no.png", "x.png"])
    with pytest.raises(ValueError, match=r"images without labels.*Received: 3, '00001/img5.png'"):
        rows(paths()[:5])
    with pytest.raises(ValueError, match=r"several rows for an image.*Received: 1, 'img0.png'"):
        rows([*paths(), "img0.png"])
    (photos / "00001" / "img0.png").write_bytes(files[0].read_bytes())
    files.append(photos / "00001" / "img0.png")
    with pytest.raises(ValueError, match=r"names that several images have.*'img0.png'"):
        rows(["img0.png"])


def test_a_table_is_found_in_one_place(photos, tmp_path, monkeypatch):
    text = "file,label\n" + "".join(f"{name},{i % 2}\n" for i, name in enumerate(paths()))
    written(photos / "labels.csv", text)
    written(tmp_path / "labels.csv", text.replace(",1\n", ",2\n"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="two such tables"):
        data.load(f"folder:{photos}", labels="labels.csv")
    with pytest.raises(FileNotFoundError, match=r"no such table.*neither in.*Received: .other"):
        data.load(f"folder:{photos}", labels="other.csv")
    with pytest.raises(ValueError, match="give it as `labels`"):
        data.load(f"folder:{photos}", label_columns=["label"])


def test_texts_stay_as_they_are_written():
    assert targets_of(table(a=["1_0", "2_1"])).class_names == ["1_0", "2_1"]
    padded = targets_of(table(a=["007", "08", "007"]))
    assert padded.class_names == ["007", "08"] and padded.labels.tolist() == [0, 1, 0]
    assert "the labels '007', '08' are classes" in padded.notes[0]
    hours = targets_of(table(a=["007", "7", "08"]), labels_as="conditions")
    assert hours.conditions.tolist() == [[7], [7], [8]]
    with pytest.raises(ValueError, match="Received: '001' and '01'"):
        targets_of(table(a=["001", "2", "01"]))


def test_each_tag_is_found_without_a_look_at_all_others():
    rng = np.random.default_rng(0)
    comparisons = []

    class Tag(str):
        __hash__ = str.__hash__

        def __eq__(self, other):
            comparisons.append(other)
            return str.__eq__(self, other)

        def strip(self, *characters):
            return self

    tags = [[Tag(f"t{tag}") for tag in rng.integers(0, 100, 8)] for _ in range(100)]
    targets = targets_of(table(tags=tags))
    # Each of 800 tags is looked up in a few dictionaries; with all others, these were 80,000.
    assert 0 < len(comparisons) < 4000
    column = targets.condition_names.index("tags=t5")
    assert targets.conditions[:, column].tolist() == ["t5" in row for row in tags]


def test_a_table_of_arrays_needs_no_names(tmp_path):
    path = written(tmp_path / "t.csv", "0.npy,a\n1.npy,b\n")
    assert read_table(path).files == ["0.npy", "1.npy"]


def test_files_of_one_name_are_not_compared_with_each_other(tmp_path):
    comparisons = []

    class File(type(tmp_path)):
        __hash__ = type(tmp_path).__hash__

        def __eq__(self, other):
            comparisons.append(other)
            return super().__eq__(other)

    folder = File(tmp_path)
    files = [folder / f"scene_{number}" / "rgb.png" for number in range(100)]
    names = [f"scene_{number}/rgb.png" for number in range(100)]
    rows = rows_of(LabelTable(folder / "t.csv", names, {}), folder, files, files)
    assert rows == list(range(100))
    # Each with each other one, these were 5,000 for each way to name a file.
    assert len(comparisons) < 2000
