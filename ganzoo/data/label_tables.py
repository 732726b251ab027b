"""Tables of labels in files: CSV, TSV, JSON (also StyleGAN's `dataset.json`) and JSON lines."""

import collections
import csv
import dataclasses
import io
import json
import os
import pathlib
import unicodedata

from ganzoo.data.classes import listed
from ganzoo.data.deep_images import ARRAY_SUFFIX
from ganzoo.data.image_files import printable, suffixes
from ganzoo.files import user_path

# Names of the column of files, in any case and with or without spaces and underscores.
_FILE_COLUMNS = (
    *("file", "filename", "filepath", "path", "image", "imagefile", "imagepath", "imageid"),
    *("img", "name", "id"),
)
_DELIMITERS = ",;\t"
_KINDS = (".csv", ".tsv", ".json", ".jsonl")


@dataclasses.dataclass(frozen=True)
class LabelTable:
    """Labels of files.

    Attributes:
        path: Path of the table.
        files: Names of the files, with `/` between folders.
        columns: Dictionary from the names of columns to their values, one for each file: texts,
            numbers, or lists of texts or of numbers.
        class_names: Names of the classes whose numbers the values are, or `None`.
    """

    path: pathlib.Path
    files: list[str]
    columns: dict[str, list]
    class_names: list[str] | None = None


def read_table(path: os.PathLike | str) -> LabelTable:
    """Reads a table of labels.

    - `.csv` and `.tsv`: a line for each file, with the names of the columns in the first line. The
      column of the files has a name such as `file`, `filename`, `path` or `image_id`; otherwise it
      is the first one. Without names, the columns are called `column_2`, `column_3` and so on.
    - `.json`: `{"labels": [[file, label], ...]}`, as StyleGAN writes it, with `"class_names"` if
      the labels are numbers of named classes; `{file: label, ...}`; or a list of objects.
    - `.jsonl`: an object in each line.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no table, or a label is missing.
    """
    path = user_path(path)
    if path.suffix.lower() not in _KINDS:
        raise ValueError(
            f"A table of labels is a file of the kind {', '.join(_KINDS)}. "
            f"Received: {printable(path)!r}"
        )
    if not path.is_file():
        raise FileNotFoundError(f"There is no such table of labels. Received: {printable(path)!r}")
    read = {".json": _read_json, ".jsonl": _read_json_lines}.get(path.suffix.lower(), _read_csv)
    try:
        # Programs for spreadsheets write a mark of the encoding at the start.
        files, columns, *more = read(path.read_text("utf-8-sig"), path)
        files = [_normal(file) for file in files]
        _check_whole(files, columns)
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error) as error:
        raise ValueError(
            f"The table of labels {printable(path)!r} cannot be used: {error}"
        ) from error
    return LabelTable(path, files, columns, *more)


def rows_of(
    table: LabelTable,
    root: pathlib.Path,
    files: list[pathlib.Path],
    all_files: list[pathlib.Path],
) -> list[int]:
    """Returns the row of the table for each of the files.

    The table names a file by its path from `root` or from the folder of the table, or by its name
    with or without suffix where only one file has this name.

    Args:
        table: The labels.
        root: The folder of the images.
        files: The files whose rows are wanted.
        all_files: All files that the table may name.

    Raises:
        ValueError: If a row has no file or several, a file has two rows, or one of `files` has
            none.
    """
    known = _Names(all_files, root, table.path.parent)
    found, missing, unclear, repeated = {}, [], [], []
    for row, name in enumerate(table.files):
        matches = known.files_of(name)
        if len(matches) != 1:
            (unclear if matches else missing).append(name)
        elif matches[0] in found:
            repeated.append(name)
        else:
            found[matches[0]] = row
    where = f"the table of labels {printable(table.path)!r}"
    cures = (
        (missing, f"{where} has labels without images: remove these rows, or add the images"),
        (unclear, f"{where} has names that several images have: write their paths"),
        (repeated, f"{where} has several rows for an image: keep one of them"),
        (
            [file.relative_to(root).as_posix() for file in files if file not in found],
            f"there are images without labels: add their rows to {where}, or move the images away",
        ),
    )
    for names, problem in cures:
        if names:
            raise ValueError(
                f"Each image needs one label, and {problem}. "
                f"Received: {len(names):,}, {listed(map(printable, names))}"
            )
    return [found[file] for file in files]


