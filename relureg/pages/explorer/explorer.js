// The complex: cells, lines and boundary to look at, and for each region what `relureg regions` tells of it.

const FINENESS = 0.62; // how much finer the lines of each stage are than those of the one before

class Explorer {
  constructor(told, page) {
    Object.assign(this, { told, page });
    unpack(told.columns, this);
    this.numOutputs = told.shape[told.shape.length - 1];
    this.widths = told.shape.slice(1, -1);
    this.numUnits = this.widths.reduce((sum, width) => sum + width, 0);
    const placed = this.place(this.corners);
    this.polygons = new Polygons(placed, this.starts);
    this.lines = this.place(this.edges);
    this.graph = new Graph(this.facetStarts, this.facetBehind);
    this.pieces = Array.from({ length: told.numRegions }, () => []);
    this.region.forEach((region, piece) => this.pieces[region].push(piece));
    this.colour = told.colour;
    this.stages = this.widths.map(() => true);
    this.boundary = told.hasBoundary;
    Object.assign(this, { selected: -1, hovered: -1, path: [], ends: [], filter: null, joins: false });
    this.plane = new Plane(
      page.box, { low: told.low, high: told.high, isometric: told.isometric, names: told.axes },
      { base: (context) => this.drawBase(context), over: (context) => this.drawOver(context) },
      { point: (at) => this.point(at), tap: (at, event) => this.tap(at, event) },
    );
    page.keys.addEventListener("keydown", (event) => this.key(event));
  }

  // Inputs, x and y in turn, in the picture's plane; on a slice distances there are those of the space around.
  place(values) {
    const [[a, b], [c, d]] = this.told.frame;
    const placed = new Float64Array(values.length);
    for (let k = 0; k < values.length; k += 2) {
      placed[k] = a * values[k] + b * values[k + 1];
      placed[k + 1] = c * values[k] + d * values[k + 1];
    }
    return placed;
  }

  // The mean of the corners of pieces of one region, which lies inside; null where none is in view.
  get centres() { return (this.middles ??= this.pieces.map((pieces) => this.centre(pieces))); }

  centre(pieces) {
    let [x, y, count] = [0, 0, 0];
    for (const piece of pieces) {
      for (let k = this.starts[piece]; k < this.starts[piece + 1]; k += 1) {
        x += this.polygons.corners[2 * k];
        y += this.polygons.corners[2 * k + 1];
        count += 1;
      }
    }
    return count ? [x / count, y / count] : null;
  }

  // Places along the path: the middle of each region, and between two the middle of what they share in view.
  route() {
    if (!this.path.length) return [];
    if (!this.gates) {
      this.gates = new Map();
      for (let edge = 0; edge < this.edgeStage.length; edge += 1) {
        const [one, two] = [this.edgePieces[2 * edge], this.edgePieces[2 * edge + 1]];
        if (one >= 0 && two >= 0) this.gates.set(this.pair(this.region[one], this.region[two]), edge);
      }
    }
    return this.path.flatMap((region, k) => {
      const edge = k ? this.gates.get(this.pair(this.path[k - 1], region)) : undefined;
      const ends = edge === undefined ? null : this.lines.subarray(4 * edge, 4 * edge + 4);
      const gate = ends ? [{ at: [(ends[0] + ends[2]) / 2, (ends[1] + ends[3]) / 2] }] : [];
      return [...gate, ...(this.centres[region] ? [{ at: this.centres[region], region }] : [])];
    });
  }

  pair(one, two) { return Math.min(one, two) * this.told.numRegions + Math.max(one, two); }

  // Inputs at a place in the picture's plane.
  inputs([x, y]) {
    const [[a, b], [c, d]] = this.told.frame;
    const det = a * d - b * c;
    return [(d * x - b * y) / det, (a * y - c * x) / det];
  }

  // -- what a region is --------------------------------------------------------------------------

  pattern(region) {
    const bytes = this.patterns.length / this.told.numRegions;
    let [unit, text] = [0, []];
    for (const width of this.widths) {
      let stage = "";
      for (const end = unit + width; unit < end; unit += 1) {
        stage += (this.patterns[region * bytes + (unit >> 3)] >> (unit & 7)) & 1;
      }
      text.push(stage);
    }
    return text.join("|");
  }

  activeUnits(region) { return this.pattern(region).replace(/[^1]/g, "").length; }

