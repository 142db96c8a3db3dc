// Brings the data of a sweep's page up to date with the runs that have changed.

/** Put changed runs and their curves into `data`; what was asked for besides is to be asked for again. */
export function merge(data, changes) {
  if (!changes.places.length) return data;
  const curves = data.curves[data.score];
  changes.places.forEach((run, place) => {
    for (const [name, column] of Object.entries(changes.runs)) data.view.runs[name][run] = column[place];
    curves.value[run] = changes.curves.value[place];
    curves.grid[run] = gridOf(curves, changes.curves.grids[changes.curves.grid[place]]);
  });
  data.curves = { [data.score]: curves };
  data.logits = Object.fromEntries(Object.entries(data.logits).filter(([trial]) => !changes.runs.trial.includes(trial)));
  data.clock = null;
  return data;
}

/** The place of a grid among those of some curves, to which it is added if it is new. */
function gridOf(curves, grid) {
  const same = (other) => other.length === grid.length && other.every((kimg, place) => kimg === grid[place]);
  const place = curves.grids.findIndex(same);
  return place >= 0 ? place : curves.grids.push(grid) - 1;
}
