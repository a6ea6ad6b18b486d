
"use strict";
// What charts are drawn with: elements, numbers as text, scales. Every word goes in as text, never as markup.

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
