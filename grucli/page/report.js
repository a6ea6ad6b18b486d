
const data = JSON.parse(document.getElementById("data").textContent);
const WORDS = {
  model: "this model", ...Object.fromEntries(data.baselines.map(({name, words}) => [name, words])),
  ih: "input to hidden", hh: "hidden to hidden", bias_ih: "input bias", bias_hh: "hidden bias",
  gain_ih: "input gain", gain_hh: "hidden gain", bias: "bias", gain: "gain",
};
const QUANTITIES = Object.fromEntries(data.quantities.map(({name, ...facts}) => [name, facts]));
const wordsOf = (key) => WORDS[key] ?? key;
const bodyOf = (id) => document.querySelector(`#${id} .body`);
const layerWords = (item) => `layer ${item.layer}${item.direction === "reverse" ? ", reverse" : ""}`;
const unique = (values) => [...new Set(values)];

function section(id, isThere, fill, part = id) {
  const body = bodyOf(id), why = data.missing[part];
  if (isThere) fill(body);
  if (!isThere || why) body.append(make("p", {class: "missing"}, `${isThere ? "Not all is here" : "Not shown"}: ${why ?? "there is nothing to show"}.`));
}

function table(head, rows) {
  const cells = (kind, row) => row.map((cell, index) => make(index === 0 ? "th" : kind, index === 0 ? {scope: "row"} : {}, cell));
  return make("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": "Table"}, make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((cell) => make("th", {scope: "col"}, cell)))),
    make("tbody", {}, ...rows.map(({cells: row, own}) => make("tr", own ? {class: "own"} : {}, ...cells("td", row))))));
}

// Selects over what there is; calls redraw({name: value}) at first and at every change.
function choices(body, fields, redraw) {
  const bar = make("div", {class: "controls"}), place = make("div"), chosen = {};
  const update = () => { place.replaceChildren(...redraw(chosen)); redrawIn(place); };
  for (const {name, words, values, show} of fields) {
    chosen[name] = values[0];
    if (values.length < 2) continue;
    const select = make("select", {onchange: () => { chosen[name] = values[select.selectedIndex]; update(); }},
      ...values.map((value) => make("option", {}, show(value))));
    bar.append(make("label", {}, words, select));
  }
  if (bar.children.length) body.append(bar);
  body.append(place);
  update();
}

function redrawIn(place) {
  for (let at = redraws.length - 1; at >= 0; at -= 1) {
    const {holder, draw} = redraws[at];
    if (place.contains(holder)) draw();
    else if (!holder.isConnected && holder.isOld) redraws.splice(at, 1);
    holder.isOld = true;
  }
}

function drawHead() {
  document.getElementById("name").textContent = data.name;
  document.getElementById("model").textContent = `${data.model} · forecasts ${data.columns.slice(0, 6).join(", ")}${data.columns.length > 6 ? ` and ${data.columns.length - 6} more` : ""}`;
  document.getElementById("source").textContent = `Made by grucli report from ${data.path}.`;
  if (!data.scores) return;
  const sentences = [`Test rmse ${digits(data.scores.model.rmse)}.`, ...data.verdict];
  document.getElementById("verdict").textContent = sentences.join(" ");
}

function drawScores(body) {
  const row = (name, metrics) => ({own: name === "model", cells: [wordsOf(name), ...data.metrics.map((metric) => digits(metrics[metric.name]))]});
  const rows = [["model", data.scores.model], ...Object.entries(data.scores.baselines)].sort((a, b) => a[1].rmse - b[1].rmse);
  const {windows, values} = data.scores;
  body.append(table(["", ...data.metrics.map(({heading}) => heading)], rows.map(([name, metrics]) => row(name, metrics))),
    make("p", {class: "readout"}, `${windows.toLocaleString("en")} windows, ${values.toLocaleString("en")} values, best first.`));
}

function drawTraining(body) {
  const {epoch, train, valid, best} = data.epochs;
  const ratio = extent([...train, ...valid].filter((value) => value > 0));
  body.append(lineChart({
    xLabel: "epoch", yLabel: "loss, scaled units", logY: ratio !== null && ratio[1] > 10 * ratio[0], height: 280,
    lines: [{name: "training", color: 1, x: epoch, y: train}, {name: "validation", color: 0, x: epoch, y: valid}],
    marks: best === null ? [] : [{x: best, label: `best: epoch ${best}`}],
  }));
}

function drawForecasts(body) {
  const columns = unique(data.forecasts.map((example) => example.column));
  choices(body, [{name: "column", words: "Column", values: columns, show: (name) => name}], ({column}) => {
    const examples = data.forecasts.filter((example) => example.column === column);
    return [make("div", {class: "grid"}, ...examples.map(forecastChart))];
  });
}

