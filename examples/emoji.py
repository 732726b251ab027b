"""Sorts the pictures of an emoji set into a folder for each category, for `ganzoo create`.

The npm package holds 1,906 pictures of 64 pixels in nine categories. The pictures of its Noto set
are under the Apache license 2.0. Twitter's set is under CC BY 4.0: write `twitter` in place of
`google` below. Pictures of the same person with another tone of skin are left out.

    npm pack emoji-datasource-google@16.0.0
    tar -xzf emoji-datasource-google-16.0.0.tgz
    python examples/emoji.py package emoji
    ganzoo create emoji --conditional --size=64 --augment=bgc --model=dcgan --width=32 \
        --batch_size=16
"""

import json
import pathlib
import shutil
import sys


def main(package, output):
    entries = json.loads((pathlib.Path(package) / "emoji.json").read_text())
    # The one set that the package holds, of the four that the table lists.
    (pictures,) = pathlib.Path(package).glob("img/*/64")
    count = 0
    for entry in entries:
        if entry["category"] == "Component" or not entry[f"has_img_{pictures.parent.name}"]:
            continue
        folder = pathlib.Path(output) / entry["category"]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures / entry["image"], folder / f"{entry['short_name']}.png")
        count += 1
    print(f"{count} pictures in {len(list(pathlib.Path(output).iterdir()))} folders of {output}")


if __name__ == "__main__":
    main(*sys.argv[1:])
