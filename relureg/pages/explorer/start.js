// What the page is told, its controls, and what they do.

const byId = (id) => document.getElementById(id);

function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// Put a column under its name, as a typed array that is decoded when it is first asked for. The bytes are little-endian, as
// those of every browser's machine today.
function unpack(columns, into) {
  const types = { f8: Float64Array, i4: Int32Array, u1: Uint8Array };
  for (const [name, { type, data }] of Object.entries(columns)) {
    let column = null;
    Object.defineProperty(into, name, { get: () => (column ??= new types[type](bytesOf(data).buffer)) });
  }
}

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k += 1) bytes[k] = text.charCodeAt(k); // Uint8Array.from takes fifty times as long
  return bytes;
}

const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
const signed = (text) => String(text).replace(/-/g, "\u2212");

// An affine function as people write it, its numbers in full.
function written({ weights, bias }) {
  const terms = weights.map((weight, axis) => [weight, `x${axis}`]).filter(([weight]) => weight !== 0);
  if (bias !== 0 || !terms.length) terms.push([bias, ""]);
  return terms.map(([value, name], k) => {
    const size = name && Math.abs(value) === 1 ? "" : String(Math.abs(value));
    const sign = k ? (value < 0 ? "\u2212 " : "+ ") : value < 0 ? "\u2212" : "";
    return sign + [size, name].filter(Boolean).join(" ");
  }).join(" ");
}

function legendOf(explorer) {
  const { kind, low, high, stops, classes } = explorer.legend;
  const box = byId("legend");
  box.replaceChildren();
  if (stops) {
    const ramp = element("div", "", { class: "ramp" });
    ramp.style.background = `linear-gradient(to right, ${Array.from({ length: 12 }, (_, k) => along(stops, k / 11)).join(", ")})`;
    box.append(ramp, element("span", signed(Number(low.toPrecision(4)))), element("span", signed(Number(high.toPrecision(4)))));
  } else if (classes) {
    for (const label of classes) {
      const chip = element("i", "", { class: "chip" });
      chip.style.background = explorer.theme.classes[label % explorer.theme.classes.length];
      const name = explorer.numOutputs > 1 ? `output ${label}` : label ? "output > 0" : "output \u2264 0";
      const line = element("span");
      line.append(chip, name);
      box.append(line);
    }
  } else if (kind === "map") {
    const wheel = element("canvas", "", { width: 88, height: 88, role: "img", "aria-label": "Hue is the direction of the gradient; outwards it is steeper." });
    const context = wheel.getContext("2d");
    for (let ring = 5; ring > 0; ring -= 1) {
      for (let k = 0; k < 40; k += 1) {
        const turn = (2 * Math.PI) / 40;
        context.beginPath();
        context.moveTo(44, 44);
        context.arc(44, 44, 8.6 * ring, -k * turn, -(k + 1) * turn - 0.01, true);
        context.fillStyle = relief(explorer.theme, k * turn, ring / 5);
        context.fill();
      }
    }
    box.append(wheel, element("span", "direction of the gradient; outwards steeper"));
  }
}

function regionTable(explorer) {
  const region = explorer.selected;
  const body = byId("facts");
  body.replaceChildren();
  byId("nothing").hidden = region >= 0;
  byId("region").hidden = region < 0;
  if (region < 0) return;
  byId("number").value = region;
  const row = explorer.row(region);
  const add = (key, name, content) => {
    const cell = element("td", "", { "data-key": key });
    cell.append(content);
    const line = element("tr");
    line.append(element("th", name, { scope: "row" }), cell);
    body.append(line);
  };
  const pattern = element("code");
  row.pattern.split("|").forEach((stage, k) => pattern.append(k ? "|" : "", k ? element("wbr") : "", stage));
  add("region", "number", String(region));
  add("pattern", "pattern", pattern);
  add("bounded", "bounded", row.bounded ? "yes" : "no");
  add("degree", "degree", String(row.degree));
  add("point", "point inside", `(${row.point.map(signed).join(", ")})`);
  explorer.map(region).forEach((output, k) => {
    add(`output${k}`, explorer.numOutputs > 1 ? `output ${k}` : "output", written(output));
  });
  const facets = element("ul");
  explorer.facets(region).forEach(({ units, region: behind }) => {
    const line = element("li", `${units.length === 1 ? "unit" : units.length ? "units" : ""} ${units.join(", ")} `);
    if (behind < 0) line.append(units.length ? "on the domain's boundary" : "the domain's boundary");
    else {
      const button = element("button", `region ${behind}`, { type: "button", class: "link" });
      button.addEventListener("click", () => explorer.select(behind, { reveals: true }));
      line.append("to ", button);
    }
    facets.append(line);
  });
  add("facets", "facets", facets);
}

function sayRegion(explorer) {
  const { selected: region, path, ends } = explorer;
  if (region < 0) return "";
  const bounded = explorer.bounded[region] ? "bounded" : "unbounded";
  const here = `Region ${region}, pattern ${explorer.pattern(region)}, ${bounded}, ${explorer.graph.degrees[region]} neighbours.`;
  if (ends.length === 2) {
    return path.length ? `${here} ${path.length - 1} facets from region ${ends[0]}.` : `${here} No path from region ${ends[0]}.`;
  }
  return here;
}

