// The curves of a sweep: a band per cell, or every run, against kimg, hours or kWh.

import { ask, choice, el, isLive, readState, short, sweepPath, writeState } from "./page.js";
import { band, medianOfCells, onAxis, runsOfCells, shortLabel } from "./numbers.js";
import { drawChart, swatch } from "./chart.js";

const X_LABELS = { kimg: "kimg", hours: "hours of training", kwh: "kWh" };
export const MOST_CELLS = 8;
const MOST_LISTED = 200;

/** The cells that are shown before anybody chooses: the best by the median of their best scores. */
export function bestCells(view, count = MOST_CELLS) {
  const values = medianOfCells(view, view.runs.best);
  const sign = view.score.higher_is_better ? -1 : 1;
  const order = view.cells.map((_, cell) => cell).sort((a, b) => (values[a] === null) - (values[b] === null) || sign * (values[a] - values[b]) || a - b);
  return new Set(order.slice(0, count).sort((a, b) => a - b));
}

function chosen(data) {
  const state = readState();
  return { y: state.y ?? data.score, x: state.x in X_LABELS ? state.x : "kimg", over: state.over ?? "range", log: state.log === "1" };
}

/** The curves of a quantity, and the clocks that an axis needs: asked for when they are not there yet. Those of before an update are not kept. */
async function curvesOf(data, quantity, axis) {
  const path = sweepPath(data.view.sweep);
  const { curves } = data;
  if (!curves[quantity] && isLive) curves[quantity] = await ask(`${path}/curves?quantity=${encodeURIComponent(quantity)}`);
  if (!data.clock && axis !== "kimg" && isLive) {
    const clock = await ask(`${path}/clock`);
    if (data.curves === curves) data.clock = clock;
  }
  return curves[quantity];
}

/**
 * Show the chart, its controls and its legend. `selected` is a set of places of cells; `toggle` changes it.
 * An answer that comes after the next call is dropped: what was chosen last is what stays.
 */
export async function showCurves(data, selected, toggle) {
  const state = chosen(data);
  const quantities = [...new Set([data.score, ...data.view.metrics, "p", "r_t"])];
  const redraw = (changes) => { writeState(changes); showCurves(data, selected, toggle); };
  const controls = document.getElementById("curve-controls");
  const place = [...controls.querySelectorAll("select, input")].indexOf(document.activeElement);
  const log = el("input", { type: "checkbox", checked: state.log, onchange: () => redraw({ log: log.checked ? "1" : "" }) });
  controls.replaceChildren(
    choice("Show", quantities.map((name) => [name, name]), state.y, (y) => redraw({ y })),
    choice("against", Object.entries(X_LABELS), state.x, (x) => redraw({ x })),
    choice("as", [["range", "median, min to max"], ["deviation", "mean ± standard deviation"], ["runs", "single runs"]], state.over, (over) => redraw({ over })),
    el("label", {}, log, "log scale"),
  );
  if (place >= 0) controls.querySelectorAll("select, input")[place].focus();
  showLegend(data, selected, toggle);
  const box = document.getElementById("chart");
  box.wanted = state;
  try {
    const curves = await curvesOf(data, state.y, state.x);
    if (box.wanted !== state) return;
    drawChart(box, curves ? lines(data, curves, selected, state) : [], { title: state.y, xLabel: X_LABELS[state.x], yLabel: state.y, log: state.log, floors: floorsOf(data.floors, state.y, selected) });
    document.getElementById("curve-note").textContent = noteOf(curves, state, data);
  } catch (error) {
    if (box.wanted === state) box.replaceChildren(el("p", { class: "problem" }, error.message));
  }
}

/** The floors of the cells that are shown, where FID is: [{y, place}]. */
export function floorsOf(floors, metric, selected) {
  return /^fid/.test(metric) ? floors.filter((row) => selected.has(row.cell)).map((row) => ({ y: row.mean, place: row.cell })) : [];
}

function noteOf(curves, state, { published, floors }) {
  const over = { range: "Median over seeds, band from minimum to maximum; a run that has diverged counts as worst.", deviation: "Mean over seeds, band of one standard deviation; without what has diverged.", runs: "Every run by itself." }[state.over];
  const others = published.some((row) => row.metrics.includes(state.y)) ? " Dotted lines with rings are published values." : "";
  const ground = floors.length && /^fid/.test(state.y) ? " Shaded: what a generator reaches by repeating its training images." : "";
  return `${over}${others}${ground} ${curves?.score ? `${curves.score.described}. ` : ""}Drag over the chart to zoom, double-click to see all.`;
}

function lines(data, curves, selected, state) {
  const { view, clock } = data;
  const of = runsOfCells(view);
  const own = [...selected].sort((a, b) => a - b).flatMap((cell) => {
    const runs = of[cell];
    if (state.over === "runs") return runs.map((run) => single(view, curves, clock, cell, run, state.x)).filter((line) => line.x.length);
    const points = band(runs, curves, view, clock, state.x, state.over);
    const line = { name: shortLabel(view.cells[cell]), place: cell, x: points.map((point) => point.x), y: points.map((point) => point.middle) };
    return [runs.length > 1 ? { ...line, low: points.map((point) => point.low), high: points.map((point) => point.high) } : line];
  });
  return [...own, ...marks(data.published, state.y, selected, own.flatMap((line) => line.x))];
}

/** Published values of the cells that are shown, each as a level line over all that is drawn. */
export function marks(published, metric, selected, xs) {
  if (!xs.length) return [];
  const ends = xs.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [Infinity, -Infinity]);
  return published.filter((row) => row.metrics.includes(metric) && selected.has(row.cell)).map((row) => ({ name: `${row.source}, ${row.of}`, place: row.cell, isMark: true, x: ends, y: [row.value, row.value] }));
}

function single(view, curves, clock, cell, run, axis) {
  const points = curves.grids[curves.grid[run]].map((kimg, place) => [onAxis(clock, run, axis, kimg), curves.value[run][place]]).filter(([x, y]) => x !== null && y !== null);
  return { name: `${shortLabel(view.cells[cell])}, seed ${view.runs.seed[run]}`, place: cell, thin: true, x: points.map(([x]) => x), y: points.map(([, y]) => y) };
}

/** The cells of the legend: all, or of very many those that are drawn and the best. */
export function listed(view, selected) {
  if (view.cells.length <= MOST_LISTED) return view.cells.map((_, cell) => cell);
  const drawn = [...selected].slice(0, MOST_LISTED);
  return [...new Set([...drawn, ...bestCells(view, MOST_LISTED - drawn.length)])].sort((a, b) => a - b);
}

function showLegend(data, selected, toggle) {
  const { view } = data;
  const box = document.getElementById("legend");
  const focused = [...box.querySelectorAll("input")].indexOf(document.activeElement);
  const bests = medianOfCells(view, view.runs.best);
  const shown = listed(view, selected);
  const entries = shown.map((cell) => {
    const name = view.cells[cell];
    const input = el("input", { type: "checkbox", checked: selected.has(cell), onchange: () => toggle(cell) });
    return el("label", { title: name }, input, swatch(cell), el("span", {}, shortLabel(name) || "all runs"), el("small", {}, short(bests[cell])));
  });
  const rest = view.cells.length - shown.length;
  const more = rest ? [el("span", { class: "soft" }, `and ${rest} more: choose them in the grid`)] : [];
  box.replaceChildren(box.querySelector("legend"), ...entries, ...more);
  if (focused >= 0) box.querySelectorAll("input")[focused]?.focus();
}
