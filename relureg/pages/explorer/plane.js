// A part of the plane on two canvases, one for what stays and one above it for what is pointed at; zoom and pan.

const SLOW = 25; // milliseconds of a drawing from which on it is not made again at every step of a movement
const REST = 120; // milliseconds without a step after which a movement is over

class Plane {
  // draw.base and draw.over are called with a context; on.point, on.tap with a place in the plane, or null.
  constructor(box, { low, high, isometric, names }, draw, on) {
    Object.assign(this, { box, low, high, isometric, names, draw, on });
    [this.under, this.above] = box.querySelectorAll("canvas");
    this.colours = { ground: "#fff", quiet: "#666" };
    this.pointers = new Map();
    this.wanted = new Set();
    this.kept = document.createElement("canvas"); // the last drawing, and where it lies
    this.cost = 0;
    new ResizeObserver(() => this.resize()).observe(box);
    this.listen();
    this.resize();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.box;
    if (!width || !height || (width === this.width && height === this.height)) return;
    const first = !this.width;
    [this.cost, this.moves] = [0, false]; // a canvas of another size is empty, and shall not be seen so
    const middle = first ? null : this.toPlane(this.width / 2, this.height / 2);
    this.ratio = window.devicePixelRatio || 1;
    [this.width, this.height] = [width, height];
    for (const canvas of [this.under, this.above]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    if (first || this.isWhole) this.fit();
    else [this.left, this.top] = [middle[0] - width / 2 / this.scale[0], middle[1] + height / 2 / this.scale[1]];
    this.changed();
    if (!first) this.paint();
  }

  // Show the whole view.
  fit() {
    const [width, height] = [this.high[0] - this.low[0], this.high[1] - this.low[1]];
    this.scale = [(this.width - 60) / width, (this.height - 44) / height]; // beside it there is room for the ticks
    const least = Math.min(...this.scale);
    // Two units that differ little are drawn alike; on a slice distances are those of the space around.
    if (this.isometric || Math.max(width, height) < 4 * Math.min(width, height)) this.scale = [least, least];
    this.smallest = [...this.scale];
    this.isWhole = true;
    this.left = (this.low[0] + this.high[0]) / 2 - this.width / 2 / this.scale[0];
    this.top = (this.low[1] + this.high[1]) / 2 + this.height / 2 / this.scale[1];
    this.changed();
  }

  x(value) { return (value - this.left) * this.scale[0]; }

  y(value) { return (this.top - value) * this.scale[1]; }

  toPlane(x, y) { return [this.left + x / this.scale[0], this.top - y / this.scale[1]]; }

  // The rectangle of the plane that is on the screen: x and y from, x and y to.
  get shown() {
    const [x0, y1] = this.toPlane(0, 0);
    const [x1, y0] = this.toPlane(this.width, this.height);
    return [x0, y0, x1, y1];
  }

  // Larger by a factor, with a place on the screen staying where it is.
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const place = this.toPlane(x, y);
    const least = Math.max(factor, (0.5 * this.smallest[0]) / this.scale[0]);
    this.scale = this.scale.map((value, axis) => Math.min(value * least, 1e13 * this.smallest[axis]));
    [this.left, this.top] = [place[0] - x / this.scale[0], place[1] + y / this.scale[1]];
    this.isWhole = false;
    this.changed();
  }

  pan(x, y) {
    this.left -= x / this.scale[0];
    this.top += y / this.scale[1];
    this.isWhole = false;
    this.changed();
  }

  // Bring a place into the middle where it is not on the screen.
  reveal([x, y]) {
    const [x0, y0, x1, y1] = this.shown;
    if (x >= x0 && x <= x1 && y >= y0 && y <= y1) return;
    this.isWhole = false;
    this.left = x - this.width / 2 / this.scale[0];
    this.top = y + this.height / 2 / this.scale[1];
    this.changed();
  }

  // Another part is shown. A drawing that takes long is moved as it is, and made again when the movement is over.
  changed() {
    if (this.cost > SLOW) {
      this.moves = true;
      clearTimeout(this.rest);
      this.rest = setTimeout(() => {
        this.moves = false;
        this.redraw("base", "over");
      }, REST);
    }
    this.redraw("base", "over");
  }

  // Draw what is named before the next frame, once however often it is asked for.
  redraw(...names) {
    if (!this.wanted.size) requestAnimationFrame(() => this.paint());
    names.forEach((name) => this.wanted.add(name));
  }

