import io

import numpy as np
import pytest
from PIL import Image

from ganzoo.plot.line_picture import curves_picture
from ganzoo.zoo import pictures
from support import presets, published


def test_each_path_leads_from_sample_to_sample_within_a_class():
    gan = presets.image_gan(conditional=True)
    drawn = pictures.interpolation(gan)
    assert drawn.shape == (4 * 66 + 2, 10 * 66 + 2, 3)
    for row, column in ((0, 0), (1, 9), (3, 0)):
        top, left = 2 + 66 * row, 2 + 66 * column
        tile = drawn[top : top + 64 : 8, left : left + 64 : 8].astype(int)
        seed = 2 * row + (column > 0)
        sample = gan.sample(1, seed=seed, labels=row % 3)[0]
        assert np.abs(tile - sample).max() <= 1


@pytest.mark.parametrize("colors", [3, 300])
def test_png_files_hold_the_exact_picture(colors):
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (colors, 3), dtype="uint8")
    for picture in (palette[rng.integers(0, colors, (40, 50))], palette[:, :1, None]):
        content = pictures.encoded(picture)
        decoded = Image.open(io.BytesIO(content))
        mode = "L" if picture.shape[-1] == 1 else "RGB"
        np.testing.assert_array_equal(
            np.asarray(decoded.convert(mode)).reshape(picture.shape), picture
        )


def test_the_terms_of_the_log_have_the_panels_of_the_plot():
    log = [{**row, "fid": "9.5", "d_r1": "0.1"} for row in published.LOG]
    assert curves_picture(log).shape[0] == 4 * 220  # Losses, logits, FID, cost.
