// Run by test_modules.py with the folder of the modules in ASSETS.

import assert from "node:assert/strict";
import { test } from "node:test";

const load = (name) => import(`${process.env.ASSETS}/${name}`);
const { at, band, grid, median, runValues, shares, shortLabel, spread } = await load("numbers.js");
const { arranged, asCsv, asMarkdown, pageOf, rowsOf } = await load("results.js");
const { differences } = await load("difference.js");
const { positions } = await load("search.js");
const { aligned } = await load("chart.js");
const { linesAt } = await load("logits.js");
const { merge } = await load("changes.js");
const { hintOf } = await load("overflow.js");
const { atOnce } = await load("page.js");
const { bestCells, floorsOf, listed, marks } = await load("curves.js");

const view = {
  score: { metric: "fid", label: "FID", higher_is_better: false },
  cells: ["a", "b"],
  axes: [{ key: "augment", label: "augment", values: ["none", "ada"], place: [0, 0, 0, 1] }],
  runs: {
    trial: ["t0", "t1", "t2", "t3"], cell: [0, 0, 0, 1], seed: [0, 1, 2, 0], state: ["done", "done", "diverged", "running"],
    best: [10, 30, 5, 7], last: [11, 31, 6, 7], best_kimg: [20, 20, 10, 20], kimg: [20, 20, 10, 10], horizon_kimg: [20, 20, 20, 20],
    hours: [1, 2, 3, null], kwh: [0.1, 0.2, 0.3, null], images_per_second: [50, 60, 70, 80], diverged_kimg: [null, null, 15, null], why: ["", "", "", ""],
  },
};
const curves = { score: view.score, grids: [[10, 20], [10]], grid: [0, 0, 1, 1], value: [[12, 10], [32, 30], [5], [7]] };
const clock = { kimg: [[0, 20], [0, 20], [0, 10], [0, 10]], hours: [[0, 1], [0, 2], [0, 3], [0, 1]], kwh: [[0, 1], [0, 1], [0, 1], [0, 1]] };

test("a median lies between the two middle values", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(median([]), null);
});

test("a curve is read between its points and not beyond", () => {
  assert.equal(at([0, 10], [0, 5], 4), 2);
  assert.equal(at([0, 10], [0, 5], 11), null);
});

test("a diverged run counts as worst in the median and not in the band", () => {
  const [first, second] = band([0, 1, 2], curves, view, clock, "kimg", "range");
  assert.deepEqual([first.middle, first.low, first.high], [12, 5, 32]);
  assert.deepEqual([second.middle, second.low, second.high], [30, 10, 30]);
});

test("a mean comes with one standard deviation", () => {
  const points = spread([1, 3], 0, Infinity, "deviation");
  assert.equal(points.middle, 2);
  assert.ok(Math.abs(points.high - 2 - Math.SQRT2) < 1e-12);
});

test("hours of a band are the median over its runs", () => {
  assert.equal(band([0, 1], curves, view, clock, "hours", "range")[0].x, 0.75);
});

test("the grid holds the median of each field", () => {
  const found = grid(view, view.axes[0], null, runValues(view, curves, "best"));
  assert.equal(found.cells[0][0].value, 30);
  assert.equal(found.cells[1][0].value, 7);
  assert.equal(grid(view, null, null, runValues(view, curves, "at", 20)).cells[0][0].measured, 3);
});

test("shares run from the least to the greatest", () => {
  assert.deepEqual(shares([1, null, 3, Infinity, 2]), [0, null, 1, null, 0.5]);
  assert.deepEqual(shares([2, 2]), [0.5, 0.5]);
});

test("rows are filtered by words and sorted with nothing last", () => {
  const rows = [["x", 2], ["xy", null], ["y", 1]];
  assert.deepEqual(arranged(rows, "x", 1, false), [["x", 2], ["xy", null]]);
  assert.deepEqual(arranged(rows, "", 1, true).map((row) => row[1]), [2, 1, null]);
});

test("copied tables keep commas, quotes and bars", () => {
  const columns = [{ name: "cell", isNumber: false }, { name: "best", isNumber: true }];
  assert.equal(asCsv(columns, [['a, "b"', null]]), 'cell,best\n"a, ""b""",');
  assert.equal(asMarkdown(columns, [["a|b", 1.23456]]), "| cell | best |\n| :-- | --: |\n| a\\|b | 1.235 |");
});

test("a table has one row per cell or per run", () => {
  const { columns, rows } = rowsOf(view, "cells");
  assert.equal(rows.length, 2);
  assert.equal(rows[0][columns.findIndex((column) => column.name === "best")], 30);
  assert.equal(rowsOf(view, "runs").rows.length, 4);
});

test("only settings that differ are shown", () => {
  assert.deepEqual(differences([{ key: "a", values: ["1", "1"] }, { key: "b", values: ["1", "2"] }], 0, 1), [["b", "1", "2"]]);
});

