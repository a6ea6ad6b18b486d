
"use strict";
// Lines as SVG and matrices as canvas. Every word goes in as text, never as markup.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const redraws = [];
let printing = false;

function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "text", "circle", "rect"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

function digits(value, count = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(Math.max(count - 2, 1)).replace("e+", "e");
  const places = Math.min(Math.max(count - 1 - Math.floor(Math.log10(size)), 0), 8);
  return value.toFixed(places).replace("-", "−");
}

function tickText(value, step) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4) return value.toExponential(step && step < size ? 1 : 0).replace(".0e", "e").replace("e+", "e");
  const places = step ? Math.max(-Math.floor(Math.log10(step) + 1e-9), 0) : 0;
  return value.toFixed(Math.min(places, 6)).replace("-", "−");
}

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : null;
}

function shorten(text, most) {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function linearScale([low, high], count, whole = false) {
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) * 0.05, high + (Math.abs(high) || 1) * 0.05];
  const rough = Math.max((high - low) / count, whole ? 1 : 0), power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) {
    ticks.push({value: at * step, text: tickText(at * step, step)});
  }
  return {place: (value) => (value - low) / (high - low), ticks};
}

function logScale([low, high], offset = 0) {
  const of = (value) => Math.log10(value + offset);
  const [from, to] = [of(low), of(high) > of(low) ? of(high) : of(low) + 0.1];
  const ticks = offset && low === 0 ? [{value: 0, text: "0"}] : [];
  for (const factors of [[1], [1, 3], [1, 2, 5]]) {
    const found = [];
    for (let power = Math.floor(from); power <= Math.ceil(to); power += Math.max(1, Math.ceil((to - from) / 6))) {
      for (const factor of factors) {
        const value = factor * 10 ** power;
        if (value >= low * 0.999 && value <= high * 1.001 && value > 0) found.push({value, text: tickText(value, value)});
      }
    }
    if (found.length >= 2 || factors.length === 3) {
      ticks.push(...found.filter((tick) => !offset || tick.value >= 1));
      break;
    }
  }
  if (ticks.length < 2) {
    ticks.splice(0, ticks.length, ...[low, high].map((value) => ({value, text: digits(value, 2)})));
  }
  return {place: (value) => (of(value) - from) / (to - from), ticks};
}

// lines: [{name, color, dashed, x, y}]; xWords(x) names a place in the readout and at the ticks.
function lineChart({title, lines, xLabel, yLabel, logX, logY, xTexts, marks = [], zero = false, height = 250, legend = true}) {
  const shown = lines.filter((line) => line.y.some((value) => value !== null));
  const figure = make("figure");
  if (title) figure.append(make("h3", {}, title));
  if (legend && (shown.length > 1 || marks.length)) figure.append(legendOf(shown.filter((line) => !line.unnamed)));
  const holder = make("div");
  const readout = make("p", {class: "readout", "aria-live": "polite"});
  figure.append(holder, readout);
  const draw = () => {
    const width = Math.max(holder.clientWidth || figure.clientWidth || 340, 260);
    const focused = holder.contains(document.activeElement);
    holder.replaceChildren(drawLines({title, lines: shown, xLabel, yLabel, logX, logY, xTexts, marks, zero, height, width, readout}));
    if (focused) holder.firstChild.focus();
  };
  redraws.push({holder, draw});
  return figure;
}

function legendOf(lines) {
  const items = lines.map((line) => make("li", {},
    make("svg", {viewBox: "0 0 22 10", "aria-hidden": "true"},
      make("line", {x1: 0, x2: 22, y1: 5, y2: 5, class: `line line-${line.color}${line.dashed ? " dashed" : ""}`})),
    line.name));
  return make("ul", {class: "legend"}, ...items);
}

function drawLines({title, lines, xLabel, yLabel, logX, logY, xTexts, marks, zero, height, width, readout}) {
  const xs = extent(lines.flatMap((line) => line.x)) || [0, 1];
  const positive = logY ? (value) => value !== null && value > 0 : () => true;
  let ys = extent(lines.flatMap((line) => line.y.filter(positive))) || [0, 1];
  if (zero) ys = [Math.min(0, ys[0]), ys[1]];
  if (!logY) ys = [ys[0] - (zero && ys[0] === 0 ? 0 : (ys[1] - ys[0]) * 0.04), ys[1] + (ys[1] - ys[0]) * 0.04];
  const x = logX ? logScale(xs, 1) : linearScale(xs, Math.max(Math.floor(width / 80), 5), true);
  const y = logY ? logScale(ys) : linearScale(ys, Math.max(Math.round(height / 40), 3));
  const left = 14 + 7 * Math.max(...y.ticks.map((tick) => tick.text.length)) + 14;
  const box = {left, right: width - 12, top: 10, bottom: height - 40};
  const across = (value) => box.left + x.place(value) * (box.right - box.left);
  const up = (value) => box.bottom - y.place(value) * (box.bottom - box.top);
  const words = `${title || yLabel}: ${lines.map((line) => line.name).join(", ")}; ${xLabel} across, ${yLabel} upwards. Arrow keys read values.`;
  const svg = make("svg", {viewBox: `0 0 ${width} ${height}`, height, role: "img", tabindex: "0", "aria-label": words});
  for (const tick of y.ticks) {
    svg.append(make("line", {class: "grid-line", x1: box.left, x2: box.right, y1: up(tick.value), y2: up(tick.value)}),
      make("text", {x: box.left - 6, y: up(tick.value) + 4, "text-anchor": "end"}, tick.text));
  }
  drawAcross(svg, {box, across, ticks: xTexts ? textTicks(xTexts, width, box) : x.ticks});
  svg.append(make("line", {class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom}),
    make("text", {x: (box.left + box.right) / 2, y: height - 5, "text-anchor": "middle"}, shorten(xLabel, 40)),
    make("text", {transform: `translate(12 ${(box.top + box.bottom) / 2}) rotate(-90)`, "text-anchor": "middle"}, shorten(yLabel, Math.floor(height / 8))));
  for (const mark of marks) {
    const right = across(mark.x) > (box.left + box.right) / 2;
    svg.append(make("line", {class: "guide dashed", x1: across(mark.x), x2: across(mark.x), y1: box.top, y2: box.bottom}),
      make("text", {x: across(mark.x) + (right ? -5 : 5), y: box.top + 10, "text-anchor": right ? "end" : "start"}, mark.label));
  }
  for (const line of lines) svg.append(...linePaths(line, across, up, positive));
  readValues(svg, {lines, box, across, up, positive, xLabel, xTexts, readout});
  return svg;
}