  // The affine map: for each output the weights and the bias.
  map(region) {
    return Array.from({ length: this.numOutputs }, (_, output) => {
      const row = region * this.numOutputs + output;
      return { weights: Array.from(this.weights.subarray(2 * row, 2 * row + 2)), bias: this.bias[row] };
    });
  }

  facets(region) {
    return Array.from({ length: this.facetStarts[region + 1] - this.facetStarts[region] }, (_, k) => {
      const facet = this.facetStarts[region] + k;
      const units = Array.from(this.units.subarray(this.unitStarts[facet], this.unitStarts[facet + 1]));
      return { units, region: this.facetBehind[facet] };
    });
  }

  // What `relureg regions --json` has of a region, under the same names.
  row(region) {
    const [facets, map] = [this.facets(region), this.map(region)];
    return {
      region, pattern: this.pattern(region), bounded: Boolean(this.bounded[region]),
      degree: this.graph.degrees[region], point: Array.from(this.points.subarray(2 * region, 2 * region + 2)),
      facets: facets.map((facet) => facet.units), neighbours: facets.map((facet) => facet.region),
      weights: map.map((output) => output.weights), bias: map.map((output) => output.bias),
    };
  }

  // -- colours -----------------------------------------------------------------------------------

  setTheme(theme) {
    this.theme = theme;
    this.plane.colours = theme;
    this.paintCells();
  }

  // The value that a piece's colour says, for all that are numbers.
  values() {
    const pieces = Array.from(this.region);
    const output = (region, piece) => {
      const [first, end] = [this.starts[piece], this.starts[piece + 1]];
      let [x, y] = [0, 0];
      for (let k = first; k < end; k += 1) {
        x += this.corners[2 * k] / (end - first);
        y += this.corners[2 * k + 1] / (end - first);
      }
      const [{ weights, bias }] = this.map(region);
      return weights[0] * x + weights[1] * y + bias;
    };
    const from = Math.max(this.selected, 0);
    const distances = this.colour === "distance" ? this.graph.distances(from) : null;
    const norm = (region) => Math.hypot(this.slopes[2 * region], this.slopes[2 * region + 1]);
    const of = {
      gradient: norm, output, depth: (region) => this.activeUnits(region),
      degree: (region) => this.graph.degrees[region], distance: (region) => distances[region],
    }[this.colour];
    return of ? pieces.map(of) : null;
  }

  // Give every piece its colour, and gather those of one colour.
  paintCells() {
    const { theme } = this;
    const values = this.values();
    let colours;
    this.legend = { kind: this.colour };
    if (this.colour === "map") {
      const slopes = Array.from({ length: this.told.numRegions }, (_, k) => [this.slopes[2 * k], this.slopes[2 * k + 1]]);
      const ofRegion = reliefs(theme, slopes);
      colours = Array.from(this.region, (region) => ofRegion[region]);
    } else if (this.colour === "class") {
      colours = Array.from(this.label, (label) => theme.classes[label % theme.classes.length]);
      this.legend.classes = [...new Set(this.label)].sort((one, two) => one - two);
    } else if (values) {
      const sorted = Float64Array.from(values).sort();
      let [low, high] = [sorted[0], sorted[sorted.length - 1]];
      // A few steep slivers would leave the same colour to all else.
      if (this.colour === "gradient") high = sorted[Math.floor(0.98 * (sorted.length - 1))];
      const crosses = this.colour === "output" && low < 0 && high > 0;
      if (crosses) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
      const stops = crosses ? theme.diverging : theme.ramp;
      const known = new Map();
      colours = values.map((value) => {
        const step = high > low ? Math.round((Math.min(Math.max((value - low) / (high - low), 0), 1)) * 63) : 0;
        if (!known.has(step)) known.set(step, along(stops, step / 63));
        return known.get(step);
      });
      Object.assign(this.legend, { low, high, stops });
    } else {
      const plain = css(theme.name === "light" ? [0.975, 0, -0.006] : [0.235, 0, -0.006]);
      colours = Array.from(this.region, () => plain);
    }
    this.colours = colours;
    this.groups = new Map();
    colours.forEach((colour, piece) => {
      if (!this.groups.has(colour)) this.groups.set(colour, []);
      this.groups.get(colour).push(piece);
    });
    this.plane.redraw("base", "over");
    this.page.told(this);
  }

  // -- drawing -----------------------------------------------------------------------------------

