"""The rooms of the house: imports go down only, and no two modules import each other."""

import ast

import pytest

import ganzoo
from support.processes import ROOT

# From the ground up. A module may import from rooms further up in this list, and from its own.
ROOMS = (
    *("version", "onednn", "validation", "registry", "part", "players"),
    *("files", "array_files", "json_files", "json_lines", "file_names", "folder_lock"),
    *("markdown", "download", "hub"),
    *("backend", "random", "numerics", "schedules", "distribution"),
    *("layers", "losses", "augment", "interpolation", "drawing", "data"),
    *("regularizers", "architectures", "recipes"),
    *("extractors", "metrics", "generation", "explore", "plot", "presets", "export"),
    *("training", "callbacks", "zoo", "runs", "studies", "synthesis"),
    # The package itself, whose `__init__` gathers the rooms: only the commands may import it.
    "ganzoo",
    "cli",
)


def modules():
    """Returns the path of each module by its name."""
    found = {}
    for path in (ROOT / "ganzoo").rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imports(path, known):
    """Yields the modules of ganzoo that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in known:
                    yield name
                elif node.module in known:
                    yield node.module


@pytest.fixture(scope="module")
def graph():
    known = modules()
    return {name: set(imports(path, known)) for name, path in known.items()}


def room_of(module):
    return module.split(".")[1] if "." in module else module


def inner(graph):
    """The modules within the rooms: all but the package itself, which imports every room."""
    return {name: targets for name, targets in graph.items() if name.count(".")}


def test_every_room_has_its_place(graph):
    rooms = {room_of(name) for name in inner(graph)} - {"__main__"}
    assert rooms == set(ROOMS) - {"ganzoo"}


def test_imports_go_down_only(graph):
    upward = [
        f"{name} imports {target}"
        for name, targets in inner(graph).items()
        if name != "ganzoo.__main__"
        for target in targets
        if ROOMS.index(room_of(target)) > ROOMS.index(room_of(name))
    ]
    assert not upward


def test_no_modules_import_each_other(graph):
    """A module that is imported runs the `__init__` of its packages first."""
    visited, path = set(), []

    def visit(name):
        assert name not in path, f"a circle: {' -> '.join([*path[path.index(name) :], name])}"
        if name in visited:
            return
        path.append(name)
        for target in sorted(graph[name]):
            # A package's `__init__` gathers its own modules.
            if not name.startswith(f"{target}."):
                visit(target)
        path.pop()
        visited.add(name)

    for name in sorted(inner(graph)):
        visit(name)


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        *((room, "training") for room in ("layers", "losses", "regularizers", "augment")),
        *((room, "training") for room in ("metrics", "data", "presets", "export", "recipes")),
        *(("training", room) for room in ("callbacks", "zoo", "cli", "plot")),
    ],
)
def test_rooms_that_know_nothing_of_each_other(graph, room, forbidden):
    assert not [
        name
        for name, targets in inner(graph).items()
        if room_of(name) == room and any(room_of(t) == forbidden for t in targets if "." in t)
    ]


def test_the_front_end_imports_nothing_of_the_package():
    known = modules()
    for path in (ROOT / "ganzoo_cli").rglob("*.py"):
        tree = ast.parse(path.read_text())
        at_import = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        text = ast.unparse(ast.Module(body=at_import, type_ignores=[]))
        assert not [line for line in text.splitlines() if "ganzoo." in line or "keras" in line]
    assert known


def test_the_package_shows_its_public_names_and_nothing_else():
    assert dir(ganzoo) == sorted(ganzoo.__all__)
    assert {"GAN", "export", "random", "extractors"} <= set(dir(ganzoo))
    for name in dir(ganzoo):
        assert getattr(ganzoo, name) is not None
