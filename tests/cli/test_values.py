"""The values of flags: what is read, and what is refused."""

import tomllib

import pytest

from ganzoo_cli import values
from ganzoo_cli.commands.train import COMMAND as TRAIN
from ganzoo_cli.config_file import as_toml
from ganzoo_cli.main import COMMANDS
from ganzoo_cli.main import command as command_of
from ganzoo_cli.part_texts import format_parts, parse_parts
from ganzoo_cli.settings import options_of, text_of


@pytest.mark.parametrize(
    ("read", "texts"),
    [
        (values.natural, {"0": 0, "17": 17}),
        (values.positive_integer, {"1": 1}),
        (values.positive, {"0.5": 0.5, "1e-4": 1e-4}),
        (values.positive_or_schedule, {"0.5": 0.5, "constant/1": "constant/1"}),
        (values.fraction, {"0": 0.0, "0.999": 0.999}),
        (values.seed, {"0": 0, "18446744073709551615": 2**64 - 1}),
        (values.classes, {"cat": ["cat"], "0-2, big dog,7": ["0-2", "big dog", "7"]}),
        (values.choice((1, 3)), {"1": 1, "3": 3}),
        (values.choice(("on", "off")), {"on": "on"}),
        (values.switch, {"true": True, "false": False, None: True}),
        (values.text, {"a=b": "a=b"}),
        (
            values.integers,
            {"3": [3], "3, 17,0-2,5-5": [3, 17, 0, 1, 2, 5], "0-99999": list(range(100_000))},
        ),
    ],
)
def test_values_are_read(read, texts):
    for text, value in texts.items():
        found = read("flag", text)
        assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("read", "texts", "expected"),
    [
        (values.natural, ["-1", "x", "1.5", "", "nan"], "an integer of at least 0"),
        (values.positive_integer, ["0", "-64", "many"], "a positive integer"),
        (values.positive, ["0", "-1", "nan", "inf", "x", ""], "a number above 0"),
        (values.fraction, ["1", "-0.1", "nan", "x"], r"a number in \[0, 1\)"),
        (values.seed, ["18446744073709551616"], r"an integer in \[0, 2\*\*64\)"),
        (values.classes, ["", ",", "cat,,dog"], "classes between commas"),
        (values.choice((1, 3)), ["4", "x", "1.0", ""], "one of 1, 3"),
        (values.switch, ["maybe", ""], "one of true, false"),
        (values.integers, ["", "a", "1,,2", "-1", "3-1", "1.5"], "integers or ranges"),
        (values.integers, ["0-100000"], "at most 100,000 integers"),
    ],
)
def test_other_values_are_refused(read, texts, expected):
    for text in texts:
        with pytest.raises(ValueError, match=rf"--flag must be {expected}.* Received: --flag="):
            read("flag", text)


@pytest.mark.parametrize(
    "parts",
    [
        {"diff_augment": {"policy": "color,translation"}, "other": {}},
        {"a": {"b": [1, [2, 3]], "c": 0.5}},
        {"a": {"b": {"c": {"d": [1]}, "e": 2}}, "f": {}},
        {"a": {"b": 'x:y "z, [', "c": "", "d": "1", "e": "plain text", "f": "back\\slash"}},
    ],
)
def test_arguments_of_parts_are_read_as_they_were_written(parts):
    assert parse_parts("augment", format_parts(parts)) == parts


@pytest.mark.parametrize("text", ["a:b=[1,c", "a:b=1],c", "a:b={1:2"])
def test_brackets_that_are_not_closed_are_refused(text):
    with pytest.raises(ValueError, match=r"Close each bracket.* Received: --augment=a:b="):
        parse_parts("augment", text)


def test_paths_of_any_characters_are_read_from_toml_or_refused():
    settings = {"data": 'folder:/é/\x7f\U0001f600\n"', "log": ["a"], "steps": 3}
    assert tomllib.loads(as_toml(settings, "a comment")) == settings
    with pytest.raises(ValueError, match=r"names are no UTF-8. Received: data='folder:/caf.udce9'"):
        as_toml({"data": "folder:/caf\udce9"}, "a comment")


# Texts of each kind of flag, such as they are given on command lines.
TEXTS = {
    values.text: ["a", "a,b", '"a"', " a ", "a=b", "é\n"],
    values.path: ["a/b", "true", "a,b ~", "/é"],
    values.seed: ["0", str(2**64 - 1)],
    values.natural: ["0", "7"],
    values.positive_integer: ["1", str(10**20)],
    values.positive: ["0.1", "1e-300", "1e22", "0.30000000000000004"],
    values.positive_or_schedule: ["2e-4", "cosine/2/0.2/2e6images"],
    values.positive_or_auto: ["4", "auto"],
    values.strength: ["0", "0.1", "auto", "linear/2/0.2/1e4-5e4steps"],
    values.size: ["32", "32x64", "32,64"],
    values.fraction: ["0", "0.999"],
    values.pair: ["-80,0", "0.1,1e-9"],
    values.integers: ["3", "0-7,100"],
    values.classes: ["cat,0-2", '"a,b",c', '" a ", "\\"b\\"", c"d'],
    values.names: ["fid,kid", '"a,b",c', '"a \\\\", " b"', 'é"', '"ab"c'],
    values.switch: ["true", "false"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_flag_reads_its_value_again_from_the_text_of_the_value(name):
    command = command_of(name)
    for flag in command.flags:
        for text in flag.choices or TEXTS[flag.read]:
            value = flag.read(flag.name, text)
            again = flag.read(flag.name, text_of(command, flag.name, value))
            assert (again, type(again)) == (value, type(value))
            options = options_of(command, {flag.name: value}, "a test")
            assert getattr(options, flag.name) == value and flag.name in options.given


@pytest.mark.parametrize("name", COMMANDS)
def test_default_values_are_read_again(name):
    command = command_of(name)
    defaults = {flag.name: flag.default for flag in command.flags}
    options = options_of(command, defaults, "a test")
    assert {flag: getattr(options, flag) for flag in defaults} == defaults


@pytest.mark.parametrize("text", ["a,b", " a", '"', '"a"', "\\", '"a,b', "a\nb", "é,", ",", '",'])
def test_names_of_any_characters_are_read_as_they_were_joined(text):
    for parts in ([text], [text, "c"], ["c", text, "d"]):
        for read in (values.names, values.classes):
            assert read("flag", values.joined(parts)) == parts


def test_names_with_commas_survive_a_file_and_a_command_line():
    settings = {"label_columns": ["size, in cm", "age"], "labels": "labels.csv"}
    options = options_of(TRAIN, settings, "a test")
    assert options.label_columns == settings["label_columns"]
    words = [f"--{name}={text_of(TRAIN, name, value)}" for name, value in settings.items()]
    assert TRAIN.parse(words)[0].label_columns == settings["label_columns"]
    read = tomllib.loads(as_toml(settings, "a comment"))
    assert options_of(TRAIN, read, "a test").label_columns == settings["label_columns"]


def test_an_empty_list_replaces_the_one_of_a_file():
    options = options_of(TRAIN, {"metrics": []}, "a test")
    assert options.metrics == [] and "metrics" in options.given
