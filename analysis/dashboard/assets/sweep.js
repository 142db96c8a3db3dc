// The page of a sweep.

import { ask, readData, readState, writeState } from "./page.js";
import { bestCells, showCurves } from "./curves.js";
import { showDifference } from "./difference.js";
import { showGrid } from "./heatmap.js";
import { showLogits } from "./logits.js";
import { showParallel } from "./parallel.js";
import { showResults } from "./results.js";
import { showScatter } from "./scatter.js";

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
  const draw = () => {
    const focus = focusedField();
    showGrid(data, data.curves[data.score], only, selected);
    restoreField(focus);
    showCurves(data, selected, toggle);
  };
  draw();
  showParallel(view, only);
  showScatter(view, only);
  showLogits(data);
  showResults(view);
  showDifference(view);
}

function focusedField() {
  return [...document.querySelectorAll("#heatmap button")].indexOf(document.activeElement);
}

function restoreField(place) {
  if (place >= 0) document.querySelectorAll("#heatmap button")[place]?.focus();
}

/** Buttons that cancel, retry or extend the sweep. */
export function startActions() {
  const form = document.getElementById("actions");
  if (!form) return;
  const output = form.querySelector("output");
  for (const button of form.querySelectorAll("button")) {
    button.addEventListener("click", async () => {
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
    });
  }
}
