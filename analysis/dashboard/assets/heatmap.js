// The grid of a sweep as a heat map: a table of buttons, each of which chooses its cells for the curves.

import { choice, el, keepFocus, readState, short, writeState } from "./page.js";
import { grid, runValues, shares } from "./numbers.js";

const LINE = "";
const MOST_FIELDS = 2500;

function quantities(view) {
  const score = view.score.label;
  return [["best", `best ${score}`], ["last", `last ${score}`], ["at", `${score} at kimg`], ["kwh", "kWh"], ["hours", "hours"], ["images_per_second", "images per second"], ["done", "share done"]];
}

function lengths(curves) {
  return [...new Set(curves.grids.flat())].sort((a, b) => a - b);
}

function chosen(view) {
  const state = readState();
  const keys = view.axes.map((axis) => axis.key);
  const known = (key, other) => (keys.includes(key) || key === LINE ? key : other);
  const cellAxes = keys.filter((key) => key !== "seed");
  const first = known(state.rows ?? cellAxes[0] ?? keys[0] ?? LINE, LINE);
  const second = known(state.columns ?? cellAxes[1] ?? (keys.includes("seed") && first !== "seed" ? "seed" : LINE), LINE);
  return { rows: first, columns: second === first ? LINE : second, show: state.show ?? "best", kimg: Number(state.kimg) };
}

/** Show the grid and its controls; `select(runs)` is called with the runs of a cell that is pressed. */
export function showGrid(data, curves, select, selected) {
  const { view } = data;
  const state = chosen(view);
  const axes = view.axes.map((axis) => [axis.key, axis.label]);
  const redraw = (changes) => { writeState(changes); showGrid(data, curves, select, selected); };
  const stops = lengths(curves);
  const stop = stops.length ? stops.reduce((near, one) => (Math.abs(one - state.kimg) < Math.abs(near - state.kimg) ? one : near), stops[stops.length - 1]) : 0;
  const slider = state.show === "at" && stops.length ? kimgSlider(stops, stop, (kimg) => { writeState({ kimg }); fill(data, curves, kimg, select, selected); }) : null;
  keepFocus(document.getElementById("grid-controls"), [
    choice("Rows", [...axes, [LINE, "none"]], state.rows, (rows) => redraw({ rows: rows || " " })),
    choice("Columns", [...axes, [LINE, "none"]], state.columns, (columns) => redraw({ columns: columns || " " })),
    choice("Show", quantities(view), state.show, (show) => redraw({ show })),
    slider,
  ]);
  fill(data, curves, stop, select, selected);
}

/** Show the fields as they are at `stop` kimg: the slider that chose it stays as it is. */
function fill(data, curves, stop, select, selected) {
  const { view } = data;
  const state = chosen(view);
  const values = runValues(view, curves, state.show, stop);
  const axis = (key) => view.axes.find((one) => one.key === key) ?? null;
  const found = grid(view, axis(state.rows), axis(state.columns), values);
  const lowIsGood = !["images_per_second", "done"].includes(state.show) && !(["best", "last", "at"].includes(state.show) && view.score.higher_is_better);
  document.getElementById("heatmap").replaceChildren(table(view, found, axis(state.rows), axis(state.columns), lowIsGood, state.show, select, selected));
  document.getElementById("grid-note").textContent = `Median over the runs of a field; the stronger the colour, the ${lowIsGood ? "lower" : "higher"}. A diverged run counts as worst. Press a field to see its curves.`;
}

function kimgSlider(stops, stop, change) {
  const place = stops.indexOf(stop);
  const output = el("output", {}, `${short(stop)} kimg`);
  const input = el("input", { type: "range", min: 0, max: stops.length - 1, value: place, "aria-valuetext": `${short(stop)} kimg`, oninput: () => {
    const kimg = stops[Number(input.value)];
    output.textContent = `${short(kimg)} kimg`;
    input.setAttribute("aria-valuetext", output.textContent);
    change(kimg);
  } });
  return el("label", { class: "grow" }, "At", input, output);
}

function table(view, found, rowAxis, columnAxis, lowIsGood, show, select, selected) {
  const count = found.rows.length * found.columns.length;
  if (count > MOST_FIELDS) return el("p", { class: "empty" }, `${count} fields are too many to be seen: choose axes with fewer values.`);
  const flat = found.cells.flat();
  const measured = shares(flat.map((cell) => cell.value));
  const head = el("tr", {}, el("td", {}), ...found.columns.map((name) => el("th", { scope: "col" }, heading(columnAxis, name))));
  const body = found.rows.map((name, row) => el("tr", {}, el("th", { scope: "row" }, heading(rowAxis, name)), ...found.columns.map((_, column) => {
    const cell = found.cells[row][column];
    const share = measured[row * found.columns.length + column];
    return el("td", {}, field(view, cell, share === null ? null : lowIsGood ? 1 - share : share, show, select, selected));
  })));
  return el("table", { class: "heat" }, el("thead", {}, head), el("tbody", {}, ...body));
}

function heading(axis, name) {
  return axis && /^[-\d.e]+$/.test(name) ? `${axis.label} ${name}` : name;
}

function field(view, cell, share, show, select, selected) {
  if (!cell.runs.length) return "";
  const cells = [...new Set(cell.runs.map((run) => view.runs.cell[run]))];
  const isPressed = selected.size < view.cells.length && cells.every((one) => selected.has(one));
  const words = show === "done" && cell.value !== null ? `${Math.floor(cell.value * 100)} %` : short(cell.value);
  const counted = cell.measured === 1 && cell.runs.length === 1 ? "1 run" : `${cell.measured} of ${cell.runs.length} runs`;
  const kind = share === null ? "none" : "";
  return el("button", { type: "button", class: kind, "--share": share ?? 0, "aria-pressed": String(isPressed), title: cells.map((one) => view.cells[one]).slice(0, 5).join("\n"), onclick: () => select(cells) }, words, el("small", {}, counted));
}