  paint() {
    for (const [name, canvas] of [["base", this.under], ["over", this.above]]) {
      if (!this.wanted.has(name) || !this.width) continue;
      const context = canvas.getContext("2d");
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      context.clearRect(0, 0, this.width, this.height);
      if (name === "over") this.draw.over(context);
      else {
        if (this.moves) this.moveDrawing(context);
        else this.makeDrawing(context);
        this.drawTicks(context);
      }
    }
    this.wanted.clear();
  }

  makeDrawing(context) {
    const started = performance.now();
    this.draw.base(context);
    this.cost = performance.now() - started;
    if (this.cost <= SLOW) return;
    [this.kept.width, this.kept.height] = [this.under.width, this.under.height];
    this.kept.getContext("2d").drawImage(this.under, 0, 0);
    this.keptAt = { left: this.left, top: this.top, scale: [...this.scale] };
  }

  moveDrawing(context) {
    const { left, top, scale } = this.keptAt;
    const [across, down] = this.scale.map((value, axis) => value / scale[axis]);
    const [width, height] = [this.kept.width / this.ratio, this.kept.height / this.ratio];
    context.drawImage(this.kept, this.x(left), this.y(top), width * across, height * down);
  }

  // Numbers along the lower and the left side.
  drawTicks(context) {
    const [x0, y0, x1, y1] = this.shown;
    context.font = "11px system-ui, sans-serif";
    const label = (text, x, y, align) => {
      context.textAlign = align;
      context.strokeStyle = this.colours.ground;
      context.lineWidth = 3;
      context.lineJoin = "round";
      context.strokeText(text, x, y);
      context.fillStyle = this.colours.quiet;
      context.fillText(text, x, y);
    };
    for (const value of ticks(x0, x1, this.width / 110)) {
      if (this.x(value) > 30 && this.x(value) < this.width - 40) label(shorter(value, x1 - x0), this.x(value), this.height - 6, "center");
    }
    for (const value of ticks(y0, y1, this.height / 80)) {
      if (this.y(value) > 26 && this.y(value) < this.height - 20) label(shorter(value, y1 - y0), 6, this.y(value) + 4, "left");
    }
    label(this.names[0], this.width - 8, this.height - 6, "right");
    label(this.names[1], 6, 14, "left");
  }

  listen() {
    const surface = this.above;
    const place = (event) => {
      const bounds = surface.getBoundingClientRect();
      return [event.clientX - bounds.left, event.clientY - bounds.top];
    };
    surface.addEventListener("pointerdown", (event) => {
      surface.setPointerCapture(event.pointerId);
      if (!this.pointers.size) this.moved = 0;
      this.pointers.set(event.pointerId, place(event));
    });
    surface.addEventListener("pointermove", (event) => {
      const [x, y] = place(event);
      const before = this.pointers.get(event.pointerId);
      if (!before) {
        this.on.point(this.toPlane(x, y));
        return;
      }
      const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      this.moved += Math.hypot(x - before[0], y - before[1]);
      if (others.length) {
        const [other] = others; // two fingers: their distance is the zoom
        const far = Math.hypot(x - other[0], y - other[1]) / (Math.hypot(before[0] - other[0], before[1] - other[1]) || 1);
        this.zoom(far, (x + other[0]) / 2, (y + other[1]) / 2);
        this.moved = Infinity;
      } else if (this.moved > 4) {
        this.pan(x - before[0], y - before[1]);
      }
      this.pointers.set(event.pointerId, [x, y]);
    });
    const up = (event) => {
      const at = this.pointers.get(event.pointerId);
      this.pointers.delete(event.pointerId);
      if (at && event.type === "pointerup" && this.moved <= 4) this.on.tap(this.toPlane(...at), event);
    };
    surface.addEventListener("pointerup", up);
    surface.addEventListener("pointercancel", up);
    surface.addEventListener("pointerleave", () => this.on.point(null));
    surface.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...place(event));
    }, { passive: false });
    surface.addEventListener("dblclick", (event) => this.zoom(2, ...place(event)));
  }
}

// About so many round numbers from one to another.
function ticks(low, high, count) {
  const power = 10 ** Math.floor(Math.log10((high - low) / count));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => (high - low) / value <= count) || 10 * power;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high && found.length < 50; k += 1) found.push(k * step);
  return found;
}

// A number with as many digits as a span on the screen tells apart.
function shorter(value, span) {
  const digits = Math.min(Math.max(2 - Math.floor(Math.log10(span)), 0), 15);
  const text = Math.abs(value) >= 1e6 ? value.toExponential(3) : value.toFixed(digits);
  return String(Number(text)).replace("-", "\u2212");
}
