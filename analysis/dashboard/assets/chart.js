// Charts of lines and bands, drawn by uPlot in the colours of the page; drawn again when these change.

import { el, short } from "./page.js";

const DASHES = [[], [8, 4], [3, 3], [10, 3, 2, 3]];
export const COLOURS = 8;

function colour(name) {
  const probe = el("span", {});
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function faint(rgb, share) {
  return rgb.startsWith("rgb(") ? rgb.replace("rgb(", "rgba(").replace(")", `, ${share})`) : rgb;
}

/** Colour and dash of a line, by its place among all lines that may be shown. */
export function penOf(place) {
  return { name: `--c${place % COLOURS}`, dash: Math.floor(place / COLOURS) % DASHES.length };
}

export function swatch(place) {
  const pen = penOf(place);
  return el("span", { class: `swatch dash${pen.dash}`, "--stroke": `var(${pen.name})`, "aria-hidden": "true" });
}

/** All lines on one x: [[x ...], [y of line 0 ...], ...] with null where a line has no point. */
export function aligned(lines) {
  const xs = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, index) => [x, index]));
  const columns = lines.map((line) => {
    const column = Array(xs.length).fill(null);
    line.x.forEach((x, index) => { column[place.get(x)] = line.y[index]; });
    return column;
  });
  return [xs, ...columns];
}

/**
 * Draw lines [{name, x, y, low, high, place, thin, isMark}] into `box`. A mark is a value of somebody else's: a dotted
 * line with rings. `options`: {title, xLabel, yLabel, log, height, empty, floors}; below each of
 * `floors` [{y, place}] it is shaded, and the y axis reaches down to them.
 * Returns the plot; a chart of nothing says so.
 */
export function drawChart(box, lines, options) {
  box.plot?.destroy();
  box.watch?.disconnect();
  box.replaceChildren();
  box.plot = null;
  if (!lines.some((line) => line.x.length)) {
    box.append(el("p", { class: "empty" }, options.empty ?? "Nothing was measured yet."));
    return null;
  }
  const flat = lines.flatMap((line) => (line.low ? [line, { ...line, y: line.low, edge: true }, { ...line, y: line.high, edge: true }] : [line]));
  const data = aligned(flat);
  if (options.log) data.forEach((column, index) => { if (index) data[index] = column.map((y) => (y > 0 ? y : null)); });
  const tooltip = el("div", { class: "u-tooltip", hidden: true });
  box.plot = new uPlot(optionsOf(box, flat, options, tooltip), data, box);
  box.plot.root.setAttribute("role", "img");
  box.plot.root.setAttribute("aria-label", `${options.title}: ${lines.map((line) => line.name).join("; ")}`.slice(0, 400));
  box.plot.over.append(tooltip);
  box.watch = new ResizeObserver(() => box.plot?.setSize(sizeOf(box, options)));
  box.watch.observe(box);
  return box.plot;
}

/** The y axis of values from `low` to `high`; where all are equal, one unit (or a share of their size) around them. */
function spanOf(low, high) {
  if (low === null) return [null, null];
  if (low < high) return uPlot.rangeNum(low, high, 0.1, true);
  const room = Math.abs(low) / 10 || 1;
  return [low === 0 ? 0 : low - room, high + room];
}

/** The range of the y axis: the values and, where there are any, the floors below them. */
function rangeOf({ floors = [], log }) {
  return (_, low, high) => {
    const least = low === null ? low : Math.min(low, ...floors.map((floor) => floor.y).filter((y) => !log || y > 0));
    return log && low !== null ? uPlot.rangeLog(least, high, 10, false) : spanOf(least, high);
  };
}

function sizeOf(box, options) {
  const width = Math.max(box.clientWidth, 200);
  return { width, height: options.height ?? Math.round(Math.min(Math.max(width * 0.42, 256), 400)) };
}

function optionsOf(box, flat, options, tooltip) {
  const ink = colour("--soft");
  const rule = colour("--line");
  const axis = { stroke: ink, font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif", grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 }, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : short(tick))) };
  const series = flat.map((line) => {
    const pen = penOf(line.place);
    const stroke = colour(pen.name);
    const width = line.edge ? 0 : line.thin ? 1 : 2;
    return { label: line.name, stroke: line.edge ? "transparent" : line.thin ? faint(stroke, 0.75) : stroke, width, dash: line.isMark ? [1, 5] : DASHES[pen.dash], spanGaps: true, points: line.isMark ? { show: true, size: 9, fill: colour("--card"), width: 2 } : { show: !line.edge && !line.thin && line.x.length < 40, size: 5 } };
  });
  const bands = flat.flatMap((line, index) => (line.low && !line.edge ? [{ series: [index + 3, index + 2], fill: faint(colour(penOf(line.place).name), 0.13) }] : []));
  return {
    ...sizeOf(box, options),
    series: [{}, ...series],
    bands,
    scales: { x: { time: false }, y: { distr: options.log ? 3 : 1, range: rangeOf(options) } },
    axes: [{ ...axis, label: options.xLabel, labelSize: 22, size: 38 }, { ...axis, label: options.yLabel, labelSize: 22, size: 58 }],
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { size: 7 } },
    hooks: { drawClear: [(plot) => shade(plot, options.floors ?? [])], setCursor: [(plot) => showTooltip(plot, flat, options, tooltip)] },
  };
}

/** Shade what lies below each floor, in the colour of its line. */
function shade(plot, floors) {
  const { left, top, width, height } = plot.bbox;
  for (const floor of floors) {
    const y = Math.min(Math.max(plot.valToPos(floor.y, "y", true), top), top + height);
    plot.ctx.fillStyle = faint(colour(penOf(floor.place).name), 0.16);
    plot.ctx.fillRect(left, y, width, top + height - y);
  }
}

function showTooltip(plot, flat, options, tooltip) {
  const { left, top, idx } = plot.cursor;
  if (idx === null || idx === undefined || left < 0) {
    tooltip.hidden = true;
    return;
  }
  const shown = flat.flatMap((line, index) => {
    const y = plot.data[index + 1][idx];
    if (line.edge || y === null || y === undefined) return [];
    const band = line.low ? ` [${short(plot.data[index + 2][idx])} to ${short(plot.data[index + 3][idx])}]` : "";
    return [[Math.abs(plot.valToPos(y, "y") - top), el("div", {}, swatch(line.place), ` ${line.name}: ${short(y)}${band}`)]];
  });
  shown.sort((a, b) => a[0] - b[0]);
  tooltip.replaceChildren(el("b", {}, `${short(plot.data[0][idx])} ${options.xLabel}`), ...shown.slice(0, 8).map(([, line]) => line));
  tooltip.hidden = !shown.length;
  const box = plot.over.getBoundingClientRect();
  tooltip.style.left = `${left > box.width / 2 ? left - tooltip.offsetWidth - 14 : left + 14}px`;
  tooltip.style.top = `${Math.max(Math.min(top, box.height - tooltip.offsetHeight), 0)}px`;
}
