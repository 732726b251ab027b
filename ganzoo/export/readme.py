"""Writes the README of an exported model, with the exact commands that call it."""

import json

from ganzoo.markdown import table

_LABEL = 3


def write(name, version, description, specs, outputs):
    """Returns the README as Markdown.

    Args:
        name: Name of the model.
        version: Its version.
        description: What `saved_model.describe` returns.
        specs: Dictionary from the names of signatures to the `tf.TensorSpec` of their inputs.
        outputs: Dictionary from the names of signatures to dictionaries of output tensors.
    """
    return "\n".join(
        [
            f"# {name}, version {version}",
            "",
            f"The generator of a `{description['class_name']}`, exported by ganzoo "
            f"{description['ganzoo']} for TensorFlow {description['tensorflow']} and TF Serving. "
            + _origin(description),
            "",
            table(
                ("signature", "inputs", "outputs"),
                (
                    (f"`{signature}`", _columns(specs[signature]), _columns(outputs[signature]))
                    for signature in specs
                ),
            ),
            "",
            *_ranges(description, specs),
            "",
            "Run the commands below in the folder that holds the folder "
            f"`{name}`, which holds this version.",
            "",
            "## Serve it",
            "",
            "```",
            "docker run --rm -p 8500:8500 -p 8501:8501 \\",
            f'    -v "$PWD/{name}:/models/{name}" -e MODEL_NAME={name} \\',
            "    tensorflow/serving:2.20.0",
            "```",
            "",
            *_curl(name, description, specs),
            *_grpc(name, description, specs),
            *_client(name, description),
            *_without_server(name, version, description, specs),
        ]
    )


def _origin(description):
    preset, steps = description["preset"], description["steps"]
    if preset is None:
        origin = f"It was trained for {steps:,} steps."
    else:
        origin = f"Its weights come from the preset `{preset['name']}`"
        origin += f", trained for {steps:,} steps more." if steps else "."
    return f"{origin} `assets.extra/ganzoo.json` holds the rest of its description."


def _columns(tensors):
    """Returns the names, types and shapes of specs, or of a dictionary of tensors."""
    named = tensors.items() if isinstance(tensors, dict) else ((x.name, x) for x in tensors)
    columns = []
    for name, tensor in named:
        shape = ", ".join(["n", *map(str, tensor.shape[1:])]) if len(tensor.shape) > 1 else "n,"
        columns.append(f"`{name}` {tensor.dtype.name} ({shape})")
    return "<br>".join(columns)


def _ranges(description, specs):
    inputs = {spec.name for signature in specs.values() for spec in signature}
    drawn = {"normal": "standard normal", "uniform": "uniform in (-1, 1)"}[description["latent"]]
    yield f"- `latents` were {drawn} in the training run."
    yield (
        "- `seed` is an int64. Row i of the output follows from seed i alone: `gan.sample(n, "
        "seed=s)` are the seeds s to s + n - 1."
    )
    if "label" in inputs:
        yield (
            f"- `label` is a class from 0 to {description['num_classes'] - 1}, one for each row; a "
            "request with another one fails."
        )
    if "conditions" in inputs:
        yield (
            f"- `conditions` are the {description['condition_dim']} float32 numbers that the GAN "
            f"was trained on, in a row for each sample{_condition_names(description)}."
        )
    if names := _class_names(description):
        numbered = (f"{number} `{name}`" for number, name in enumerate(names))
        yield f"- The classes are {', '.join(numbered)}."
    if "direction" in inputs:
        numbered = (f"{number} `{name}`" for number, name in enumerate(description["directions"]))
        yield (
            "- `edit` moves the sample of `seed` along a direction by `amount`, usually from -3 to "
            f"3; 0 gives the sample itself. The directions are {', '.join(numbered)}."
        )
    if "truncation" in inputs:
        yield (
            f"- `truncation` is the one of `gan.sample`: {description['truncation']}, or -1 for "
            "none. The smaller it is, the more typical and the less varied are samples. A request "
            "with another number fails."
        )
    if _examples(description) == "images":
        yield (
            "- `images` are (height, width, channels): float32 in [-1, 1] from latents, "
            "{dtype} in [{low:g}, {high:g}] elsewhere.".format(**_pixels(description))
        )