// The page of the explorer: what it is told of, and shows.
function explorerPage() {
  const bars = { timer: 0 };
  return {
    box: byId("plane"),
    keys: byId("surface"),
    pointed(explorer, region, at) {
      const tip = byId("tip");
      tip.hidden = region < 0 || !at;
      if (tip.hidden) return;
      const [x, y] = [explorer.plane.x(at[0]), explorer.plane.y(at[1])];
      const inputs = explorer.inputs(at);
      const values = explorer.map(region).slice(0, 3).map(({ weights, bias }) => weights[0] * inputs[0] + weights[1] * inputs[1] + bias);
      const short = (numbers) => numbers.map((value) => signed(Number(value.toPrecision(5)))).join(", ");
      const pattern = explorer.pattern(region);
      tip.textContent = `region ${region}   degree ${explorer.graph.degrees[region]}   ${explorer.bounded[region] ? "bounded" : "unbounded"}\n`
        + `${pattern.length > 96 ? `${pattern.slice(0, 93)}...` : pattern}\n(${short(inputs)}) \u2192 ${short(values)}${explorer.numOutputs > 3 ? ", ..." : ""}`;
      const { offsetWidth: width, offsetHeight: height } = tip;
      tip.style.left = `${Math.max(Math.min(x + 14, explorer.plane.width - width - 4), 4)}px`;
      tip.style.top = `${y + 18 + height > explorer.plane.height ? y - height - 10 : y + 18}px`;
    },
    told(explorer) {
      legendOf(explorer);
      regionTable(explorer);
      byId("said").textContent = sayRegion(explorer);
      const { path, ends } = explorer;
      byId("path").textContent = ends.length < 2
        ? (ends.length ? `from region ${ends[0]}: tap another` : "")
        : path.length ? `${path.length - 1} facets: ${path.join(" \u2192 ")}` : "no path";
      const pressed = (kind) => (explorer.filter && explorer.filter.kind === kind ? explorer.filter.value : null);
      bars.degrees ??= counted(explorer.graph.degrees);
      showBars(byId("degrees"), bars.degrees, pressed("degree"), (value) => explorer.light("degree", value));
      byId("distances").hidden = !explorer.distances;
      byId("distances-of").textContent = explorer.distances
        ? `Facets from region ${explorer.selected}` : "Distance: tap a region";
      if (explorer.distances) {
        showBars(byId("distances"), counted(explorer.distances), pressed("distance"), (value) => explorer.light("distance", value));
      }
    },
  };
}

function addControls(explorer) {
  const colour = byId("colour");
  if (!explorer.told.hasBoundary) colour.querySelector("[value=class]").remove();
  colour.value = explorer.colour;
  colour.addEventListener("change", () => {
    explorer.colour = colour.value;
    explorer.paintCells();
  });
  const toggle = (name, isOn, set) => {
    const label = element("label");
    const box = element("input", "", { type: "checkbox" });
    box.checked = isOn;
    box.addEventListener("change", () => {
      set(box.checked);
      explorer.plane.redraw("base");
    });
    label.append(box, ` ${name}`);
    byId("lines").append(label);
  };
  explorer.widths.forEach((width, stage) => {
    toggle(`stage ${stage + 1} (${width} units)`, true, (isOn) => { explorer.stages[stage] = isOn; });
  });
  if (explorer.told.hasBoundary) toggle("decision boundary", true, (isOn) => { explorer.boundary = isOn; });
  byId("joins").addEventListener("change", (event) => { explorer.joins = event.target.checked; });
  byId("number").max = explorer.told.numRegions - 1;
  byId("goto").addEventListener("submit", (event) => {
    event.preventDefault();
    const region = Number(byId("number").value);
    if (Number.isInteger(region) && region >= 0 && region < explorer.told.numRegions) explorer.select(region, { reveals: true });
  });
  byId("larger").addEventListener("click", () => explorer.plane.zoom(1.5));
  byId("smaller").addEventListener("click", () => explorer.plane.zoom(1 / 1.5));
  byId("whole").addEventListener("click", () => explorer.plane.fit());
}

