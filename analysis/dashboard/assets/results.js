// The table of a sweep's cells or runs: sorted, filtered, copied as CSV or Markdown.

import { choice, copy, el, link, readState, short, writeState } from "./page.js";
import { median, shortLabel } from "./numbers.js";

const ROWS = 200;

const NUMBERS = [["best", "best"], ["best_kimg", "at kimg"], ["last", "last"], ["kimg", "kimg"], ["hours", "hours"], ["kwh", "kWh"], ["images_per_second", "images/s"]];

/** The rows of the table, [{cell, values}], under `columns` [{name, isNumber}]. */
export function rowsOf(view, by) {
  const { runs } = view;
  if (by === "runs") {
    const columns = [text("trial"), text("cell"), number("seed"), text("state"), ...NUMBERS.map(([, name]) => number(name)), text("why")];
    const rows = runs.trial.map((trial, run) => [trial, view.cells[runs.cell[run]], runs.seed[run], runs.state[run], ...NUMBERS.map(([key]) => runs[key][run]), runs.why[run]]);
    return { columns, rows };
  }
  const of = view.cells.map(() => []);
  runs.cell.forEach((cell, run) => of[cell].push(run));
  const columns = [text("cell"), number("runs"), number("best"), number("min"), number("max"), number("at kimg"), number("last"), number("hours"), number("kWh"), number("images/s"), text("states")];
  return { columns, rows: view.cells.map((name, cell) => cellRow(view, name, of[cell])) };
}

function cellRow(view, name, runs) {
  const worst = view.score.higher_is_better ? -Infinity : Infinity;
  const known = (key) => runs.map((run) => view.runs[key][run]).filter((value) => value !== null);
  const ranked = (key) => median(runs.map((run) => (view.runs.state[run] === "diverged" ? worst : view.runs[key][run])).filter((value) => value !== null));
  const best = runs.filter((run) => view.runs.state[run] !== "diverged").map((run) => view.runs.best[run]).filter((value) => value !== null);
  const sum = (values) => (values.length ? values.reduce((total, value) => total + value, 0) : null);
  const counts = new Map();
  for (const run of runs) counts.set(view.runs.state[run], (counts.get(view.runs.state[run]) ?? 0) + 1);
  const edge = (pick) => (best.length ? pick(...best) : null);
  return [name, best.length, ranked("best"), edge(Math.min), edge(Math.max), median(known("best_kimg")), ranked("last"), sum(known("hours")), sum(known("kwh")), median(known("images_per_second")), [...counts].map(([state, count]) => `${count} ${state}`).join(", ")];
}

const text = (name) => ({ name, isNumber: false });
const number = (name) => ({ name, isNumber: true });

/** Rows that contain every word, sorted by one column; nothing measured comes last. */
export function arranged(rows, filter, column, isDown) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = rows.filter((row) => words.every((word) => row.some((value) => String(value).toLowerCase().includes(word))));
  if (column < 0) return kept;
  const sign = isDown ? -1 : 1;
  return [...kept].sort((a, b) => {
    const [x, y] = [a[column], b[column]];
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (typeof x === "number" ? (x === y ? 0 : x - y) : x.localeCompare(y, "en", { numeric: true }));
  });
}

export function asCsv(columns, rows) {
  const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return [columns.map((column) => column.name), ...rows].map((row) => row.map((value) => quoted(value === null ? "" : String(value))).join(",")).join("\n");
}

export function asMarkdown(columns, rows) {
  const escaped = (value) => String(value).replaceAll("|", "\\|").replaceAll("\n", " ");
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(columns.map((column) => column.name)), line(columns.map((column) => (column.isNumber ? "--:" : ":--"))), ...rows.map((row) => line(row.map((value) => escaped(typeof value === "number" ? short(value) : value ?? "–"))))].join("\n");
}

/** Show the table and its controls. */
export function showResults(view) {
  const state = readState();
  const by = state.by === "runs" ? "runs" : "cells";
  const { columns, rows } = rowsOf(view, by);
  const shown = () => {
    const now = readState();
    const sort = columns.findIndex((column) => column.name === (now.sort ?? ""));
    return arranged(rows, now.filter ?? "", sort, now.down === "1");
  };
  const redraw = () => fill(view, columns, shown(), readState());
  const filter = el("input", { type: "search", value: state.filter ?? "", placeholder: "Filter", "aria-label": "Filter rows", oninput: () => { writeState({ filter: filter.value, page: "" }); redraw(); } });
  const box = document.getElementById("table-controls");
  if (!box.contains(document.activeElement)) {
    box.replaceChildren(
      choice("One row per", [["cells", "cell"], ["runs", "run"]], by, (value) => { writeState({ by: value, sort: "", down: "", page: "" }); document.activeElement.blur(); showResults(view); document.querySelector("#table-controls select").focus(); }),
      filter,
      el("button", { type: "button", onclick: (event) => copy(asCsv(columns, shown()), event.target) }, "Copy CSV"),
      el("button", { type: "button", onclick: (event) => copy(asMarkdown(columns, shown()), event.target) }, "Copy Markdown"),
    );
  }
  redraw();
}

function fill(view, columns, rows, state) {
  const sort = (name) => {
    const isDown = state.sort === name && state.down !== "1";
    writeState({ sort: name, down: isDown ? "1" : "", page: "" });
    showResults(view);
    [...document.querySelectorAll("#table thead button")].find((button) => button.dataset.name === name)?.focus();
  };
  const direction = (name) => (state.sort !== name ? "none" : state.down === "1" ? "descending" : "ascending");
  const arrow = { none: "", ascending: " ↑", descending: " ↓" };
  const head = columns.map((column) => el("th", { scope: "col", class: column.isNumber ? "number" : "", "aria-sort": direction(column.name) }, el("button", { type: "button", "data-name": column.name, onclick: () => sort(column.name) }, column.name + arrow[direction(column.name)])));
  const { from, to, last } = pageOf(rows.length, Number(state.page));
  const body = rows.slice(from, to).map((row) => el("tr", {}, ...row.map((value, place) => entry(columns[place], value))));
  document.getElementById("table").replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body)), ...(last ? [pager(view, rows.length, from, to, last)] : []));
}

/** Which rows are on a page, counted from 0; `last` is the last page. */
export function pageOf(count, page) {
  const last = Math.max(Math.ceil(count / ROWS) - 1, 0);
  const from = Math.min(Math.max(page || 0, 0), last) * ROWS;
  return { from, to: Math.min(from + ROWS, count), last };
}

function pager(view, count, from, to, last) {
  const now = from / ROWS;
  const turn = (name, page) => el("button", { type: "button", "data-name": name, disabled: page < 0 || page > last, onclick: () => {
    writeState({ page: page || "" });
    showResults(view);
    document.querySelector(`#table .pager button[data-name="${name}"]:enabled`)?.focus();
  } }, name);
  return el("p", { class: "controls pager" }, turn("Back", now - 1), turn("On", now + 1), el("span", { role: "status" }, `rows ${from + 1} to ${to} of ${count}`));
}

function entry(column, value) {
  if (column.name === "trial") return el("th", { scope: "row" }, el("a", { href: link("trials", value) }, el("code", {}, value)));
  if (column.isNumber) return el("td", { class: "number" }, short(value));
  if (column.name === "state") return el("td", {}, el("span", { class: `chip state-${value}` }, value));
  if (column.name === "cell") return el("td", { title: value, class: "wide" }, shortLabel(value));
  return el("td", {}, value);
}