function forecastChart({column, series, first, time, steps, context, horizon}) {
  const texts = {x: [...context.x, ...horizon.x], t: [...context.t, ...horizon.t]};
  const last = context.y.length - 1, dots = horizon.x.length <= 12;
  const join = (values) => ({x: [context.x[last], ...horizon.x], y: [context.y[last], ...values]});
  const lines = [
    {name: `read by the model (${steps} rows)`, color: 4, x: context.x, y: context.y},
    {name: "truth", color: 1, dots, ...join(horizon.truth)},
    {name: "forecast", color: 0, dots, ...join(horizon.forecast)},
  ];
  const beyond = horizon.truth.length === 0;
  return lineChart({
    title: `${series ? `${series}: ` : ""}${beyond ? "Beyond the end: from" : "From"} ${first}`, xLabel: time, yLabel: column, xTexts: texts,
    lines: beyond ? [lines[0], lines[2]] : lines,
    bands: horizon.bands.map(({level, low, high}) => ({name: `${level} % interval`, color: 0, x: horizon.x, low, high})),
  });
}

function drawSteps(body) {
  const order = ["model", ...data.baselines.map(({name}) => name)];
  const steps = data.errors.model.map((_, index) => index + 1);
  body.append(lineChart({
    xLabel: "steps ahead", yLabel: "rmse, original units", zero: true, height: 280,
    lines: order.map((name, color) => ({name: wordsOf(name), color, dashed: name !== "model", x: steps, y: data.errors[name]})).filter(({y}) => y),
  }));
}

const placesOf = (items) => unique(items.map(layerWords));

function drawWeights(body) {
  const film = data.film, last = film.length - 1;
  const momentWords = (shot) => `step ${shot.step} · epoch ${shot.epoch}${shot.is_best ? " · best" : ""}`;
  const slider = make("input", {type: "range", min: 0, max: last, step: 1, value: last, "aria-label": "Moment of training", id: "moment"});
  const output = make("output", {for: "moment"});
  const play = make("button", {type: "button"}, "Play");
  let maps = [], timer = null;
  const show = () => {
    const words = momentWords(film[slider.value]);
    output.textContent = words;
    slider.setAttribute("aria-valuetext", words);
    maps.forEach((map) => map.show(Number(slider.value)));
  };
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (Number(slider.value) === last) slider.value = 0;
    play.textContent = "Pause";
    show();
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1;
      show();
      if (Number(slider.value) === last) stop();
    }, 450);
  });
  slider.addEventListener("input", () => { stop(); show(); });
  body.append(make("div", {class: "controls film"}, play, slider, output));
  choices(body, [
    {name: "layer", words: "Layer", values: placesOf(data.matrices), show: (words) => words},
    {name: "part", words: "Matrices", values: unique(data.matrices.map((matrix) => matrix.part)).reverse(), show: wordsOf},
  ], ({layer, part}) => {
    maps = data.matrices.filter((matrix) => layerWords(matrix) === layer && matrix.part === part).map(weightFigure);
    show();
    return [make("div", {class: "grid small"}, ...maps.map((map) => map.figure))];
  });
}

function weightFigure(matrix) {
  const readout = make("p", {class: "readout"});
  const name = `${matrix.symbol} ${matrix.gate}`;
  const first = heatMap(matrix, `Heat map of ${name} at initialisation`, readout);
  const now = heatMap(matrix, `Heat map of ${name} at the moment of the slider`, readout);
  const bar = scaleBar(matrix.limit), frames = matrix.frames.map(bytesOf);
  const figure = make("figure", {"data-matrix": matrix.name},
    make("h3", {}, `${name} · ${matrix.shape.join(" × ")}`),
    make("div", {class: first.turned ? "pair wide" : "pair"},
      make("div", {}, make("p", {}, "at initialisation"), first.canvas),
      make("div", {}, make("p", {}, "at the slider"), now.canvas)),
    bar.element, readout);
  const paint = () => { first.draw(); now.draw(); bar.paint(); };
  redraws.push({holder: figure, draw: paint});
  first.show(frames[0]);
  return {figure, show: (at) => now.show(frames[at])};
}