// The second tab, made when it is first looked at.
function teacherOf(told) {
  const isOwn = told.layers !== null;
  const layers = isOwn ? told.layers : told.example.layers;
  const [[a, b], [c, d]] = told.frame;
  const det = a * d - b * c;
  const flat = [[1, 0], [0, 1]];
  const view = isOwn
    ? { low: told.low, high: told.high, frame: told.frame, inverse: [[d / det, -b / det], [-c / det, a / det]], isometric: told.isometric, names: told.axes }
    : { low: [-3, -3], high: [3, 3], frame: flat, inverse: flat, isometric: false, names: ["x0", "x1"] };
  const name = isOwn ? told.name : `${told.example.name}, for ${told.name} is too large to be turned by hand`;
  byId("turned").textContent = name;
  const teacher = new Teacher(layers, view, {
    box: byId("turn-plane"),
    told(now) {
      byId("turn-count").textContent = grouped(now.cells.length);
      const exact = isOwn && now.isAsRead && !told.domain ? ` relureg, exactly: ${grouped(told.numSeen)}.` : "";
      byId("turn-exact").textContent = `${now.isAsRead ? "As read." : "Turned by hand."}${exact} Found in ${now.milliseconds.toFixed(0)} ms.`;
    },
    pointed(pattern) { byId("turn-pattern").textContent = pattern; },
  });
  const sliders = byId("sliders");
  const show = () => {
    sliders.replaceChildren();
    const layer = teacher.layers[teacher.stage];
    const values = [[-1, layer.bias[teacher.unit]], ...layer.weights[teacher.unit].map((weight, input) => [input, weight])];
    for (const [input, value] of values) {
      const reach = Math.max(3, Math.ceil(2 * Math.abs(value)));
      const from = teacher.stage ? `unit ${input} of stage ${teacher.stage}` : `x${input}`;
      const label = element("label", input < 0 ? "bias " : `weight of ${from} `);
      const shown = element("output", signed(value.toPrecision(4)));
      const slider = element("input", "", { type: "range", min: -reach, max: reach, step: "any" });
      slider.value = value;
      slider.addEventListener("input", () => {
        shown.textContent = signed(Number(slider.value).toPrecision(4));
        teacher.set(teacher.stage, teacher.unit, input, Number(slider.value));
      });
      slider.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02 }[event.key];
        if (!step) return; // where any step is allowed, browsers take one too small to be seen
        event.preventDefault();
        slider.value = Number(slider.value) + step * reach;
        slider.dispatchEvent(new Event("input"));
      });
      label.append(shown, slider);
      sliders.append(label);
    }
  };
  const units = byId("turn-unit");
  layers.forEach(({ bias }, stage) => bias.forEach((_, unit) => {
    const isOutput = stage === layers.length - 1;
    units.append(element("option", isOutput ? `output ${unit}` : `stage ${stage + 1}, unit ${unit}`, { value: `${stage} ${unit}` }));
  }));
  units.addEventListener("change", () => {
    [teacher.stage, teacher.unit] = units.value.split(" ").map(Number);
    teacher.plane.redraw("base");
    show();
  });
  byId("turn-reset").addEventListener("click", () => { teacher.reset(); show(); });
  byId("turn-random").addEventListener("click", () => { teacher.shuffle(); show(); });
  show();
  return teacher;
}

function start() {
  const told = JSON.parse(byId("content").textContent);
  document.title = `${told.name} - relureg`;
  byId("title").textContent = told.name;
  const seen = told.numSeen === told.numRegions ? "" : `, ${grouped(told.numSeen)} in view`;
  const place = [told.slice, told.domain].filter(Boolean).join(", ");
  byId("subtitle").textContent = `${told.shape.join(" \u2013 ")}   \u00b7   ${grouped(told.numRegions)} regions${seen}   \u00b7   ${grouped(told.numFacets)} facets${place ? `   \u00b7   ${place}` : ""}`;
  const explorer = new Explorer(told, explorerPage());
  let teacher = null;
  addControls(explorer);

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = told.theme;
  const apply = () => {
    const name = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
    const theme = told.themes[name];
    document.documentElement.dataset.theme = name;
    for (const key of ["ground", "ink", "quiet", "accent"]) document.documentElement.style.setProperty(`--${key}`, theme[key]);
    byId("theme").textContent = name === "dark" ? "Light" : "Dark";
    explorer.setTheme(theme);
    if (teacher) teacher.setTheme(theme);
  };
  dark.addEventListener("change", apply);
  byId("theme").addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    apply();
  });
  const tabs = ["explore", "turn"];
  const open = (name) => {
    for (const tab of tabs) {
      byId(`${tab}-tab`).setAttribute("aria-selected", String(tab === name));
      byId(`${tab}-tab`).tabIndex = tab === name ? 0 : -1;
      byId(`${tab}-panel`).hidden = tab !== name;
    }
    if (name === "turn" && !teacher) {
      teacher = teacherOf(told);
      window.relureg.teacher = teacher;
    }
    apply();
  };
  tabs.forEach((tab, k) => {
    byId(`${tab}-tab`).addEventListener("click", () => open(tab));
    byId(`${tab}-tab`).addEventListener("keydown", (event) => {
      if (!event.key.startsWith("Arrow")) return;
      open(tabs[1 - k]);
      byId(`${tabs[1 - k]}-tab`).focus();
    });
  });
  window.relureg = { explorer, teacher }; // for those who open the console
  open("explore");
  const follow = () => { // page.html#520 is region 520
    const region = /^#\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : -1;
    if (region >= 0 && region < told.numRegions) explorer.select(region, { reveals: true });
  };
  window.addEventListener("hashchange", follow);
  follow();
}

start();
