"""A published model on the Hugging Face Hub."""

import shutil
import tempfile
from pathlib import Path

from ganzoo import hub, presets
from ganzoo.files import describe_file, user_path
from ganzoo.presets import manifest
from ganzoo.zoo import model_card, pictures
from ganzoo.zoo.publishing import check_license, read_published


def push(
    folder: Path | str, address: str, license: str | None = None, private: bool | None = None
) -> tuple[str, str]:
    """Uploads a published model to the Hugging Face Hub, in one commit.

    The card on the Hub names the address there, and does not compare the model with others of a
    folder. Files of an older preset in the repository that the new one lacks are removed. The token
    is the one of `hf auth login`, or of the environment variable `HF_TOKEN`.

    Args:
        folder: Folder of a model that `zoo.publish` has written.
        address: `hf://user/name`, or `hf://user/name@branch`. The repository is created if there
            is none.
        license: License of the weights, as the Hub calls it, such as `"apache-2.0"`; by default
            what the model's facts say.
        private: Whether a new repository is private; by default as the owner's settings say.

    Returns:
        The address of the commit, and the SHA-256 of its `metadata.json`: what `GAN.from_preset`
        takes to load exactly this model.

    Raises:
        ImportError: If the extra `hub` is not installed.
        ganzoo.presets.PresetError: If the folder holds no preset, or is damaged.
        ValueError: If the address has another form, or the folder holds no published model.
        OSError: If the Hub cannot be reached, or does not accept the model.

    Example:

    >>> address, sha256 = ganzoo.zoo.push("models/mine", "hf://me/mine", license="apache-2.0")
    >>> gan = ganzoo.GAN.from_preset(address, sha256)
    """
    check_license(license)
    repository, folder = hub.Repository.parse(address), user_path(folder)
    facts, recipe = read_published(folder)
    if license is not None:
        facts = {**facts, "weights": {**facts["weights"], "license": license}}
    with tempfile.TemporaryDirectory(prefix="ganzoo-push-") as temporary:
        copy = Path(temporary)
        names = (manifest.METADATA, *manifest.LIMITS, *pictures.ALL)
        for name in names:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, copy / name)
        card = model_card.text(facts, recipe, copy, {}, location=f"{hub.SCHEME}{repository.id}")
        presets.replace_texts(copy, metrics=facts, card=card)
        sha256 = describe_file(copy / manifest.METADATA)["sha256"]
        commit = hub.push(copy, repository, facts["summary"], names, private)
    return str(commit), sha256
