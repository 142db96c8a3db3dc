// Parallel coordinates of a search: one line per configuration over its settings, and its score.

import { el } from "./page.js";
import { median, shares } from "./numbers.js";
import { short } from "./page.js";

const WIDTH = 960;
const HEIGHT = 300;
const EDGE = { top: 44, bottom: 26, side: 70 };
const SPACE = "http://www.w3.org/2000/svg";

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("--")) made.style.setProperty(name, value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Where each value lies on its axis, from 0 to 1: numbers by size (by ratio where they span decades), others in order. */
export function positions(values) {
  const found = values.map(Number);
  if (values.some((value, place) => value === null || value === "" || Number.isNaN(found[place]))) {
    const names = [...new Set(values)];
    return { places: values.map((value) => (names.length > 1 ? names.indexOf(value) / (names.length - 1) : 0.5)), low: names[0], high: names[names.length - 1] };
  }
  const [low, high] = [Math.min(...found), Math.max(...found)];
  const isLog = low > 0 && high / low > 20;
  const scale = isLog ? Math.log : (x) => x;
  return { places: found.map((x) => (high > low ? (scale(x) - scale(low)) / (scale(high) - scale(low)) : 0.5)), low: short(low), high: short(high) };
}

export function showParallel(view, select) {
  const box = document.getElementById("parallel");
  if (!box) return;
  const scores = view.cells.map((_, cell) => median(view.runs.best.filter((value, run) => value !== null && view.runs.cell[run] === cell)));
  const measured = scores.map((_, cell) => cell).filter((cell) => scores[cell] !== null);
  if (!measured.length) {
    box.replaceChildren(el("p", { class: "empty" }, "Nothing was measured yet."));
    return;
  }
  const keys = axesOf(view);
  const axes = [...keys.map((key) => ({ name: key.split(".").pop(), full: key, values: measured.map((cell) => view.settings.find((row) => row.key === key).values[cell]) })), { name: "best", full: view.score.label, values: measured.map((cell) => scores[cell]) }];
  const placed = axes.map((axis) => positions(axis.values));
  const x = (index) => EDGE.side + (index * (WIDTH - 2 * EDGE.side)) / Math.max(axes.length - 1, 1);
  const y = (share) => HEIGHT - EDGE.bottom - share * (HEIGHT - EDGE.top - EDGE.bottom);
  const good = shares(measured.map((cell) => scores[cell])).map((share) => (view.score.higher_is_better ? share : 1 - share));
  const order = measured.map((_, place) => place).sort((a, b) => good[a] - good[b]);
  const lines = order.map((place) => {
    const line = svg("path", { d: axes.map((_, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(placed[index].places[place]).toFixed(1)}`).join(""), "--share": good[place], tabindex: "0", role: "button", "aria-label": `${view.cells[measured[place]]}: ${short(scores[measured[place]])}` }, svg("title", {}, `${view.cells[measured[place]]}: ${short(scores[measured[place]])}`));
    const choose = () => select([measured[place]]);
    line.addEventListener("click", choose);
    line.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(); });
    return line;
  });
  const frame = axes.flatMap((axis, index) => [
    svg("line", { x1: x(index), x2: x(index), y1: y(0), y2: y(1) }),
    svg("text", { x: x(index), y: 14, "text-anchor": "middle", class: "name" }, axis.name, svg("title", {}, axis.full)),
    svg("text", { x: x(index), y: EDGE.top - 10, "text-anchor": "middle" }, String(placed[index].high)),
    svg("text", { x: x(index), y: HEIGHT - 8, "text-anchor": "middle" }, String(placed[index].low)),
  ]);
  box.replaceChildren(svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "parallel", role: "group", "aria-label": "Parallel coordinates of the search" }, ...frame, ...lines));
}

/** The axes of the search if the cells have them as settings; else all settings in which they differ. */
function axesOf(view) {
  const searched = view.axes.map((axis) => axis.key).filter((key) => view.settings.some((row) => row.key === key));
  return searched.length ? searched : view.settings.slice(0, 8).map((row) => row.key);
}
