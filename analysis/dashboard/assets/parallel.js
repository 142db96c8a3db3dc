// Parallel coordinates of a search: one line per configuration over its settings, and its score.

import { el } from "./page.js";
import { shares } from "./numbers.js";
import { bestOfCells, keysOf, mark, positions, svg } from "./search.js";

const LEAST_WIDTH = 300;
const AXIS_WIDTH = 92;
const HEIGHT = 300;
const EDGE = { top: 44, bottom: 26, side: 48 };

/** Show the lines of all configurations; as wide as the box, or as its axes need. `chosen`: {select, selected}. */
export function showParallel(view, chosen) {
  const box = document.getElementById("parallel");
  if (!box) return;
  const scores = bestOfCells(view);
  const measured = scores.map((_, cell) => cell).filter((cell) => scores[cell] !== null);
  if (!measured.length) {
    box.replaceChildren(el("p", { class: "empty" }, "Nothing was measured yet."));
    return;
  }
  const keys = keysOf(view);
  const axes = [...keys.map((key) => ({ name: key.split(".").pop(), full: key, values: measured.map((cell) => view.settings.find((row) => row.key === key).values[cell]) })), { name: "best", full: view.score.label, values: measured.map((cell) => scores[cell]) }];
  const placed = axes.map((axis) => positions(axis.values));
  const width = Math.max(box.clientWidth, LEAST_WIDTH, axes.length * AXIS_WIDTH);
  const x = (index) => EDGE.side + (index * (width - 2 * EDGE.side)) / Math.max(axes.length - 1, 1);
  const y = (share) => HEIGHT - EDGE.bottom - share * (HEIGHT - EDGE.top - EDGE.bottom);
  const good = shares(measured.map((cell) => scores[cell])).map((share) => (view.score.higher_is_better ? share : 1 - share));
  const order = measured.map((_, place) => place).sort((a, b) => good[a] - good[b]);
  const lines = order.map((place) => {
    const d = axes.map((_, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(placed[index].places[place]).toFixed(1)}`).join("");
    return mark(view, "path", { d, "--share": good[place] }, measured[place], scores[measured[place]], chosen);
  });
  const frame = axes.flatMap((axis, index) => [
    svg("line", { x1: x(index), x2: x(index), y1: y(0), y2: y(1) }),
    svg("text", { x: x(index), y: 14, "text-anchor": "middle", class: "name" }, axis.name, svg("title", {}, axis.full)),
    svg("text", { x: x(index), y: EDGE.top - 10, "text-anchor": "middle" }, String(placed[index].high)),
    svg("text", { x: x(index), y: HEIGHT - 8, "text-anchor": "middle" }, String(placed[index].low)),
  ]);
  box.replaceChildren(svg("svg", { width, height: HEIGHT, class: "parallel", role: "group", "aria-label": "Parallel coordinates of the search" }, ...frame, ...lines));
}
