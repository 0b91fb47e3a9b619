// Colours in Oklab, as relureg.plots.colours makes them: where a hue says something, lightness says it too.

const TO_CONE = [
  [1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.291485548],
];
const TO_LINEAR = [
  [4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
  [-0.0041960863, -0.7034186147, 1.707614701],
];

function linearOf([l, a, b]) {
  const cone = TO_CONE.map((row) => (row[0] * l + row[1] * a + row[2] * b) ** 3);
  return TO_LINEAR.map((row) => row[0] * cone[0] + row[1] * cone[1] + row[2] * cone[2]);
}

// An Oklab colour as CSS has it, cut off where a screen has no such colour.
function css(lab) {
  const channels = linearOf(lab).map((value) => {
    const clipped = Math.min(Math.max(value, 0), 1);
    const curved = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
    return Math.round(255 * curved);
  });
  return `rgb(${channels.join(", ")})`;
}

// The same hue and lightness with the most chroma, up to the one asked for, that a screen has.
function muted([l, a, b]) {
  let found = [l, 0, 0];
  for (let step = 0; step <= 20; step += 1) {
    const mixed = [l, (a * step) / 20, (b * step) / 20];
    if (linearOf(mixed).every((value) => value >= 0 && value <= 1)) found = mixed;
  }
  return found;
}

// The colour at a value from 0 to 1 of a ramp of Oklab stops.
function along(stops, value) {
  const place = Math.min(Math.max(value, 0), 1) * (stops.length - 1);
  const first = Math.min(Math.floor(place), stops.length - 2);
  const share = place - first;
  return css(stops[first].map((entry, k) => entry + share * (stops[first + 1][k] - entry)));
}

// The colour of a gradient: its direction is the hue, and the lightness is as if lit from the upper left.
function relief(theme, direction, strength) {
  const [lightness, swing, least, most] = theme.relief;
  const lit = -Math.cos(direction - (3 * Math.PI) / 4);
  const across = Math.sin(direction - (3 * Math.PI) / 4);
  const chroma = strength > 0 ? least + (most - least) * strength : 0;
  return css(muted([lightness + swing * strength * lit, -chroma * lit, chroma * across]));
}

// The median of the norms of slopes that are not flat, which counts as middling.
function middling(norms) {
  const sorted = norms.filter((norm) => norm > 0).sort((one, two) => one - two);
  const half = sorted.length >> 1;
  if (!sorted.length) return 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// The colours of many slopes [x, y], in few steps of direction and strength.
function reliefs(theme, slopes) {
  const middle = middling(slopes.map(([x, y]) => Math.hypot(x, y)));
  const known = new Map();
  return slopes.map(([x, y]) => {
    const norm = Math.hypot(x, y);
    const turn = (Math.atan2(y, x) + 2 * Math.PI) % (2 * Math.PI);
    const direction = Math.floor((turn / (2 * Math.PI)) * 64);
    const strength = norm > 0 ? Math.ceil((norm / (norm + middle)) * 12) : 0;
    const key = 16 * direction + strength;
    if (!known.has(key)) known.set(key, relief(theme, (direction / 64) * 2 * Math.PI, strength / 12));
    return known.get(key);
  });
}
