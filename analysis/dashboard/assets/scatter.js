// A scatter plot of a search: the best score of each configuration, or a setting, over another setting.

import { shares } from "./numbers.js";
import { choice, el, readState, writeState } from "./page.js";
import { bestOfCells, keysOf, mark, positions, svg } from "./search.js";

const LEAST_WIDTH = 300;
const HEIGHT = 360;
const EDGE = { top: 36, bottom: 46, left: 64, right: 16 };
const BEST = "best";

/** Show the plot, as wide as its box, and its controls. `chosen`: {select, selected}. */
export function showScatter(view, chosen) {
  const box = document.getElementById("scatter");
  if (!box) return;
  const keys = keysOf(view);
  const state = readState();
  const known = (key, other) => (key === BEST || keys.includes(key) ? key : other);
  const varied = keys.find((key) => isVaried(view, key)) ?? keys[0] ?? BEST;
  const axes = { x: known(state.sx, varied), y: known(state.sy, BEST) };
  const names = [...keys.map((key) => [key, key]), [BEST, `best ${view.score.label}`]];
  const redraw = (changes) => {
    const place = [...document.querySelectorAll("#scatter-controls select")].indexOf(document.activeElement);
    writeState(changes);
    showScatter(view, chosen);
    document.querySelectorAll("#scatter-controls select")[place]?.focus();
  };
  document.getElementById("scatter-controls").replaceChildren(
    choice("Across", names, axes.x, (sx) => redraw({ sx })),
    choice("Up", names, axes.y, (sy) => redraw({ sy })),
  );
  const scores = bestOfCells(view);
  const cells = scores.map((_, cell) => cell).filter((cell) => scores[cell] !== null);
  box.replaceChildren(cells.length ? plot(view, axes, cells, scores, Math.max(box.clientWidth, LEAST_WIDTH), chosen) : el("p", { class: "empty" }, "Nothing was measured yet."));
}

/** Whether measured cells have more than one value of a setting. */
function isVaried(view, key) {
  const { values } = view.settings.find((row) => row.key === key);
  const measured = bestOfCells(view).flatMap((score, cell) => (score === null ? [] : [values[cell]]));
  return new Set(measured).size > 1;
}

function plot(view, axes, cells, scores, width, chosen) {
  const values = (key) => cells.map((cell) => (key === BEST ? scores[cell] : view.settings.find((row) => row.key === key).values[cell]));
  const [across, up] = [positions(values(axes.x)), positions(values(axes.y))];
  const good = shares(cells.map((cell) => scores[cell])).map((share) => (view.score.higher_is_better ? share : 1 - share));
  const x = (share) => EDGE.left + share * (width - EDGE.left - EDGE.right);
  const y = (share) => HEIGHT - EDGE.bottom - share * (HEIGHT - EDGE.top - EDGE.bottom);
  const order = cells.map((_, place) => place).sort((a, b) => good[a] - good[b]);
  const points = order.map((place) => mark(view, "circle", { cx: x(across.places[place]), cy: y(up.places[place]), r: 6, "--share": good[place] }, cells[place], scores[cells[place]], chosen));
  const word = (text, at, anchor, kind = "") => svg("text", { ...at, "text-anchor": anchor, class: kind }, String(text));
  const frame = [
    svg("line", { x1: x(0), x2: x(1), y1: y(0) + 10, y2: y(0) + 10 }),
    svg("line", { x1: x(0) - 10, x2: x(0) - 10, y1: y(0), y2: y(1) }),
    word(across.low, { x: x(0), y: HEIGHT - 22 }, "start"),
    word(across.high, { x: x(1), y: HEIGHT - 22 }, "end"),
    word(axes.x.split(".").pop(), { x: x(0.5), y: HEIGHT - 6 }, "middle", "name"),
    word(up.low, { x: x(0) - 16, y: y(0) + 4 }, "end"),
    word(up.high, { x: x(0) - 16, y: y(1) + 4 }, "end"),
    word(axes.y === BEST ? `best ${view.score.label}` : axes.y.split(".").pop(), { x: 0, y: 12 }, "start", "name"),
  ];
  return svg("svg", { width, height: HEIGHT, class: "parallel", role: "group", "aria-label": "Scatter plot of the search" }, ...frame, ...points);
}