function drawAcross(svg, {box, across, ticks}) {
  let end = -Infinity;
  for (const tick of ticks) {
    const half = tick.text.length * 3.4;
    const at = Math.min(Math.max(across(tick.value), box.left + half - 20), box.right + 10 - half);
    if (at - half < end + 8) continue;
    end = at + half;
    svg.append(make("line", {class: "axis", x1: across(tick.value), x2: across(tick.value), y1: box.bottom, y2: box.bottom + 4}),
      make("text", {x: at, y: box.bottom + 17, "text-anchor": "middle"}, tick.text));
  }
}

function textTicks({x, t}, width, box) {
  const longest = Math.max(...t.map((text) => text.length));
  const count = Math.max(Math.min(Math.floor((box.right - box.left) / (longest * 7 + 24)), 7), 2);
  const places = Array.from({length: count}, (_, index) => Math.round(index * (t.length - 1) / (count - 1)));
  return [...new Set(places)].map((place) => ({value: x[place], text: t[place]}));
}

function linePaths(line, across, up, positive) {
  const kind = `line line-${line.color}${line.dashed ? " dashed" : ""}`;
  let path = "", open = false, points = 0;
  line.y.forEach((value, index) => {
    const there = value !== null && positive(value);
    if (there) {
      path += `${open ? "L" : "M"}${across(line.x[index]).toFixed(1)} ${up(value).toFixed(1)}`;
      points += 1;
    }
    open = there;
  });
  const parts = [make("path", {class: kind, d: path})];
  const room = across(line.x[line.x.length - 1]) - across(line.x[0]);
  if (line.dots || points === 1 || room > 22 * points) {
    line.y.forEach((value, index) => {
      if (value === null || !positive(value)) return;
      parts.push(make("circle", {cx: across(line.x[index]), cy: up(value), r: points === 1 ? 3.5 : 2.2, class: `line-${line.color}`, fill: "var(--ground)", "stroke-width": 1.4}));
    });
  }
  return parts;
}

function readValues(svg, {lines, box, across, up, positive, xLabel, xTexts, readout}) {
  const places = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  const names = new Map(xTexts ? xTexts.x.map((value, index) => [value, xTexts.t[index]]) : []);
  const guide = make("g", {visibility: "hidden"}, make("line", {class: "guide", y1: box.top, y2: box.bottom}));
  const dots = lines.map((line) => make("circle", {r: 3.5, class: `line-${line.color}`, fill: "var(--ground)", "stroke-width": 2}));
  guide.append(...dots);
  svg.append(guide);
  let current = -1;
  const show = (index) => {
    current = Math.min(Math.max(index, 0), places.length - 1);
    const place = places[current];
    guide.setAttribute("visibility", "visible");
    guide.firstChild.setAttribute("x1", across(place));
    guide.firstChild.setAttribute("x2", across(place));
    const found = [names.get(place) ?? `${xLabel} ${digits(place).replace(/\.0+$/, "")}`];
    lines.forEach((line, at) => {
      const value = line.y[line.x.indexOf(place)];
      const there = value !== undefined && value !== null && positive(value);
      dots[at].setAttribute("visibility", there ? "inherit" : "hidden");
      if (!there) return;
      dots[at].setAttribute("cx", across(place));
      dots[at].setAttribute("cy", up(value));
      found.push(`${line.name} ${digits(value)}`);
    });
    readout.textContent = found.join(" · ");
  };
  const hide = () => {
    guide.setAttribute("visibility", "hidden");
    readout.textContent = "";
    current = -1;
  };
  const point = (event) => {
    const frame = svg.getBoundingClientRect(), at = event.clientX - frame.left;
    let best = 0;
    places.forEach((place, index) => {
      if (Math.abs(across(place) - at) < Math.abs(across(places[best]) - at)) best = index;
    });
    show(best);
  };
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const moves = {ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: places.length - 1};
    if (!(event.key in moves)) return;
    event.preventDefault();
    show(moves[event.key]);
  });
}

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

function watch() {
  let width = 0;
  const all = () => redraws.forEach(({holder, draw}) => holder.isConnected && draw());
  new ResizeObserver(() => {
    if (document.documentElement.clientWidth === width) return;
    width = document.documentElement.clientWidth;
    all();
  }).observe(document.documentElement);
  dark.addEventListener("change", all);
  for (const [event, state] of [["beforeprint", true], ["afterprint", false]]) {
    window.addEventListener(event, () => { printing = state; all(); });
  }
}
