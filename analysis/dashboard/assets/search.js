// What the two pictures of a search share: elements of drawings, places on axes, marks that choose a cell.

import { medianOfCells } from "./numbers.js";
import { readState, short } from "./page.js";

const SPACE = "http://www.w3.org/2000/svg";

export function svg(tag, attributes, ...children) {
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

/** The best score of each cell, the median over its runs. */
export function bestOfCells(view) {
  return medianOfCells(view, view.runs.best);
}

/** A mark that stands for a cell: it says which, whether it was chosen, and chooses it when it is pressed. */
export function mark(view, tag, attributes, cell, score, { select, selected }) {
  const words = `${view.cells[cell]}: ${short(score)}`;
  const isPressed = readState().cells !== undefined && selected.has(cell);
  const made = svg(tag, { ...attributes, tabindex: "0", role: "button", "aria-label": words, "aria-pressed": String(isPressed), "data-cell": cell }, svg("title", {}, words));
  made.addEventListener("click", () => select([cell]));
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    select([cell]);
  });
  return made;
}

/** The axes of the search if the cells have them as settings; else all settings in which they differ. */
export function keysOf(view) {
  const searched = view.axes.map((axis) => axis.key).filter((key) => view.settings.some((row) => row.key === key));
  return searched.length ? searched : view.settings.slice(0, 8).map((row) => row.key);
}