test("an axis over decades is placed by ratio, words in their order", () => {
  assert.ok(Math.abs(positions(["0.001", "0.01", "0.1"]).places[1] - 0.5) < 1e-12);
  assert.deepEqual(positions(["ada", "none", "ada"]).places, [0, 1, 0]);
});

test("lines of different lengths share one x", () => {
  assert.deepEqual(aligned([{ x: [1, 3], y: [1, 3] }, { x: [2], y: [2] }]), [[1, 2, 3], [1, null, 3], [null, 2, null]]);
});

test("the best cells are shown first", () => {
  assert.deepEqual([...bestCells(view, 1)], [1]);
});

test("labels drop what keys begin with unless two end alike", () => {
  assert.equal(shortLabel("data.subset=20, augment=none"), "subset=20, augment=none");
  assert.equal(shortLabel("generator.lr=1, discriminator.lr=2"), "generator.lr=1, discriminator.lr=2");
});

test("changed runs replace what was known of them, and nothing else", () => {
  const runs = { trial: ["t0", "t1"], best: [10, 30] };
  const data = { score: "fid", view: { runs }, clock: {}, logits: { t0: {}, t1: {} }, curves: { p: {}, fid: { grids: [[10]], grid: [0, 0], value: [[12], [32]] } } };
  const changes = { places: [1], runs: { trial: ["t1"], best: [29] }, curves: { grids: [[10, 20]], grid: [0], value: [[32, 29]] } };
  merge(data, changes);
  assert.deepEqual(data.view.runs.best, [10, 29]);
  assert.deepEqual(data.curves, { fid: { grids: [[10], [10, 20]], grid: [0, 1], value: [[12], [32, 29]] } });
  assert.equal(data.clock, null);
  assert.deepEqual(data.logits, { t0: {} });
});

test("a published value is a level line over what is drawn of its cell", () => {
  const published = [{ metrics: ["fid2k-lite0"], cell: 1, value: 5, source: "a paper", of: "ada" }];
  const [line] = marks(published, "fid2k-lite0", new Set([1]), [10, 20, 5]);
  assert.deepEqual([line.x, line.y, line.place], [[5, 20], [5, 5], 1]);
  assert.equal(marks(published, "fid2k-lite0", new Set([0]), [10]).length, 0);
  assert.equal(marks(published, "kid", new Set([1]), [10]).length, 0);
});

test("histograms of one length of training are lines", () => {
  const found = [{ kimg: 4, kind: "train", logit: [0, 1], density: [1, 2] }, { kimg: 8, kind: "train", logit: [0], density: [3] }];
  assert.deepEqual(linesAt(found, 4).map((line) => [line.name, line.y]), [["train", [1, 2]]]);
});

test("long tables have pages, and a page that is not there is the nearest", () => {
  assert.deepEqual(pageOf(450, 1), { from: 200, to: 400, last: 2 });
  assert.deepEqual(pageOf(450, 9), { from: 400, to: 450, last: 2 });
  assert.deepEqual(pageOf(0, NaN), { from: 0, to: 0, last: 0 });
});

test("of very many cells the legend lists those that are drawn and the best", () => {
  const cells = Array.from({ length: 500 }, (_, cell) => `cell ${cell}`);
  const runs = { cell: cells.map((_, cell) => cell), best: cells.map((_, cell) => 500 - cell) };
  const found = listed({ ...view, cells, runs }, new Set([3]));
  assert.equal(found.length, 200);
  assert.ok(found.includes(3) && found.includes(499) && !found.includes(5));
});

test("the floor is shaded for FID, of the cells that are shown", () => {
  const floors = [{ cell: 0, mean: 9, std: 1 }, { cell: 1, mean: 4, std: 1 }];
  assert.deepEqual(floorsOf(floors, "fid2k-lite0", new Set([1])), [{ y: 4, place: 1 }]);
  assert.deepEqual(floorsOf(floors, "kid2k-lite0", new Set([1])), []);
});

test("a box that scrolls says which way it goes on", () => {
  const box = { scrollLeft: 0, scrollWidth: 900, clientWidth: 350 };
  assert.equal(hintOf(box), "more →");
  assert.equal(hintOf({ ...box, scrollLeft: 200 }), "← more →");
  assert.equal(hintOf({ ...box, scrollLeft: 550 }), "← more");
  assert.equal(hintOf({ ...box, scrollWidth: 350 }), "");
});

test("what is pressed twice is asked once, and again when it was answered", async () => {
  const box = {};
  let [asked, answer] = [0, null];
  const work = () => { asked += 1; return new Promise((done) => { answer = done; }); };
  const first = atOnce(box, work);
  await atOnce(box, work);
  assert.equal(asked, 1);
  answer();
  await first;
  atOnce(box, work);
  assert.equal(asked, 2);
});
