// A small network whose weights are turned by hand: its cells, found again in the page at every step, in doubles.

class Teacher {
  // layers: for each stage and then the output its weights and biases.
  constructor(layers, view, page) {
    Object.assign(this, { view, page, read: layers, layers: structuredClone(layers), stage: 0, unit: 0 });
    this.plane = new Plane(
      page.box, view, { base: (context) => this.draw(context), over: () => {} },
      { point: (at) => this.point(at), tap: () => {} },
    );
    this.find();
  }

  setTheme(theme) {
    this.theme = theme;
    this.plane.colours = theme;
    this.plane.redraw("base");
  }

  // Split the view's rectangle unit by unit, stage after stage: on each cell every pre-activation is affine.
  find() {
    const started = performance.now();
    const { low, high, inverse } = this.view;
    const [[a, b], [c, d]] = inverse;
    const rim = [[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]];
    let cells = [{ polygon: rim.map(([x, y]) => [a * x + b * y, c * x + d * y]), maps: [[1, 0, 0], [0, 1, 0]], signs: [] }];
    this.layers.forEach(({ weights, bias }, stage) => {
      const isOutput = stage === this.layers.length - 1;
      cells = cells.flatMap((cell) => {
        const maps = weights.map((row, unit) => row.reduce(
          (sum, weight, k) => sum.map((value, axis) => value + weight * cell.maps[k][axis]), [0, 0, bias[unit]],
        ));
        if (isOutput) return [{ ...cell, output: maps }];
        let parts = [{ polygon: cell.polygon, active: [] }];
        maps.forEach((map) => {
          const size = Math.max(...cell.polygon.map(([x, y]) => Math.abs(map[0] * x) + Math.abs(map[1] * y)), Math.abs(map[2]), 1e-300);
          parts = parts.flatMap((part) => cut(part.polygon, map, 1e-11 * size).flatMap(
            (polygon, isAbove) => (polygon ? [{ polygon, active: [...part.active, isAbove === 1] }] : []),
          ));
        });
        return parts.map(({ polygon, active }) => ({
          polygon,
          maps: maps.map((map, unit) => (active[unit] ? map : [0, 0, 0])),
          signs: [...cell.signs, active.map(Number).join("")],
        }));
      });
    });
    this.cells = cells;
    const [[p, q], [r, s]] = this.view.frame;
    const corners = cells.flatMap((cell) => cell.polygon.flatMap(([x, y]) => [p * x + q * y, r * x + s * y]));
    let end = 0;
    this.polygons = new Polygons(Float64Array.from(corners), Int32Array.from([0, ...cells.map((cell) => (end += cell.polygon.length))]));
    this.milliseconds = performance.now() - started;
    this.plane.redraw("base");
    this.page.told(this);
  }

  get isAsRead() { return JSON.stringify(this.layers) === JSON.stringify(this.read); }

  set(stage, unit, input, value) {
    const layer = this.layers[stage];
    if (input < 0) layer.bias[unit] = value;
    else layer.weights[unit][input] = value;
    this.find();
  }

  reset() {
    this.layers = structuredClone(this.read);
    this.find();
  }

  // Other weights, normal with variance 2 / inputs, and standard normal biases.
  shuffle() {
    const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    for (const layer of this.layers) {
      const inputs = layer.weights[0].length;
      layer.weights = layer.weights.map((row) => row.map(() => normal() * Math.sqrt(2 / inputs)));
      layer.bias = layer.bias.map(normal);
    }
    this.find();
  }

  draw(context) {
    if (!this.theme) return;
    const { plane, polygons, cells, theme } = this;
    const colours = reliefs(theme, cells.map((cell) => {
      const [[a, b]] = cell.output;
      const [[p, q], [r, s]] = this.view.inverse;
      return [a * p + b * r, a * q + b * s];
    }));
    cells.forEach((_, k) => {
      context.beginPath();
      for (let corner = polygons.starts[k]; corner < polygons.starts[k + 1]; corner += 1) {
        context.lineTo(plane.x(polygons.corners[2 * corner]), plane.y(polygons.corners[2 * corner + 1]));
      }
      context.closePath();
      context.fillStyle = colours[k];
      context.strokeStyle = theme.line;
      context.lineWidth = Math.min(1, 12 / Math.sqrt(cells.length));
      context.fill();
      context.stroke();
    });
    this.drawUnit(context);
  }

  // The unit whose weights are being turned: thick where neighbouring cells differ in it.
  drawUnit(context) {
    if (this.stage >= this.layers.length - 1) return;
    const { plane, cells, theme } = this;
    const [[p, q], [r, s]] = this.view.frame;
    context.strokeStyle = theme.accent;
    context.lineWidth = 2.5;
    context.beginPath();
    for (const cell of cells) {
      if (cell.signs[this.stage][this.unit] !== "1") continue;
      // An edge of an active cell on which the unit is 0: the value is that of its own affine map there.
      const map = this.valueOn(cell);
      const size = Math.max(...cell.polygon.map(([x, y]) => Math.abs(map[0] * x) + Math.abs(map[1] * y)), Math.abs(map[2]), 1e-300);
      cell.polygon.forEach((corner, k) => {
        const next = cell.polygon[(k + 1) % cell.polygon.length];
        if ([corner, next].some(([x, y]) => Math.abs(map[0] * x + map[1] * y + map[2]) > 1e-9 * size)) return;
        for (const [at, [x, y]] of [corner, next].entries()) {
          const place = [plane.x(p * x + q * y), plane.y(r * x + s * y)];
          if (at) context.lineTo(...place);
          else context.moveTo(...place);
        }
      });
    }
    context.stroke();
  }

  // The pre-activation of the chosen unit on a cell, by the signs of the stages before.
  valueOn(cell) {
    let maps = [[1, 0, 0], [0, 1, 0]];
    for (let stage = 0; stage <= this.stage; stage += 1) {
      const { weights, bias } = this.layers[stage];
      const before = maps;
      const values = weights.map((row, unit) => row.reduce(
        (sum, weight, k) => sum.map((value, axis) => value + weight * before[k][axis]), [0, 0, bias[unit]],
      ));
      if (stage === this.stage) return values[this.unit];
      maps = values.map((map, unit) => (cell.signs[stage][unit] === "1" ? map : [0, 0, 0]));
    }
    return null;
  }

  point(at) {
    const cell = at ? this.polygons.at(...at) : -1;
    this.page.pointed(cell < 0 ? "" : this.cells[cell].signs.join("|"));
  }
}
