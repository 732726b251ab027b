"""A process that runs a GAN in the runtimes of one library and times calls on request.

Each line of standard input is a request. Each answer is a JSON object in one line.
"""

import json
import os
import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

COMPARED_ROWS = 64
FILES = {
    "ONNX Runtime": "gan.onnx",
    "LiteRT": "gan.tflite",
    "LiteRT, float16": "float16.tflite",
    "LiteRT, dynamic range": "dynamic_range.tflite",
}


def main():
    settings = json.loads(sys.argv[1])
    cores = settings.pop("cores")
    # Before libraries are loaded, because thread pools get one thread per usable core.
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [int(core) for core in cores.split(",")])
    # Other output must not mix with the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), 1)
    library = {"tensorflow": TensorFlow, "onnx": OnnxRuntime, "litert": LiteRT}
    side = library[settings.pop("library")](**settings)
    facts = {"version": side.version, "describes": side.describes}
    print(json.dumps(facts), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(side, request.pop("do"))(**request)
        print(json.dumps(answer), file=answers, flush=True)


class Library:
    """Answers the requests. A subclass fills `runs`.

    Attributes:
        version: Name and version of the library.
        describes: A description of the model, if the library knows it.
        runs: Dictionary from names of runtimes to functions. A function takes a dictionary of NumPy
            inputs (`latents` or `seed`, and `label`) and returns a NumPy array of examples.
    """

    describes = None

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.runs = {}

    def examples(self, runtime):
        """Writes examples to a file. Returns its path and the size of the export."""
        path = self.folder / "examples.npy"
        np.save(path, self.runs[runtime](self._inputs(runtime, COMPARED_ROWS)))
        return {"path": str(path), "bytes": self._bytes(runtime)}

    def prepare(self, runtime, batch_size):
        """Calls a runtime until its speed is stable."""
        self._call(runtime, batch_size, 3)
        latencies = self._call(runtime, batch_size, 3)
        return {"seconds_per_call": min(latencies)}

    def run(self, runtime, batch_size, calls):
        """Times a block of calls. Returns the seconds of each call and of the whole block."""
        processor = time.process_time()
        latencies = self._call(runtime, batch_size, calls)
        return {
            "latencies": latencies,
            "seconds": sum(latencies),
            "processor_seconds": time.process_time() - processor,
        }

    def _call(self, runtime, batch_size, calls):
        run, inputs = self.runs[runtime], self._inputs(runtime, batch_size)
        latencies = []
        for _ in range(calls):
            start = time.perf_counter()
            run(inputs)
            latencies.append(time.perf_counter() - start)
        return latencies

    def _inputs(self, runtime, rows):
        facts = json.loads((self.folder / "facts.json").read_text())
        rng = np.random.default_rng(0)
        if "sample" in runtime:
            inputs = {"seed": np.arange(rows)}
        else:
            inputs = {"latents": rng.standard_normal((rows, facts["latent_dim"]), "float32")}
        if facts["num_classes"] is not None:
            inputs["label"] = np.arange(rows) % facts["num_classes"]
        return inputs

    def _bytes(self, runtime):
        path = self.folder / FILES[runtime]
        return path.stat().st_size


class TensorFlow(Library):
    """Keras and SavedModels. Also exports the model for all runtimes."""

    def __init__(self, folder, model, image_shape, threads):
        super().__init__(folder)
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        import keras
        from ganzoo.export.signatures import generation

        self.version = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
        gan, self.describes = gan_of(model, image_shape)
        facts = {"latent_dim": gan.latent_dim, "num_classes": gan.num_classes}
        (self.folder / "facts.json").write_text(json.dumps(facts))
        export_all(gan, self.folder)
        self._exported = self.folder / "saved_model" / "1"
        # Keeps the variables alive, which a signature does not do.
        self._loaded = tf.saved_model.load(str(self._exported))
        default = self._loaded.signatures["serving_default"]
        sampling = self._loaded.signatures["sample"]
        _, specs = generation(gan)

        @tf.function(input_signature=specs)
        def keras_model(latents, label=None):
            return gan(latents if label is None else [latents, tf.cast(label, "int32")])

        @tf.function(jit_compile=True)
        def compiled(**inputs):
            return default(**inputs)

        def from_signature(function):
            def run(inputs):
                tensors = {name: tf.constant(array) for name, array in inputs.items()}
                (examples,) = function(**tensors).values()
                return examples.numpy()

            return run

        self.runs = {
            "Keras": lambda inputs: keras_model(*map(tf.constant, inputs.values())).numpy(),
            "SavedModel": from_signature(default),
            "SavedModel, XLA": from_signature(compiled),
            "`gan.sample`": lambda inputs: gan.sample(
                len(inputs["seed"]), seed=0, labels=inputs.get("label")
            ),
            "SavedModel `sample`": from_signature(sampling),
        }

    def _bytes(self, runtime):
        if runtime != "SavedModel":
            return None
        return sum(path.stat().st_size for path in self._exported.rglob("*") if path.is_file())


class OnnxRuntime(Library):
    """ONNX Runtime on the CPU."""

    def __init__(self, folder, model, image_shape, threads):
        super().__init__(folder)
        import onnxruntime

        self.version = f"ONNX Runtime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            self.folder / FILES["ONNX Runtime"], options, providers=["CPUExecutionProvider"]
        )
        self.runs["ONNX Runtime"] = lambda inputs: session.run(None, inputs)[0]


class LiteRT(Library):
    """The interpreter of LiteRT, with weights in three precisions."""

    def __init__(self, folder, model, image_shape, threads):
        super().__init__(folder)
        import importlib.metadata

        from ai_edge_litert.interpreter import Interpreter

        self.version = f"LiteRT {importlib.metadata.version('ai-edge-litert')}"
        for runtime, name in FILES.items():
            if runtime.startswith("LiteRT"):
                interpreter = Interpreter(str(self.folder / name), num_threads=threads)
                runner = interpreter.get_signature_runner()
                self.runs[runtime] = lambda inputs, run=runner: next(iter(run(**inputs).values()))


def gan_of(model, image_shape):
    """Returns a trained GAN, or an untrained one from a recipe, and its description."""
    import ganzoo
    from ganzoo.runs.run_folder import load_model

    if model in ganzoo.recipes.names() and model not in ganzoo.list_models():
        recipe = ganzoo.recipes.get(model)
        is_classified = recipe.conditional or recipe.labels_per_class is not None
        num_classes = 10 if is_classified else None
        gan = ganzoo.GAN.from_recipe(recipe, tuple(image_shape), num_classes)
        kind = "fresh weights"
    else:
        gan, kind = load_model(model), "trained"
    shape = " x ".join(map(str, gan.example_shape))
    parameters = gan.inference_generator.count_params()
    return gan, f"{shape}, {parameters / 1e6:.2f} million parameters, {kind}"


def export_all(gan, folder):
    """Exports a GAN to all formats whose libraries are installed."""
    import importlib.util

    from ganzoo.export.saved_model import export_saved_model

    export_saved_model(gan, folder / "saved_model")
    if importlib.util.find_spec("tf2onnx"):
        from ganzoo.export.onnx import export_onnx

        export_onnx(gan, folder / FILES["ONNX Runtime"])
    if importlib.util.find_spec("ai_edge_litert"):
        from ganzoo.export.litert import export_litert

        for runtime, quantization in (
            ("LiteRT", None),
            ("LiteRT, float16", "float16"),
            ("LiteRT, dynamic range", "dynamic_range"),
        ):
            export_litert(gan, folder / FILES[runtime], quantization)


if __name__ == "__main__":
    main()
