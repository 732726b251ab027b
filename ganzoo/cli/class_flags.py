"""Classes on a command line, by number or by name."""

from ganzoo.data.classes import listed
from ganzoo_cli import values
from ganzoo_cli.suggestions import did_you_mean


def numbers_of(labels, gan):
    """Returns the numbers of the classes of a flag `--labels`, or `None`.

    A text that is the name of a class means that class, even if it looks like a number: then a line
    says so.

    Args:
        labels: List of texts, each a name, an integer or a range; or `None`.
        gan: A `ganzoo.GAN`, whose `class_names` are known or `None`.

    Raises:
        ValueError: If the GAN has no such class.
    """
    if labels is None:
        return None
    names = gan.class_names or ()
    numbers = []
    for text in labels:
        if text in names:
            number = names.index(text)
            if text.isdecimal() and int(text) != number:
                print(f"class {text} is the one with the number {number}")
            numbers.append(number)
        elif values.is_range(text):
            numbers += values.integers("labels", text)
        else:
            known = f"the model has {listed(names)}" if names else "the model has no such names"
            raise ValueError(
                f"--labels must be integers, ranges or names: {known}.{did_you_mean(text, names)} "
                f"Received: --labels={','.join(labels)}"
            )
    return numbers
