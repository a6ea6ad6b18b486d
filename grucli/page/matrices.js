// Matrices as canvas.

// Five colours from the most negative to the most positive, zero in the middle; between them OKLab.
const COLOURS = {
  light: ["#0b3c73", "#4c93c6", "#f5f5f3", "#dd7350", "#7d1128"],
  dark: ["#a9d2f3", "#2b7ab8", "#1b1e22", "#bd562a", "#ffc9a3"],
};
const TABLES = {};

function toLab(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => (parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2);
  const [l, m, s] = [0.4122 * r + 0.5363 * g + 0.0514 * b, 0.2119 * r + 0.6807 * g + 0.1074 * b, 0.0883 * r + 0.2817 * g + 0.63 * b].map(Math.cbrt);
  return [0.2105 * l + 0.7936 * m - 0.0041 * s, 1.978 * l - 2.4286 * m + 0.4506 * s, 0.0259 * l + 0.7828 * m - 0.8087 * s];
}

function fromLab([l, a, b]) {
  const [x, y, z] = [l + 0.3963 * a + 0.2158 * b, l - 0.1056 * a - 0.0639 * b, l - 0.0895 * a - 1.2915 * b].map((root) => root ** 3);
  return [4.0767 * x - 3.3077 * y + 0.231 * z, -1.2684 * x + 2.6098 * y - 0.3413 * z, -0.0042 * x - 0.7034 * y + 1.7076 * z]
    .map((value) => Math.round(255 * Math.min(Math.max(value, 0), 1) ** (1 / 2.2)));
}

function colourTable() {
  const kind = dark.matches && !printing ? "dark" : "light";
  TABLES[kind] ??= Array.from({length: 255}, (_, index) => {
    const at = index / 254 * 4, low = Math.min(Math.floor(at), 3);
    const [from, to] = [toLab(COLOURS[kind][low]), toLab(COLOURS[kind][low + 1])];
    return fromLab(from.map((value, axis) => value + (to[axis] - value) * (at - low)));
  });
  return TABLES[kind];
}

function bytesOf(text) {
  return Int8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// A tall, narrow matrix is laid on its side: units across, inputs downwards.
function heatMap(matrix, words, readout) {
  const [rows, columns] = matrix.grid, turned = rows > 3 * columns;
  const [high, wide] = turned ? [columns, rows] : [rows, columns];
  const canvas = make("canvas", {width: wide, height: high, role: "img", "aria-label": words});
  canvas.style.aspectRatio = `${wide} / ${Math.max(high, wide / (turned ? 14 : 1.6))}`;
  let frame = null, from = null;
  const draw = () => {
    if (frame === null) return;
    const context = canvas.getContext("2d"), image = context.createImageData(wide, high), table = colourTable();
    for (let at = 0; at < rows * columns; at += 1) {
      const place = turned ? (at % columns) * wide + Math.floor(at / columns) : at;
      image.data.set(frame[at] === -128 ? [128, 128, 128, 255] : [...table[frame[at] + 127], 255], 4 * place);
    }
    context.putImageData(image, 0, 0);
    if (from) tell();
  };
  const tell = () => {
    const [row, column] = turned ? [from[0], from[1]] : [from[1], from[0]];
    const value = frame[row * columns + column];
    const whole = matrix.grid[0] === matrix.shape[0] && matrix.grid[1] === matrix.shape[1];
    const found = value === -128 ? "not finite" : digits(value / 127 * matrix.limit, 3);
    readout.textContent = `${matrix.symbol} ${whole ? "unit" : "block"} ${row}, ${whole ? "column" : "block"} ${column}: ${found}`;
  };
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    const at = (value, size) => Math.min(Math.max(Math.floor(value * size), 0), size - 1);
    from = [at((event.clientX - box.left) / box.width, wide), at((event.clientY - box.top) / box.height, high)];
    tell();
  };
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerdown", point);
  canvas.addEventListener("pointerleave", () => { from = null; readout.textContent = ""; });
  return {canvas, draw, turned, show: (bytes) => { frame = bytes; draw(); }};
}

function scaleBar(limit) {
  const bar = make("span");
  const paint = () => {
    const table = colourTable(), stops = Array.from({length: 17}, (_, index) => `rgb(${table[Math.round(index * 254 / 16)]})`);
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  };
  return {element: make("div", {class: "scale"}, make("span", {}, digits(-limit, 2)), bar, make("span", {}, digits(limit, 2))), paint};
}