class _Names:
    """Finds files by their paths and names."""

    def __init__(self, files, *folders):
        self._by_path, self._by_name, self._by_stem = {}, {}, {}
        for file in files:
            for folder in folders:
                if file.is_relative_to(folder):
                    path = _normal(file.relative_to(folder).as_posix())
                    self._add(self._by_path, path, file)
            self._add(self._by_name, _normal(file.name), file)
            self._add(self._by_stem, _normal(file.stem), file)

    @staticmethod
    def _add(index, name, file):
        index.setdefault(name, {})[file] = None  # A dictionary keeps each file once, in order.

    def files_of(self, name):
        for index in (self._by_path, self._by_name, self._by_stem):
            if name in index:
                return list(index[name])
        return []


def _normal(name):
    if not isinstance(name, (str, int)) or isinstance(name, bool) or not str(name).strip():
        raise ValueError(f"names of files must be texts. Received: {name!r:.80}")
    text = unicodedata.normalize("NFC", str(name).strip().replace("\\", "/"))
    return text.removeprefix("./")


def _read_csv(text, path):
    head = text.partition("\n")[0]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(row)]
    if not rows:
        raise ValueError("it is empty")
    names = rows[0][1]
    for line, row in rows:
        if len(row) != len(names):
            raise ValueError(
                f"line {line} has {len(row)} cells, and the first line has {len(names)}"
            )
    of_images = suffixes() | {ARRAY_SUFFIX}
    if any(pathlib.PurePath(cell).suffix.lower() in of_images for cell in names):
        names = [f"column_{number}" for number, _ in enumerate(names, 1)]
    else:
        rows = rows[1:]
    return _as_columns(names, [dict(zip(names, row, strict=True)) for _, row in rows])


def _read_json_lines(text, path):
    records = [_json(line) for line in text.splitlines() if line.strip()]
    return _of_records(records)


def _read_json(text, path):
    content = _json(text)
    if isinstance(content, list):
        return _of_records(content)
    if not isinstance(content, dict):
        raise ValueError("it must hold an object or a list of objects")
    if "labels" not in content:
        return list(content), {"label": list(content.values())}
    labels = content["labels"]
    if isinstance(labels, dict):
        labels = list(labels.items())
    is_paired = isinstance(labels, list) and all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in labels
    )
    if not is_paired:
        raise ValueError(
            'the value of "labels" must be a list of pairs [file, label]. '
            f"Received: {type(labels).__name__}"
        )
    files, values = zip(*labels, strict=True) if labels else ((), ())
    names = content.get("class_names")
    if names is not None and not isinstance(names, list):
        raise ValueError(
            f'the value of "class_names" must be a list. Received: {type(names).__name__}'
        )
    return list(files), {"label": list(values)}, names


def _json(text):
    """Returns what a text of JSON holds. A key that an object has twice is an error."""

    def unique(pairs):
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = collections.Counter(key for key, _ in pairs)
            repeated = [key for key, count in counts.items() if count > 1]
            raise ValueError(
                f"an object must have each key once. Received: {listed(repeated)} twice"
            )
        return found

    return json.loads(text, object_pairs_hook=unique)


def _of_records(records):
    if not records or not all(isinstance(record, dict) for record in records):
        raise ValueError("it must hold objects, one for each file")
    names = list(records[0])
    for number, record in enumerate(records, 1):
        if set(record) != set(names):
            raise ValueError(f"object {number} has other keys than the first one: {listed(record)}")
    return _as_columns(names, records)


def _as_columns(names, records):
    """Returns the names of the files, and a dictionary of the other columns."""
    if len(names) < 2 or len(set(names)) < len(names) or not all(names):
        raise ValueError(
            "it must have a column of files and at least one of labels, with different names. "
            f"Received: {listed(names)}"
        )
    plain = {name.casefold().replace("_", "").replace(" ", ""): name for name in reversed(names)}
    of_files = next((plain[name] for name in _FILE_COLUMNS if name in plain), names[0])
    columns = {name: [record[name] for record in records] for name in names if name != of_files}
    return [record[of_files] for record in records], columns


def _check_whole(files, columns):
    if not files:
        raise ValueError("it has no rows")
    for name, values in columns.items():
        empty = [
            file
            for file, value in zip(files, values, strict=True)
            if value is None or value == "" or value == []
        ]
        if empty:
            raise ValueError(
                f"column {name!r} has no label for {len(empty):,} files, {listed(empty)}"
            )