function drawSpectra(body) {
  choices(body, [
    {name: "layer", words: "Layer", values: placesOf(data.spectra), show: (words) => words},
    {name: "part", words: "Matrices", values: unique(data.spectra.map((matrix) => matrix.part)).reverse(), show: wordsOf},
  ], ({layer, part}) => {
    const shown = data.spectra.filter((matrix) => layerWords(matrix) === layer && matrix.part === part);
    const lines = shown.flatMap((matrix, color) => Object.entries(matrix.values).map(([moment, values]) => ({
      name: `${matrix.symbol} ${matrix.gate}${moment === "now" ? "" : ` ${moment}`}`, color, dashed: moment !== "now",
      unnamed: moment !== "now", x: values.map((_, index) => index + 1), y: values,
    })));
    return [lineChart({xLabel: "rank", yLabel: "singular value", zero: true, height: 280, lines})];
  });
}

function drawHistory(body) {
  const {matrices, step, findings} = data.history;
  choices(body, [
    {name: "quantity", words: "Show", values: Object.keys(QUANTITIES).filter((key) => matrices.some((matrix) => key in matrix)), show: (key) => QUANTITIES[key].words},
    {name: "layer", words: "Layer", values: placesOf(matrices), show: (words) => words},
  ], ({quantity, layer}) => {
    const shown = matrices.filter((matrix) => layerWords(matrix) === layer && quantity in matrix);
    const gates = unique(matrices.map((matrix) => matrix.gate));
    const charts = unique(shown.map((matrix) => matrix.part)).map((part) => lineChart({
      title: wordsOf(part), xLabel: "step", yLabel: QUANTITIES[quantity].label, logX: true, logY: QUANTITIES[quantity].isWide, height: 230,
      lines: shown.filter((matrix) => matrix.part === part).map((matrix) => ({name: `${matrix.symbol} ${matrix.gate}`, color: gates.indexOf(matrix.gate), x: step, y: matrix[quantity]})),
    }));
    return [make("div", {class: "grid"}, ...charts)];
  });
  if (findings.length) body.append(make("ul", {class: "findings"}, ...findings.map((text) => make("li", {}, text))));
}

function drawGates(body) {
  const newest = data.forecasts.find((example) => example.horizon.truth.length === 0);
  if (newest) {
    body.append(lineChart({
      title: `What was read: ${newest.column}${newest.series ? ` of ${newest.series}` : ""}`, xLabel: newest.time, yLabel: newest.column, height: 170,
      xTexts: newest.context, lines: [{name: newest.column, color: 4, x: newest.context.x, y: newest.context.y}],
    }));
  }
  choices(body, [{name: "layer", words: "Layer", values: placesOf(data.trace.layers), show: (words) => words}], ({layer}) => {
    const found = data.trace.layers.find((item) => layerWords(item) === layer);
    const parts = [lineChart({
      title: `Gates of ${layer}, mean of ${found.units} units`, xLabel: newest ? newest.time : "row", yLabel: "mean activation", xTexts: {x: found.x, t: found.t},
      lines: found.gates.map((gate, color) => ({name: `${gate.symbol} ${gate.gate} (${gate.activation})`, color, x: found.x, y: gate.by_step})),
    })];
    const share = (value) => `${(100 * value).toFixed(1)} %`;
    parts.push(table(["", "mean", "std", "left sat.", "right sat.", "always left", "always right"], found.gates.map((gate) => ({
      cells: [`${gate.symbol} ${gate.gate}`, digits(gate.mean, 3), digits(gate.standard_deviation, 3), share(gate.left_saturated_share), share(gate.right_saturated_share), gate.always_left_saturated.length, gate.always_right_saturated.length],
    }))));
    if (found.gradient_by_lag.length) {
      const left = found.gradient_half_lag === null ? "none" : `half is left ${found.gradient_half_lag} ${found.gradient_half_lag === 1 ? "step" : "steps"} back, a tenth ${found.gradient_tenth_lag}, a hundredth ${found.gradient_hundredth_lag}`;
      parts.push(lineChart({
        title: `Gradient against lag: ${left}`, xLabel: "steps back", yLabel: "mean |dL/dh|", logY: true, height: 220,
        lines: [{name: "gradient", color: 0, x: found.lag, y: found.gradient_by_lag}],
      }));
    }
    return parts;
  });
}

drawHead();
section("scores", data.scores, drawScores);
section("training", data.epochs.epoch.length, drawTraining);
section("forecasts", data.forecasts.length, drawForecasts);
section("steps", data.errors.model, drawSteps, "scores");
section("weights", data.film.length, drawWeights);
section("spectra", data.spectra.length, drawSpectra);
section("history", data.history, drawHistory);
section("gates", data.trace, drawGates);
section("recipe", true, (body) => body.append(make("pre", {tabindex: "0"}, data.recipe)));
watch();
document.documentElement.dataset.ready = "yes";
