// How the resolved configurations of two cells differ.

import { shortLabel } from "./numbers.js";
import { choice, el, readState, writeState } from "./page.js";

/** The settings that two cells do not share: [[key, value of a, value of b]]. */
export function differences(settings, a, b) {
  return settings.filter((row) => row.values[a] !== row.values[b]).map((row) => [row.key, row.values[a], row.values[b]]);
}

export function showDifference(view) {
  const state = readState();
  const place = (text, other) => (Number(text) >= 0 && Number(text) < view.cells.length && text !== undefined ? Number(text) : other);
  const a = place(state.a, 0);
  const b = place(state.b, Math.min(1, view.cells.length - 1));
  const cells = view.cells.map((name, cell) => [String(cell), shortLabel(name) || "all runs"]);
  const redraw = (name) => (value) => { writeState({ [name]: value }); showDifference(view); document.querySelectorAll("#difference-controls select")[name === "a" ? 0 : 1].focus(); };
  const box = document.getElementById("difference-controls");
  box.replaceChildren(choice("Between", cells, String(a), redraw("a")), choice("and", cells, String(b), redraw("b")));
  const rows = differences(view.settings, a, b);
  const table = el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "setting"), el("th", { title: view.cells[a] }, shortLabel(view.cells[a])), el("th", { title: view.cells[b] }, shortLabel(view.cells[b])))), el("tbody", {}, ...rows.map(([key, x, y]) => el("tr", {}, el("th", { scope: "row" }, el("code", {}, key)), el("td", {}, x), el("td", {}, y)))));
  document.getElementById("difference-table").replaceChildren(rows.length ? table : el("p", { class: "empty" }, "They have the same settings."));
}
