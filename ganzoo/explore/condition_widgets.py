"""The controls for vectors of conditions: a switch, a slider or a number for each, and a choice."""

from ganzoo.explore.widgets import gr
from ganzoo.generation.pages import SLIDER, SWITCH, ConditionControls

_STEPS = 100  # From one end of a slider to the other.


class ConditionWidgets:
    """The controls of a page for the conditions of a GAN, which may have none.

    Args:
        settings: The `ConditionControls`, or `None` for a GAN without conditions.

    Attributes:
        controls: List of the controls whose values are the arguments of `vector`.
    """

    def __init__(self, settings: ConditionControls | None):
        self._settings = settings
        self._choice, self._widgets = None, []
        if settings is None:
            self.controls = []
            return
        with gr.Accordion("Conditions", open=True, elem_id="conditions"):
            if len(settings.examples) > 1:
                choices = [(f"Example {i}", i) for i in range(len(settings.examples))]
                self._choice = gr.Dropdown(
                    choices, value=0, label="Start from", elem_id="condition_example"
                )
            for number in range(len(settings.names)):
                self._widgets.append(self._widget(number))
        self.controls = self._widgets or ([] if self._choice is None else [self._choice])

    def _widget(self, number):
        settings = self._settings
        first = float(settings.examples[0, number])
        shared = {"label": settings.names[number], "elem_id": f"condition_{number}"}
        if settings.kinds[number] == SWITCH:
            return gr.Checkbox(first == 1.0, **shared)
        if settings.kinds[number] == SLIDER:
            low, high = settings.ranges[number]
            return gr.Slider(low, high, first, step=(high - low) / _STEPS, buttons=[], **shared)
        return gr.Number(first, **shared)

    @property
    def first_values(self) -> list:
        """The values of the controls on a new page."""
        if not self._widgets:
            return [0] * len(self.controls)
        return self._values_of(0)

    def _values_of(self, example):
        row = self._settings.examples[example]
        is_switch = [kind == SWITCH for kind in self._settings.kinds]
        return [
            bool(x) if of_switch else float(x) for x, of_switch in zip(row, is_switch, strict=True)
        ]

    def connect(self) -> None:
        """Makes the choice of an example move the other controls."""
        if self._choice is None or not self._widgets:
            return
        self._choice.change(
            self._values_of,
            self._choice,
            self._widgets,
            trigger_mode="always_last",
            show_progress="hidden",
            api_visibility="private",
        )

    def vector(self, values: list) -> tuple[float, ...] | None:
        """Returns the conditions that values of the controls stand for, or `None` without any.

        Raises:
            ValueError: If a number was deleted.
        """
        if self._settings is None:
            return None
        if not self._widgets:
            row = self._settings.examples[values[0] if values else 0]
            return tuple(map(float, row))
        for name, value in zip(self._settings.names, values, strict=True):
            if value is None:
                raise ValueError(f"The condition {name!r} must be a number. Received: nothing")
        return tuple(map(float, values))
