// The controls that a model has: sliders for truncation and directions, and its conditions.

const element = (id) => document.getElementById(id);

// Returns a new control: its row, its input, and what shows its value.
function control(template, id, text, value, settings = {}) {
  const row = element(template).content.firstElementChild.cloneNode(true);
  const [label, input, output] = ["label", "input", "output"].map((tag) => row.querySelector(tag));
  label.textContent = text;
  label.htmlFor = input.id = id;
  Object.assign(input, settings);
  // The attributes are what the form is reset to.
  if (template === "switch") input.defaultChecked = value === 1;
  else input.setAttribute("value", value);
  return { row, input, output };
}

function slider(id, text, value, settings, shown) {
  const made = control("slider", id, text, value, settings);
  made.show = () => (made.output.textContent = shown(Number(made.input.value)));
  made.input.addEventListener("input", made.show);
  made.show();
  return made;
}

function directions({ directions: found }) {
  return (found?.names ?? []).map((name, number) => {
    element("directions").hidden = false;
    const text = /^\d+$/.test(name) ? `Direction ${name}` : name;
    const range = { min: -4, max: 4, step: 0.1 };
    const made = slider(`direction-${number}`, text, 0, range, (value) => value.toFixed(1));
    element("directions").append(made.row);
    return made;
  });
}

function truncation({ most_truncation: most }) {
  const range = { min: 0.05, max: most, step: 0.05 };
  const shown = (value) => (value >= most ? "none" : value.toFixed(2));
  const made = slider("truncation", "Truncation", most, range, shown);
  element("truncation-row").append(made.row);
  return made;
}

function condition({ names, kinds, ranges, examples }, number) {
  const id = `condition-${number}`;
  const first = examples[0][number];
  if (kinds[number] !== "slider") return control(kinds[number], id, names[number], first);
  const [min, max] = ranges[number];
  const range = { min, max, step: "any" };
  return slider(id, names[number], first, range, (value) => value.toPrecision(3));
}

// Returns the controls of all conditions, which follow the choice of an example.
function conditions({ conditions: found }) {
  if (!found) return [];
  element("conditions").hidden = false;
  const made = found.names.map((_, number) => condition(found, number));
  element("conditions").append(...made.map(({ row }) => row));
  element("example-row").hidden = found.examples.length === 1;
  found.examples.forEach((_, i) => element("example").add(new Option(`Example ${i}`, i)));
  element("example").addEventListener("input", () => {
    const example = found.examples[element("example").value];
    made.forEach(({ input, show }, number) => {
      if (input.type === "checkbox") input.checked = example[number] === 1;
      else input.value = example[number];
      show?.();
    });
  });
  return made;
}

function valueOf({ input }, name) {
  if (input.type === "checkbox") return Number(input.checked);
  // The network takes 32-bit numbers: larger ones would be infinite.
  if (!Number.isFinite(Math.fround(input.valueAsNumber))) {
    throw new Error(`${name} must be a number of 32 bits.`);
  }
  return input.valueAsNumber;
}

/** Adds the controls of a model to the page; returns functions that give their values. */
export function addControls(model) {
  const cut = truncation(model);
  const moved = directions(model);
  const conditioned = conditions(model);
  return {
    amounts: () => moved.map(({ input }) => Number(input.value)),
    truncation: () => {
      const value = Number(cut.input.value);
      return value >= model.most_truncation ? null : value;
    },
    conditions: () => {
      if (!model.conditions) return null;
      const { names, examples } = model.conditions;
      if (!names.length) return examples[element("example").value];
      return conditioned.map((one, number) => valueOf(one, names[number]));
    },
    show: () => [cut, ...moved, ...conditioned].forEach(({ show }) => show?.()),
  };
}
