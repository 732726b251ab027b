"""Names are unique, and an unknown name is answered with the names that exist."""

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
def test_an_unknown_name_lists_the_known_ones(shapes, name):
    with pytest.raises(ValueError, match=r"Unknown shape. Expected one of: circle. Received: "):
        shapes[name]


def test_an_instance_comes_from_a_name_or_is_returned(shapes):
    circle = Circle()
    assert shapes.instance(circle, Shape) is circle
    assert isinstance(shapes.instance("circle", Shape), Circle)


def test_an_instance_of_another_kind_is_refused(shapes):
    with pytest.raises(ValueError, match=r"instance of `Shape`. Received: 3"):
        shapes.instance(3, Shape)


def test_a_mistyped_name_is_answered_with_the_closest_one(shapes):
    with pytest.raises(ValueError, match=r"Did you mean 'circle'. Expected one of: circle. Rec"):
        shapes["cirle"]


class Rectangle(Shape):
    def __init__(self, width, height=1):
        self.width, self.height = width, height


def test_a_name_takes_arguments(shapes):
    shapes.register("rectangle")(Rectangle)
    made = shapes.instance("rectangle", Shape, {"width": 3})
    assert (made.width, made.height) == (3, 1)
    with pytest.raises(ValueError, match=r"Rectangle\(width, height=1\): missing.*Received: {}"):
        shapes.instance("rectangle", Shape)
    with pytest.raises(
        ValueError, match=r"unexpected.*'depth'. Received: {'width': 3, 'depth': 1}"
    ):
        shapes.instance("rectangle", Shape, {"width": 3, "depth": 1})
    with pytest.raises(
        ValueError, match=r"Arguments are for the shape of a name. Received: the arg"
    ):
        shapes.instance(made, Shape, {"width": 3})


def test_an_error_of_the_part_itself_is_not_taken_for_a_wrong_argument(shapes):
    class Broken(Shape):
        def __init__(self):
            raise TypeError("broken")

    shapes.register("broken")(Broken)
    with pytest.raises(TypeError, match=r"^broken$"):
        shapes.instance("broken", Shape)


def test_names_of_another_base_are_not_accepted(shapes):
    shapes.register("rectangle")(Rectangle)
    assert shapes.names(Rectangle) == ["rectangle"]
    with pytest.raises(ValueError, match=r"Expected one of: rectangle. Received: 'circle'"):
        shapes.instance("circle", Rectangle)
