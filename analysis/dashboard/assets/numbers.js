// Numbers of runs drawn together: medians and bands over seeds, clocks, the grid. Nothing here touches the page.

/** A cell's label with the last part of each key alone, unless two keys end alike. */
export function shortLabel(name) {
  const keys = [...name.matchAll(/([\w.]+)=/g)].map((found) => found[1]);
  const ends = keys.map((key) => key.split(".").pop());
  return new Set(ends).size === keys.length ? name.replace(/[\w.]+\.(\w+)=/g, "$1=") : name;
}

export function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const low = Math.floor(place);
  const high = Math.ceil(place);
  if (low === high) return sorted[low];
  return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
}

export function median(values) {
  return values.length ? quantile([...values].sort((a, b) => a - b), 0.5) : null;
}

export function meanAndDeviation(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return [mean, values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0];
}

/** The runs of each cell. */
export function runsOfCells(view) {
  const found = view.cells.map(() => []);
  view.runs.cell.forEach((cell, run) => found[cell].push(run));
  return found;
}

/** The median of a value of runs for each cell; null where none has it. */
export function medianOfCells(view, values) {
  return runsOfCells(view).map((runs) => median(runs.map((run) => values[run]).filter((value) => value !== null)));
}

/** The y of a curve at x, between its points; null outside of them. */
export function at(xs, ys, x) {
  if (!xs.length || x < xs[0] - 1e-9 || x > xs[xs.length - 1] + 1e-9) return null;
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  if (xs[high] === xs[low]) return ys[low];
  return ys[low] + (ys[high] - ys[low]) * Math.min(Math.max((x - xs[low]) / (xs[high] - xs[low]), 0), 1);
}

/** Where a run stands on the x axis at a length of training: itself, or the hours or kWh it had taken by then. */
export function onAxis(clock, run, axis, kimg) {
  return axis === "kimg" ? kimg : at(clock.kimg[run], clock[axis][run], kimg);
}

/**
 * One band for some runs of a cell: points [{x, middle, low, high}] by length of training.
 * `kind`: "range" (median, min to max) or "deviation" (mean, one standard deviation). From its divergence on, a run
 * counts as worst in the median, and not in the band.
 */
export function band(runs, curves, view, clock, axis, kind) {
  const known = new Map();
  for (const run of runs) {
    curves.grids[curves.grid[run]].forEach((kimg, place) => {
      if (!known.has(kimg)) known.set(kimg, new Map());
      known.get(kimg).set(run, curves.value[run][place]);
    });
  }
  const worst = curves.score ? (curves.score.higher_is_better ? -Infinity : Infinity) : null;
  const points = [...known].sort((a, b) => a[0] - b[0]).map(([kimg, values]) => {
    const finite = [];
    let dead = 0;
    for (const run of runs) {
      const end = view.runs.diverged_kimg[run];
      const value = values.get(run);
      if (view.runs.state[run] === "diverged" && end !== null && kimg >= end) dead += 1;
      else if (value !== null && value !== undefined) finite.push(value);
    }
    return { kimg, x: xOf(runs, clock, axis, kimg), ...spread(finite, worst === null ? 0 : dead, worst, kind) };
  });
  return points.filter((point) => point.x !== null && (point.middle !== null || point.low !== null));
}

function xOf(runs, clock, axis, kimg) {
  if (axis === "kimg") return kimg;
  return median(runs.map((run) => onAxis(clock, run, axis, kimg)).filter((x) => x !== null));
}

export function spread(finite, dead, worst, kind) {
  if (!finite.length) return { middle: null, low: null, high: null, runs: 0 };
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  if (kind === "deviation") {
    const [mean, deviation] = meanAndDeviation(finite);
    return { middle: mean, low: mean - deviation, high: mean + deviation, runs: finite.length };
  }
  const middle = median([...finite, ...Array(dead).fill(worst)]);
  return { middle: Number.isFinite(middle) ? middle : null, low, high, runs: finite.length };
}

/** The value of each run that the grid shows. `kimg` is for what: "at". */
export function runValues(view, curves, what, kimg) {
  const { runs } = view;
  const worst = view.score.higher_is_better ? -Infinity : Infinity;
  return runs.trial.map((_, run) => {
    if (what === "kwh" || what === "hours" || what === "images_per_second") return runs[what][run];
    if (what === "done") return runs.horizon_kimg[run] ? runs.kimg[run] / runs.horizon_kimg[run] : null;
    if (what !== "at") return runs.state[run] === "diverged" ? worst : runs[what][run];
    const end = runs.diverged_kimg[run];
    if (runs.state[run] === "diverged" && end !== null && end <= kimg) return worst;
    const place = curves.grids[curves.grid[run]].findIndex((one) => Math.abs(one - kimg) < 1e-6);
    return place < 0 ? null : curves.value[run][place];
  });
}

/** The grid of two axes (null: a single line): for each pair of places, its runs and the median of their values. */
export function grid(view, rowAxis, columnAxis, values) {
  const rows = rowAxis ? rowAxis.values : [""];
  const columns = columnAxis ? columnAxis.values : [""];
  const cells = rows.map(() => columns.map(() => ({ runs: [], value: null })));
  values.forEach((_, run) => {
    cells[rowAxis ? rowAxis.place[run] : 0][columnAxis ? columnAxis.place[run] : 0].runs.push(run);
  });
  for (const cell of cells.flat()) {
    const found = cell.runs.map((run) => values[run]).filter((value) => value !== null);
    cell.measured = found.length;
    cell.value = found.length ? median(found) : null;
  }
  return { rows, columns, cells };
}

/** How far each value lies between the least and the greatest finite one, from 0 to 1; where all are equal, 0.5. */
export function shares(values) {
  const finite = values.filter((value) => value !== null && Number.isFinite(value));
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return null;
    return high > low ? (value - low) / (high - low) : 0.5;
  });
}
