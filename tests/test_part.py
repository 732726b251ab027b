"""What the base of all parts promises: a config, a copy and a text, from the signature."""

import json

import keras
import numpy as np
import pytest

from ganzoo.part import Part


@keras.saving.register_keras_serializable(package="test_part")
class Inner(Part):
    def __init__(self, size=1):
        self.size = size


@keras.saving.register_keras_serializable(package="test_part")
class Outer(Part):
    def __init__(self, inner=None, initializer="zeros", *, axes=(0, 1)):
        self.inner = inner
        self.initializer = keras.initializers.get(initializer)
        self.axes = axes


class Longer(Inner):
    def __init__(self, length, **kwargs):
        super().__init__(**kwargs)
        self.length = length


def test_without_arguments_the_config_is_empty():
    class Nothing(Part):
        pass

    assert Nothing().get_config() == {}
    assert repr(Nothing()) == "Nothing()"
    assert isinstance(Nothing.from_config({}), Nothing)


def test_an_inherited_init_has_the_same_arguments():
    class Child(Inner):
        pass

    assert Child(3).get_config() == {"size": 3}


def test_keyword_arguments_that_are_passed_on_are_part_of_the_config():
    part = Longer(2, size=5)
    assert part.get_config() == {"length": 2, "size": 5}
    assert Longer.from_config(part.get_config()).size == 5
    assert repr(part) == "Longer(length=2, size=5)"


def test_an_init_that_takes_no_further_arguments_hides_the_ones_of_its_base():
    class Fixed(Inner):
        def __init__(self, length):
            super().__init__(size=7)
            self.length = length

    assert Fixed(2).get_config() == {"length": 2}


def test_parts_and_keras_objects_inside_of_a_part_survive_json():
    part = Outer(Inner(4), keras.initializers.RandomNormal(stddev=0.02))
    copy = Outer.from_config(json.loads(json.dumps(part.get_config())))
    assert isinstance(copy.inner, Inner) and copy.inner.size == 4
    assert copy.initializer.stddev == 0.02
    assert copy.axes == [0, 1]
    assert copy.get_config() == part.get_config()


def test_keras_stores_and_restores_a_part():
    stored = keras.saving.serialize_keras_object(Outer(Inner(4)))
    assert keras.saving.deserialize_keras_object(stored).inner.size == 4


def test_parts_in_lists_and_dictionaries_are_restored():
    part = Outer([Inner(1), Inner(2)])
    assert [inner.size for inner in Outer.from_config(part.get_config()).inner] == [1, 2]
    part = Outer({"first": Inner(1), "others": [Inner(2)]})
    restored = Outer.from_config(part.get_config()).inner
    assert (restored["first"].size, restored["others"][0].size) == (1, 2)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        ((1, (2.5, "a")), [1, [2.5, "a"]]),
        ({"a": (1,)}, {"a": [1]}),
        (np.float32(0.5), 0.5),
        (np.eye(2), [[1.0, 0.0], [0.0, 1.0]]),
        (True, True),
    ],
)
def test_values_are_stored_as_json_holds_them(value, stored):
    config = Inner(value).get_config()
    assert config == {"size": stored}
    assert json.loads(json.dumps(config)) == config


@pytest.mark.parametrize(
    "value",
    [object(), max, Inner, {1: 2}, {3}],
    ids=["object", "function", "class", "dictionary", "set"],
)
def test_a_value_that_cannot_be_stored_is_refused(value):
    with pytest.raises(TypeError, match=r"stores in `size`.*Received: size="):
        Inner(value).get_config()


def test_an_argument_without_an_attribute_is_refused_and_does_not_break_the_text():
    class Forgetful(Part):
        def __init__(self, size, other=1):
            self.size = size

    with pytest.raises(TypeError, match=r"set `self.other`.*Received: no attribute `other`"):
        Forgetful(3).get_config()
    assert repr(Forgetful(3)) == "Forgetful(size=3)"


def test_arguments_without_a_name_are_refused():
    class Many(Part):
        def __init__(self, *sizes):
            self.sizes = sizes

    class Nameless(Part):
        def __init__(self, size, /):
            self.size = size

    for part in (Many(1, 2), Nameless(1)):
        with pytest.raises(TypeError, match=r"take arguments by name.*Received: __init__\(self"):
            part.get_config()
