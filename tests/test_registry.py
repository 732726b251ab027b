"""Names are unique, and an unknown one is answered with those that exist."""

import pytest

from ganzoo.registry import Registry


class Shape:
    pass


class Circle(Shape):
    pass


@pytest.fixture
def shapes():
    registry = Registry("shape")
    registry.register("circle")(Circle)
    return registry


def test_a_name_gives_what_was_registered(shapes):
    assert shapes["circle"] is Circle
    assert shapes.names() == ["circle"]


def test_a_duplicate_name_is_refused(shapes):
    with pytest.raises(ValueError, match=r"shape of this name exists already. Received: 'circle'"):
        shapes.register("circle")


@pytest.mark.parametrize("name", ["square", None, 3])
def test_an_unknown_name_is_answered_with_those_that_exist(shapes, name):
    with pytest.raises(ValueError, match=r"Unknown shape. Expected one of: circle. Received: "):
        shapes[name]


def test_an_instance_comes_from_a_name_or_is_returned(shapes):
    circle = Circle()
    assert shapes.instance(circle, Shape) is circle
    assert isinstance(shapes.instance("circle", Shape), Circle)


def test_an_instance_of_another_kind_is_refused(shapes):
    with pytest.raises(ValueError, match=r"instance of `Shape`. Received: 3"):
        shapes.instance(3, Shape)
