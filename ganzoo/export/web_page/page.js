// The page: what its controls say, and the picture.

import { addControls } from "./controls.js";
import { loadGenerator } from "./generator.js";

const SEEDS = 2n ** 64n;
const element = (id) => document.getElementById(id);
const status = (text, isError = false) => {
  element("status").textContent = text;
  element("status").className = isError ? "error" : "";
};

function build(model) {
  const [height, width, channels] = model.example_shape;
  document.title = model.name;
  element("name").textContent = model.name;
  const facts = [`${width} x ${height} pixels`, channels < 3 ? "gray" : "color"];
  facts.push(`${model.latent_dim} ${model.latent} latents`);
  if (model.num_classes !== null) facts.push(`${model.num_classes} classes`);
  if (model.conditions) facts.push(`${model.condition_dim} conditions`);
  element("facts").textContent = facts.join(" · ");
  if (model.num_classes !== null) {
    element("class-row").hidden = false;
    for (let number = 0; number < model.num_classes; number++) {
      element("class").add(new Option(model.class_names?.[number] ?? number, number));
    }
  }
  return addControls(model);
}

function readSeed() {
  const text = element("seed").value.trim();
  if (!/^\d+$/.test(text) || BigInt(text) >= SEEDS) {
    throw new Error("A seed is an integer from 0 to 18446744073709551615.");
  }
  return BigInt(text);
}

// Returns the arguments of `Generator.images`.
function readControls(controls) {
  const count = Number(document.querySelector("input[name=count]:checked").value);
  const seed = readSeed();
  const seeds = Array.from({ length: count }, (_, i) => (seed + BigInt(i)) % SEEDS);
  const label = element("class").value;
  return [
    seeds,
    label === "" ? null : Number(label),
    controls.amounts(),
    controls.truncation(),
    controls.conditions(),
  ];
}

function show(pictures) {
  const columns = Math.ceil(Math.sqrt(pictures.length));
  const { width, height } = pictures[0];
  const gap = pictures.length > 1 ? 1 : 0;
  const canvas = element("picture");
  canvas.width = columns * (width + gap) - gap;
  canvas.height = Math.ceil(pictures.length / columns) * (height + gap) - gap;
  const context = canvas.getContext("2d");
  pictures.forEach((pixels, i) => {
    context.putImageData(
      pixels, (i % columns) * (width + gap), Math.floor(i / columns) * (height + gap),
    );
  });
}

function connect(generator, controls) {
  let drawing = false;
  let again = false;
  async function draw() {
    again = true; // While a picture is drawn, only the last state of the controls is kept.
    if (drawing) return;
    drawing = true;
    try {
      while (again) {
        again = false;
        show(await generator.images(...readControls(controls)));
        status("");
      }
    } catch (error) {
      status(error.message, true);
    }
    drawing = false;
  }
  const seedTo = (seed) => {
    element("seed").value = seed % SEEDS;
    draw();
  };
  document.querySelector("main").addEventListener("input", draw);
  element("random").onclick = () => seedTo(BigInt(crypto.getRandomValues(new Uint32Array(1))[0]));
  element("next").onclick = () => {
    try {
      seedTo(readSeed() + BigInt(readControls(controls)[0].length));
    } catch (error) {
      status(error.message, true);
    }
  };
  element("start-over").onclick = () => {
    document.querySelector("form").reset();
    controls.show();
    draw();
  };
  element("png").onclick = () => {
    const link = document.createElement("a");
    link.download = `seed_${element("seed").value}.png`;
    link.href = element("picture").toDataURL("image/png");
    link.click();
  };
  return draw();
}

async function start() {
  if (location.protocol === "file:") {
    throw new Error(
      "A browser reads this folder only from a server, for example: python -m http.server",
    );
  }
  const generator = await loadGenerator();
  await connect(generator, build(generator.model));
  return generator;
}

start().then(
  (generator) => (window.generator = generator),
  (error) => status(error.message, true),
);