  trace(context, pieces) {
    const { plane, polygons, starts } = this;
    const { corners } = polygons;
    const shown = plane.shown;
    context.beginPath();
    for (const piece of pieces) {
      if (!polygons.meets(piece, ...shown)) continue;
      const end = starts[piece + 1];
      for (let k = starts[piece]; k < end; k += 1) {
        const [x, y] = [plane.x(corners[2 * k]), plane.y(corners[2 * k + 1])];
        if (k === starts[piece]) context.moveTo(x, y);
        else context.lineTo(x, y);
      }
      context.closePath();
    }
  }

  strokeEdges(context, chosen) {
    const { plane, lines } = this;
    const [x0, y0, x1, y1] = plane.shown;
    context.beginPath();
    for (const edge of chosen) {
      const [ax, ay, bx, by] = [lines[4 * edge], lines[4 * edge + 1], lines[4 * edge + 2], lines[4 * edge + 3]];
      if ((ax < x0 && bx < x0) || (ax > x1 && bx > x1) || (ay < y0 && by < y0) || (ay > y1 && by > y1)) continue;
      context.moveTo(plane.x(ax), plane.y(ay));
      context.lineTo(plane.x(bx), plane.y(by));
    }
    context.stroke();
  }

  drawBase(context) {
    const { theme } = this;
    if (!theme) return;
    for (const [colour, pieces] of this.groups) {
      this.trace(context, pieces);
      context.fillStyle = colour;
      context.strokeStyle = colour;
      context.lineWidth = 0.7; // a hair of its own colour closes the gaps between neighbours
      context.fill();
      context.stroke();
    }
    if (this.filter) {
      this.trace(context, Array.from(this.region.keys()).filter((piece) => !this.passes(this.region[piece])));
      context.fillStyle = theme.ground;
      context.globalAlpha = 0.8;
      context.fill();
      context.globalAlpha = 1;
    }
    this.byStage ??= [...this.widths, 0].map((_, stage) =>
      Array.from(this.edgeStage.keys()).filter((edge) => this.edgeStage[edge] === (stage < this.widths.length ? stage : -1)));
    const [across] = this.plane.scale;
    const cell = Math.sqrt((this.plane.width * this.plane.height) / this.polygons.count) * (across / this.plane.smallest[0]);
    const widest = Math.min(Math.max(cell / 12, 0.35), 2);
    context.lineCap = "round";
    this.byStage.forEach((edges, stage) => {
      const isRim = stage === this.widths.length;
      if (!isRim && !this.stages[stage]) return;
      context.strokeStyle = isRim ? theme.quiet : this.colour === "none" ? theme.line_on_ground : theme.line;
      context.lineWidth = isRim ? 1 : Math.max(widest * FINENESS ** stage, 0.25);
      context.globalAlpha = isRim ? 1 : Math.max(0.92 - 0.14 * stage, 0.45);
      this.strokeEdges(context, edges);
      context.globalAlpha = 1;
    });
    if (this.boundary && this.told.hasBoundary) {
      this.border ??= Array.from(this.edgeIsBoundary.keys()).filter((edge) => this.edgeIsBoundary[edge]);
      for (const [colour, width] of [[theme.accent_edge, 4], [theme.accent, 2.2]]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        this.strokeEdges(context, this.border);
      }
    }
  }

  // The edges around a region, which may be several pieces.
  outline(context, region, width, colour) {
    this.rims ??= this.edgesAround();
    for (const [shade, thickness] of [[this.theme.ground, width + 2], [colour, width]]) {
      context.strokeStyle = shade;
      context.lineWidth = thickness;
      this.strokeEdges(context, this.rims[region]);
    }
  }

  edgesAround() {
    const found = this.pieces.map(() => []);
    for (let edge = 0; edge < this.edgeStage.length; edge += 1) {
      const [one, two] = [0, 1].map((side) => this.edgePieces[2 * edge + side]).map((piece) => (piece < 0 ? -1 : this.region[piece]));
      if (one === two) continue;
      if (one >= 0) found[one].push(edge);
      if (two >= 0) found[two].push(edge);
    }
    return found;
  }

