"""What pyproject.toml cannot say: the version, the readme with absolute links, models, extras."""

import json
import pathlib
import re
import tomllib

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).parent
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
VERSION = re.search(r'__version__ = "([^"]+)"', (ROOT / "ganzoo/version.py").read_text()).group(1)

# Models that `from_preset` downloads are not in the package.
MODELS = ROOT / "models"
DOWNLOADED = json.loads((MODELS / "index.json").read_text())
SHIPPED = sorted(
    f"{path.parent.name}/*"
    for path in MODELS.glob("*/metadata.json")
    if path.parent.name not in DOWNLOADED
)

# A relative address in Markdown.
_ADDRESS = r"\((?!https?:|#)([^()\s]+)\)"


def readme():
    """Returns the readme for package indexes: with absolute links to the files of this version."""
    text = (ROOT / "README.md").read_text()
    text = re.sub(rf"(!\[[^\]]*\]){_ADDRESS}", rf"\1({REPOSITORY}/raw/v{VERSION}/\2)", text)
    return re.sub(rf"\]{_ADDRESS}", rf"]({REPOSITORY}/blob/v{VERSION}/\1)", text)


# The suite runs with 2.21, the newest version. Later ones of TensorFlow 2 are allowed: ganzoo uses
# public functions, and TensorFlow removes them only with a new major version. With an upper bound
# below the next version, ganzoo could not be installed next to a package that needs it.
TENSORFLOW = "tensorflow{}>=2.21,<3"
JAX = ["jax>=0.7"]
TENSORBOARD = ["tensorboard>=2.20"]
WANDB = ["wandb>=0.19"]
# Without a server, MLflow writes a database, which needs the other two.
MLFLOW = ["mlflow-skinny>=2.20", "sqlalchemy>=2.0", "alembic>=1.13"]
PLOT = ["matplotlib>=3.9"]
TORCH = ["torch>=2.6"]
DIRECTIONS = ["scikit-learn>=1.5"]
EXPLORE = ["gradio>=6.0,<7"]
VIDEO = ["imageio-ffmpeg>=0.6"]
SERVING = ["tensorflow-serving-api>=2.19"]
ONNX = ["onnx>=1.18", "onnxruntime>=1.22", "tf2onnx>=1.16.1"]
HUB = ["huggingface_hub>=1.0"]
LITERT = ["ai-edge-litert>=1.3"]
DOCS = [
    *("sphinx>=8.1,<11", "myst-parser>=4.0", "myst-nb>=1.2", "furo>=2024.8"),
    *("sphinx-copybutton>=0.5", "sphinx-design>=0.6"),
]
PACKAGING = ["build>=1.2", "twine>=6.1"]
NOTEBOOKS = [*PLOT, "nbclient>=0.10", "nbformat>=5.10", "ipykernel>=6.29"]

setup(
    version=VERSION,
    # Only what `package_data` names: MANIFEST.in is for the source distribution.
    include_package_data=False,
    long_description=readme(),
    long_description_content_type="text/markdown",
    packages=[
        *find_packages(include=["ganzoo", "ganzoo.*", "ganzoo_cli", "ganzoo_cli.*"]),
        "ganzoo.models",
    ],
    package_dir={"ganzoo.models": "models"},
    package_data={
        "ganzoo": ["py.typed"],
        "ganzoo.data": ["digits.npz", "digits_license.txt"],
        "ganzoo.studies": ["builtin/*.toml"],
        "ganzoo.explore": ["page.css"],
        "ganzoo.export": ["web_page/*"],
        "ganzoo_cli": ["py.typed"],
        "ganzoo.extractors": ["weights/*.npz", "weights/*.json", "weights/README.md"],
        "ganzoo.models": ["index.json", *SHIPPED],
    },
    install_requires=[
        TENSORFLOW.format(""),
        "keras>=3.15.1",
        "numpy>=2.0",
        "absl-py>=2.1",
        "pillow>=11.0",
        "rich>=13.7",
        "tensorflow-datasets>=4.9.10",
        # tensorflow-datasets 4.9.10 imports it without declaring it.
        "importlib_resources>=6.0",
    ],
    extras_require={
        "gpu": [TENSORFLOW.format("[and-cuda]")],
        "jax": JAX,
        "tensorboard": TENSORBOARD,
        "wandb": WANDB,
        "mlflow": MLFLOW,
        "plot": PLOT,
        "directions": DIRECTIONS,
        "inception": TORCH,
        "bench": TORCH,
        "explore": EXPLORE,
        "video": VIDEO,
        "serving": SERVING,
        "onnx": ONNX,
        "litert": LITERT,
        "hub": [*HUB, "datasets>=4.0"],
        "ray": ["ray[train]>=2.40"],
        "docs": DOCS,
        "notebooks": NOTEBOOKS,
        "dev": [
            *(
                *JAX,
                *TENSORBOARD,
                *PLOT,
                *DIRECTIONS,
                *VIDEO,
                *SERVING,
                *ONNX,
                *LITERT,
                *HUB,
                *DOCS,
                *NOTEBOOKS,
                *PACKAGING,
            ),
            *("imageio>=2.37", "mypy>=1.15", "pyyaml>=6.0", "ruff>=0.12"),
            *("pytest>=8.3", "pytest-xdist>=3.6"),
        ],
    },
)
