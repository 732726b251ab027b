// The generator in ONNX Runtime Web: from seeds, classes and directions to pixels.

import { latentsOf } from "./random.js";
import { truncated } from "./truncation.js";

async function fetched(path, integrity) {
  const answer = await fetch(path, integrity ? { integrity } : {});
  if (!answer.ok) throw new Error(`${path} cannot be read: ${answer.status}`);
  return answer;
}

// Scripts of another host are read with their hash, and run from memory.
async function moduleAddress({ path, integrity }) {
  const text = await (await fetched(path, integrity)).text();
  return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
}

async function loadRuntime({ script, module, binary }) {
  const runtime = await import(await moduleAddress(script));
  runtime.env.wasm.numThreads = 1; // More threads need headers that a plain server does not send.
  runtime.env.wasm.wasmPaths = { mjs: await moduleAddress(module) };
  runtime.env.wasm.wasmBinary = await (await fetched(binary.path, binary.integrity)).arrayBuffer();
  return runtime;
}

/** Loads the model of this folder. */
export async function loadGenerator() {
  const model = await (await fetched("model.json")).json();
  const runtime = await loadRuntime(model.runtime);
  const content = new Uint8Array(await (await fetched("generator.onnx")).arrayBuffer());
  const session = await runtime.InferenceSession.create(content);
  return new Generator(model, runtime, session);
}

class Generator {
  constructor(model, runtime, session) {
    Object.assign(this, { model, runtime, session });
  }

  /** Returns the class that `gan.sample` gives to a seed. */
  classOf(seed) {
    return Number(seed % BigInt(this.model.num_classes));
  }

  /**
   * Returns the images of seeds, one ImageData each.
   *
   * seeds: BigInts in [0, 2**64). label: a class, or null: then each seed has its own.
   * amounts: a number for each direction. truncation: a number, or null for none.
   * conditions: the vector of conditions of all images, if the model takes it.
   */
  async images(seeds, label, amounts, truncation = null, conditions = null) {
    const { model, runtime, session } = this;
    const count = seeds.length;
    const tensor = (values, ...shape) =>
      new runtime.Tensor("float32", Float32Array.from(values), [count, ...shape]);
    let latents = new Float32Array(count * model.latent_dim);
    seeds.forEach((seed, row) => {
      latents.set(latentsOf(seed, model.latent_dim, model.latent), row * model.latent_dim);
    });
    const inputs = {};
    const move = this.offset(amounts);
    const ofStyles = model.directions?.space === "styles";
    if (model.styles_shape) {
      inputs.truncation = tensor(Array(count).fill(truncation ?? 1), 1);
      inputs.style_offsets = tensor(
        this.styleOffsets(ofStyles ? move : null, count), ...model.styles_shape,
      );
    } else if (truncation !== null) {
      latents = latents.map((value) => truncated(value, truncation, model.latent));
    }
    if (move && !ofStyles) latents = latents.map((z, i) => z + move[i % model.latent_dim]);
    inputs.latents = tensor(latents, model.latent_dim);
    if (model.condition_dim !== null) {
      inputs.conditions = tensor(seeds.flatMap(() => conditions), model.condition_dim);
    }
    if (model.num_classes !== null) {
      const labels = seeds.map((seed) => BigInt(label ?? this.classOf(seed)));
      inputs.label = new runtime.Tensor("int64", BigInt64Array.from(labels), [count]);
    }
    const { images } = await session.run(inputs);
    return this.pictures(images.data, count);
  }

  // What the directions add to latents or to styles, or null without directions.
  offset(amounts) {
    const { directions } = this.model;
    if (!directions) return null;
    const { vectors, units } = directions;
    return Float32Array.from(vectors[0], (_, column) =>
      vectors.reduce((sum, vector, i) => sum + amounts[i] * units[i] * vector[column], 0),
    );
  }

  // What is added to the styles of each image.
  styleOffsets(move, count) {
    const [rows, dimensions] = this.model.styles_shape;
    const offsets = new Float32Array(count * rows * dimensions);
    if (!move) return offsets;
    const chosen = this.model.directions.rows ?? [...Array(rows).keys()];
    for (let image = 0; image < count; image++) {
      for (const row of chosen) offsets.set(move, (image * rows + row) * dimensions);
    }
    return offsets;
  }

  pictures(values, count) {
    const [height, width, channels] = this.model.example_shape;
    const size = height * width;
    return Array.from({ length: count }, (_, image) => {
      const pixels = new ImageData(width, height);
      for (let i = 0; i < size; i++) {
        const level = (c) => (values[(image * size + i) * channels + c] + 1) * 127.5;
        for (let c = 0; c < 3; c++) {
          pixels.data[4 * i + c] = Math.round(level(channels < 3 ? 0 : c));
        }
        pixels.data[4 * i + 3] = channels === 4 ? Math.round(level(3)) : 255;
      }
      return pixels;
    });
  }
}