  drawOver(context) {
    const { theme, plane } = this;
    if (!theme) return;
    const lit = this.hovered >= 0 ? this.hovered : this.selected;
    context.lineCap = "round";
    if (lit >= 0) {
      this.trace(context, this.graph.neighbours(lit).flatMap((region) => this.pieces[region]));
      context.fillStyle = theme.accent;
      context.globalAlpha = 0.28;
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = theme.accent;
      context.lineWidth = 1;
      context.stroke();
    }
    for (const region of this.ends) this.outline(context, region, 2, theme.accent);
    if (this.selected >= 0) this.outline(context, this.selected, 3, theme.accent);
    if (this.hovered >= 0) this.outline(context, this.hovered, 1.5, theme.ink);
    const stops = this.route();
    if (stops.length > 1) {
      for (const [colour, width] of [[theme.ground, 6], [theme.ink, 3]]) { // not the colour of the boundary
        context.beginPath();
        stops.forEach(({ at: [x, y] }) => context.lineTo(plane.x(x), plane.y(y)));
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.stroke();
      }
      for (const { at: [x, y], region } of stops) {
        if (region === undefined) continue;
        context.beginPath();
        context.arc(plane.x(x), plane.y(y), 3.5, 0, 2 * Math.PI);
        context.fillStyle = theme.ground;
        context.fill();
        context.lineWidth = 1.5;
        context.stroke();
      }
    }
  }

  // -- what people do ----------------------------------------------------------------------------

  regionAt(at) {
    if (!at) return -1;
    const piece = this.polygons.at(...at);
    return piece < 0 ? -1 : this.region[piece];
  }

  point(at) {
    const region = this.regionAt(at);
    if (region !== this.hovered) {
      this.hovered = region;
      this.plane.redraw("over");
    }
    this.page.pointed(this, region, at);
  }

  tap(at, event) {
    const region = this.regionAt(at);
    if (region >= 0) this.select(region, { joins: this.joins || event.shiftKey });
    else this.clear();
  }

  // Choose a region; where `joins`, it and the one chosen before are the ends of a path.
  select(region, { joins = false, reveals = false } = {}) {
    if (joins) {
      if (this.ends.length === 2) this.ends = [];
      if (!this.ends.length && this.selected >= 0 && this.selected !== region && !this.path.length) this.ends = [this.selected];
      this.ends = [...this.ends, region].slice(-2);
      this.path = this.ends.length === 2 ? this.graph.path(...this.ends) : [];
    } else {
      this.ends = [];
      this.path = [];
    }
    this.selected = region;
    this.distances = this.graph.distances(region);
    if (this.filter && this.filter.kind === "distance") this.filter = null;
    if (reveals && this.centres[region]) this.plane.reveal(this.centres[region]);
    if (this.colour === "distance" || this.filter !== this.drawnFilter) this.paintCells();
    this.drawnFilter = this.filter;
    this.plane.redraw("over");
    this.page.told(this);
  }

  clear() {
    Object.assign(this, { selected: -1, path: [], ends: [], filter: null, distances: null });
    this.paintCells();
  }

  // Light only the regions with a degree, or a distance from the selected one.
  light(kind, value) {
    this.filter = value === null ? null : { kind, value };
    this.drawnFilter = this.filter;
    this.plane.redraw("base");
    this.page.told(this);
  }

  passes(region) {
    const { kind, value } = this.filter;
    return (kind === "degree" ? this.graph.degrees[region] : this.distances[region]) === value;
  }

  // The neighbour that lies most nearly in a direction, [1, 0] to the right; -1 where none does.
  towards(direction) {
    const here = this.centres[this.selected];
    let [best, found] = [0.2, -1];
    for (const region of here ? this.graph.neighbours(this.selected) : []) {
      const there = this.centres[region];
      if (!there) continue;
      const step = there.map((value, axis) => (value - here[axis]) * this.plane.scale[axis]);
      const cosine = (step[0] * direction[0] + step[1] * direction[1]) / (Math.hypot(...step) || 1);
      if (cosine > best) [best, found] = [cosine, region];
    }
    return found;
  }

  key(event) {
    const directions = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const direction = directions[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (direction && this.selected < 0) {
      const middle = this.regionAt(this.plane.toPlane(this.plane.width / 2, this.plane.height / 2));
      this.select(Math.max(middle, this.region[0]));
    } else if (direction) {
      const region = this.towards(direction);
      if (region >= 0) this.select(region, { joins: event.shiftKey, reveals: true });
    } else if (event.key === "+" || event.key === "=") this.plane.zoom(1.5);
    else if (event.key === "-") this.plane.zoom(1 / 1.5);
    else if (event.key === "0") this.plane.fit();
    else if (event.key === "Escape") this.clear();
    else return;
    event.preventDefault();
  }
}
