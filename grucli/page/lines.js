// Lines as SVG.

// lines: [{name, color, dashed, x, y}]; bands: [{name, color, x, low, high}] lie behind them;
// xWords(x) names a place in the readout and at the ticks.
function lineChart({title, lines, bands = [], xLabel, yLabel, logX, logY, xTexts, marks = [], zero = false, height = 250, legend = true}) {
  const shown = lines.filter((line) => line.y.some((value) => value !== null));
  const figure = make("figure");
  if (title) figure.append(make("h3", {}, title));
  if (legend && (shown.length > 1 || marks.length)) figure.append(legendOf([...shown.filter((line) => !line.unnamed), ...bands]));
  const holder = make("div");
  const readout = make("p", {class: "readout", "aria-live": "polite"});
  figure.append(holder, readout);
  const draw = () => {
    const width = Math.max(holder.clientWidth || figure.clientWidth || 340, 260);
    const focused = holder.contains(document.activeElement);
    holder.replaceChildren(drawLines({title, lines: shown, bands, xLabel, yLabel, logX, logY, xTexts, marks, zero, height, width, readout}));
    if (focused) holder.firstChild.focus();
  };
  redraws.push({holder, draw});
  return figure;
}

// Bands lie in each other, the narrowest first: it has the shade of all of them.
function legendOf(lines) {
  const wider = (line) => lines.slice(lines.indexOf(line)).filter(({low}) => low);
  const items = lines.map((line) => make("li", {},
    make("svg", {viewBox: "0 0 22 10", "aria-hidden": "true"},
      ...line.low ? wider(line).map(({color}) => make("rect", {width: 22, height: 10, class: `interval interval-${color}`}))
        : [make("line", {x1: 0, x2: 22, y1: 5, y2: 5, class: `line line-${line.color}${line.dashed ? " dashed" : ""}`})]),
    line.name));
  return make("ul", {class: "legend"}, ...items);
}

function drawLines({title, lines, bands, xLabel, yLabel, logX, logY, xTexts, marks, zero, height, width, readout}) {
  const xs = extent(lines.flatMap((line) => line.x)) || [0, 1];
  const positive = logY ? (value) => value !== null && value > 0 : () => true;
  let ys = extent([...lines.flatMap((line) => line.y.filter(positive)), ...bands.flatMap(({low, high}) => [...low, ...high])]) || [0, 1];
  if (zero) ys = [Math.min(0, ys[0]), ys[1]];
  if (!logY) ys = [ys[0] - (zero && ys[0] === 0 ? 0 : (ys[1] - ys[0]) * 0.04), ys[1] + (ys[1] - ys[0]) * 0.04];
  const x = logX ? logScale(xs, 1) : linearScale(xs, Math.max(Math.floor(width / 80), 5), true);
  const y = logY ? logScale(ys) : linearScale(ys, Math.max(Math.round(height / 40), 3));
  const left = 14 + 7 * Math.max(...y.ticks.map((tick) => tick.text.length)) + 14;
  const box = {left, right: width - 12, top: 10, bottom: height - 40};
  const across = (value) => box.left + x.place(value) * (box.right - box.left);
  const up = (value) => box.bottom - y.place(value) * (box.bottom - box.top);
  const words = `${title || yLabel}: ${[...lines, ...bands].map(({name}) => name).join(", ")}; ${xLabel} across, ${yLabel} upwards. Arrow keys read values.`;
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
  for (const band of bands) svg.append(bandPath(band, across, up));
  for (const line of lines) svg.append(...linePaths(line, across, up, positive));
  readValues(svg, {lines, bands, box, across, up, positive, xLabel, xTexts, readout});
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

function bandPath({x, low, high, color}, across, up) {
  const ends = [...x.map((place, at) => [place, high[at]]), ...x.map((place, at) => [place, low[at]]).reverse()];
  const points = ends.map(([place, end]) => `${across(place).toFixed(1)} ${up(end).toFixed(1)}`);
  return make("path", {class: `interval interval-${color}`, d: `M${points.join("L")}Z`});
}

function bandWords(bands, place) {
  return bands.filter(({x}) => x.includes(place)).map(({name, x, low, high}) => {
    const at = x.indexOf(place);
    return `${name} ${digits(low[at])} to ${digits(high[at])}`;
  });
}

function readValues(svg, {lines, bands, box, across, up, positive, xLabel, xTexts, readout}) {
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
    readout.textContent = [...found, ...bandWords(bands, place)].join(" · ");
  };
  const hide = () => {
    guide.setAttribute("visibility", "hidden");
    readout.textContent = "";
    current = -1;
  };
  const point = (event) => show(nearest(places.map(across), event.clientX - svg.getBoundingClientRect().left));
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

function nearest(places, at) {
  return places.reduce((best, place, index) => Math.abs(place - at) < Math.abs(places[best] - at) ? index : best, 0);
}
