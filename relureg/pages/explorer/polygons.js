// Convex polygons in the plane: many at once, found by a point in them, and one cut in two by a line.

class Polygons {
  // corners: x and y of each corner in turn; starts: where each polygon's corners begin.
  constructor(corners, starts) {
    this.corners = corners;
    this.starts = starts;
    this.count = starts.length - 1;
    this.boxes = new Float64Array(4 * this.count); // x and y from, x and y to
    for (let piece = 0; piece < this.count; piece += 1) {
      let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
      for (let k = starts[piece]; k < starts[piece + 1]; k += 1) {
        x0 = Math.min(x0, corners[2 * k]);
        x1 = Math.max(x1, corners[2 * k]);
        y0 = Math.min(y0, corners[2 * k + 1]);
        y1 = Math.max(y1, corners[2 * k + 1]);
      }
      this.boxes.set([x0, y0, x1, y1], 4 * piece);
    }
  }

  // A grid of squares, and in each the polygons whose box meets it: made when a point is first looked for.
  makeGrid() {
    const size = Math.max(1, Math.min(256, Math.ceil(Math.sqrt(this.count))));
    this.size = size;
    this.from = [Infinity, Infinity];
    this.to = [-Infinity, -Infinity];
    for (let piece = 0; piece < this.count; piece += 1) {
      for (const axis of [0, 1]) {
        this.from[axis] = Math.min(this.from[axis], this.boxes[4 * piece + axis]);
        this.to[axis] = Math.max(this.to[axis], this.boxes[4 * piece + 2 + axis]);
      }
    }
    this.grid = Array.from({ length: size * size }, () => []);
    for (let piece = 0; piece < this.count; piece += 1) {
      const [x0, y0] = this.square(this.boxes[4 * piece], this.boxes[4 * piece + 1]);
      const [x1, y1] = this.square(this.boxes[4 * piece + 2], this.boxes[4 * piece + 3]);
      for (let x = x0; x <= x1; x += 1) for (let y = y0; y <= y1; y += 1) this.grid[y * size + x].push(piece);
    }
  }

  square(x, y) {
    return [x, y].map((value, axis) => {
      const share = (value - this.from[axis]) / (this.to[axis] - this.from[axis] || 1);
      return Math.min(Math.max(Math.floor(share * this.size), 0), this.size - 1);
    });
  }

  // The polygon that holds a point, or -1.
  at(x, y) {
    if (!this.grid) this.makeGrid();
    const [column, row] = this.square(x, y);
    const found = this.grid[row * this.size + column].find((piece) => this.holds(piece, x, y));
    return found === undefined ? -1 : found;
  }

  holds(piece, x, y) {
    const [first, end] = [this.starts[piece], this.starts[piece + 1]];
    for (let k = first; k < end; k += 1) {
      const next = k + 1 < end ? k + 1 : first;
      const [ax, ay] = [this.corners[2 * k], this.corners[2 * k + 1]];
      const [bx, by] = [this.corners[2 * next], this.corners[2 * next + 1]];
      if ((bx - ax) * (y - ay) - (by - ay) * (x - ax) < 0) return false; // counter-clockwise: inside is on the left
    }
    return true;
  }

  // Whether the box of a polygon meets a rectangle.
  meets(piece, x0, y0, x1, y1) {
    const box = 4 * piece;
    return this.boxes[box] <= x1 && this.boxes[box + 2] >= x0 && this.boxes[box + 1] <= y1 && this.boxes[box + 3] >= y0;
  }
}

// A convex polygon, [x, y] for each corner, cut along a x + b y + c = 0: the parts below and above, null where empty.
// Corners within `near` of the line count as on it: these are doubles, and nothing here is proved. A polygon on which all
// is 0 counts as below, as a unit that is 0 on a whole region is not active there.
function cut(polygon, [a, b, c], near) {
  const values = polygon.map(([x, y]) => a * x + b * y + c);
  if (values.every((value) => value <= near)) return [polygon, null];
  if (values.every((value) => value >= -near)) return [null, polygon];
  const parts = [[], []];
  polygon.forEach((corner, k) => {
    const next = (k + 1) % polygon.length;
    const [here, there] = [values[k], values[next]];
    if (here <= near) parts[0].push(corner);
    if (here >= -near) parts[1].push(corner);
    if ((here < -near && there > near) || (here > near && there < -near)) {
      const share = here / (here - there);
      const place = corner.map((value, axis) => value + share * (polygon[next][axis] - value));
      parts[0].push(place);
      parts[1].push(place);
    }
  });
  return parts.map((part) => (part.length > 2 ? part : null));
}
