// The page of a sweep.

import { ask, atOnce, readData, readState, writeState } from "./page.js";
import { bestCells, showCurves } from "./curves.js";
import { showDifference } from "./difference.js";
import { showGrid } from "./heatmap.js";
import { showLogits } from "./logits.js";
import { showParallel } from "./parallel.js";
import { showResults } from "./results.js";
import { showScatter } from "./scatter.js";
import { steady } from "./steady.js";

let selected = null;

function cellsIn(state, view) {
  const places = (state.cells ?? "").split(".").filter((part) => part !== "").map(Number);
  const known = places.filter((cell) => Number.isInteger(cell) && cell >= 0 && cell < view.cells.length);
  return known.length ? new Set(known) : bestCells(view);
}

/** Show everything from the data of the page; called again with new data as a run goes on. */
export function showSweep(data = readData()) {
  const { view } = data;
  selected ??= cellsIn(readState(), view);
  const change = () => { writeState({ cells: [...selected].sort((a, b) => a - b).join(".") }); draw(); };
  const toggle = (cell) => { if (!selected.delete(cell)) selected.add(cell); change(); };
  const only = (cells) => { selected = new Set(cells); change(); };
  const search = () => {
    if (view.is_search) steady(part("search"), () => { showParallel(view, { select: only, selected }); showScatter(view, { select: only, selected }); });
  };
  const draw = () => {
    steady(part("heatmap"), () => showGrid(data, data.curves[data.score], only, selected));
    search();
    showCurves(data, selected, toggle);
  };
  draw();
  onResize(search);
  showLogits(data);
  steady(part("table"), () => showResults(view));
  showDifference(view);
}

function part(id) {
  return () => document.getElementById(id);
}

/** Call `redraw` when the window has another width; of several calls, the last holds. */
function onResize(redraw) {
  let width = innerWidth;
  onresize = () => {
    if (innerWidth !== width) redraw();
    width = innerWidth;
  };
}

/** Buttons that cancel, retry or extend the sweep. */
export function startActions() {
  const form = document.getElementById("actions");
  if (!form) return;
  const output = form.querySelector("output");
  for (const button of form.querySelectorAll("button")) {
    button.addEventListener("click", () => atOnce(form, async () => {
      const action = button.dataset.action;
      const kimg = Number(form.elements.horizon_kimg.value);
      if (!confirm(`${button.textContent}: ${form.dataset.target}?`)) return;
      output.textContent = "…";
      try {
        const body = { action, target: form.dataset.target, horizon_kimg: action === "extend" ? kimg : null };
        const answer = await ask("api/actions", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
        output.textContent = answer.message;
      } catch (error) {
        output.textContent = error.message;
      }
    }));
  }
}