def _curl(name, description, specs):
    signature = "sample_png" if "sample_png" in specs else "sample"
    instance = {spec.name: _example(spec, description) for spec in specs[signature]}
    request = json.dumps({"signature_name": signature, "instances": [instance]})
    call = f"curl -s -d '{request}' \\\n    http://localhost:8501/v1/models/{name}:predict"
    yield from ("## REST", "")
    if signature == "sample_png":
        yield from (
            "One picture, as a file:",
            "",
            "```",
            f'{call} | python3 -c "',
            "import base64, json, sys",
            "png = json.load(sys.stdin)['predictions'][0]['b64']",
            "open('sample.png', 'wb').write(base64.b64decode(png))\"",
            "```",
            "",
        )
    else:
        yield from ("```", call, "```", "")


def _grpc(name, description, specs):
    output = _examples(description)
    yield from (
        "## gRPC",
        "",
        "With `pip install tensorflow-serving-api`:",
        "",
        "```python",
        "import grpc",
        "import tensorflow as tf",
        "from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc",
        "",
        'channel = grpc.insecure_channel("localhost:8500")',
        "service = prediction_service_pb2_grpc.PredictionServiceStub(channel)",
        "request = predict_pb2.PredictRequest()",
        f'request.model_spec.name = "{name}"',
        'request.model_spec.signature_name = "sample"',
        *(
            f'request.inputs["{spec.name}"].CopyFrom('
            f'tf.make_tensor_proto([{_example(spec, description)}], "{spec.dtype.name}"))'
            for spec in specs["sample"]
        ),
        "response = service.Predict(request, timeout=10.0)",
        f'{output} = tf.make_ndarray(response.outputs["{output}"])',
        "```",
        "",
    )


def _client(name, description):
    label, names = _LABEL % (description["num_classes"] or 1), _class_names(description)
    labels, known = f", labels={label}" if description["num_classes"] else "", ""
    if labels and names:
        labels, known = f", labels={names[label]!r}", f", class_names={names!r}"
    if description["condition_dim"] is not None:
        labels = f", conditions=[0.0] * {description['condition_dim']}"
    yield from (
        "## ganzoo's client",
        "",
        "```python",
        "from ganzoo.export.client import Client",
        "",
        f'images = Client("localhost:8501", "{name}"{known}).sample(16, seed=0{labels})',
        "```",
        "",
    )
    if directions := description.get("directions"):
        yield from (
            "A sample that moves along a direction:",
            "",
            "```python",
            f"names = {directions!r}",
            f'client = Client("localhost:8501", "{name}"{known}, direction_names=names)',
            f"moved = client.edit(3, {directions[0]!r}, [-3.0, 0.0, 3.0], seed=[7, 7, 7]{labels})",
            "```",
            "",
        )


def _without_server(name, version, description, specs):
    given = ", ".join(
        f'{spec.name}=tf.constant([{_example(spec, description)}], "{spec.dtype.name}")'
        for spec in specs["sample"]
    )
    output = _examples(description)
    yield from (
        "## Without a server",
        "",
        "```python",
        "import tensorflow as tf",
        "",
        f'model = tf.saved_model.load("{name}/{version}")',
        'sample = model.signatures["sample"]',
        f'{output} = sample({given})["{output}"].numpy()',
        "```",
        "",
    )


def _condition_names(description):
    names = description.get("condition_names")
    return f": {', '.join(f'`{name}`' for name in names)}" if names else ""


def _pixels(description):
    return description.get("pixels", {"dtype": "uint8", "low": 0, "high": 255})


def _class_names(description):
    """Returns the names of the classes, or `None` if they have none but their numbers."""
    names = description["class_names"]
    return None if names == [str(number) for number in range(len(names or ()))] else names


def _examples(description):
    """Returns the name of the output of `sample`."""
    return "images" if len(description["example_shape"]) == 3 else "examples"


def _example(spec, description):
    """Returns the value of an input of `sample` in the example commands."""
    label = _LABEL % (description["num_classes"] or 1)
    conditions = [0.0] * (description["condition_dim"] or 0)
    return {"seed": 7, "label": label, "conditions": conditions, "truncation": 1.0}[spec.name]
