import importlib.util
import pathlib
from types import SimpleNamespace

import pytest
from PIL import Image

DEMO = pathlib.Path(__file__).parents[1] / "examples" / "demo.py"


@pytest.fixture
def demo(monkeypatch):
    """The demo with only a few steps."""
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "STEPS", 4)
    monkeypatch.setattr(module, "EPOCHS", 2)
    return module


@pytest.mark.slow
def test_the_demo_trains_draws_saves_and_samples_in_a_new_process(demo, tmp_path, capsys):
    demo.main(tmp_path)

    printed = capsys.readouterr().out
    assert "Trained 4 steps" in printed and "the same samples, pixel by pixel" in printed
    for name in ("samples_and_real.png", "model.keras", "training/samples.gif"):
        assert str(tmp_path / name) in printed and (tmp_path / name).exists()
    with Image.open(tmp_path / "samples_and_real.png") as image:
        assert image.size == (2 * (8 * 66 + 2) + 16, 10 * 66 + 2 + 24)


@pytest.mark.parametrize("seconds, stops", [(0, True), (1000, False)])
def test_training_stops_in_time_on_a_slow_machine(demo, seconds, stops):
    model = SimpleNamespace(stop_training=False)
    callback = demo.StopAfter(seconds)
    callback.set_model(model)

    callback.on_train_begin()
    callback.on_train_batch_end(0)

    assert model.stop_training == stops
