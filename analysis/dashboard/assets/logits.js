// Histograms of the discriminator's logits of one run of a sweep, at a length of training.

import { drawChart, swatch } from "./chart.js";
import { shortLabel } from "./numbers.js";
import { ask, choice, el, isLive, keepFocus, readState, short, sweepPath, writeState } from "./page.js";

/** The trials that can be shown, with their words: [[trial, words]]. Without a server, those that the page has. */
function trialsOf(data) {
  const { view } = data;
  const words = view.runs.trial.map((trial, run) => [trial, `${shortLabel(view.cells[view.runs.cell[run]]) || "all runs"}, seed ${view.runs.seed[run]}`]);
  return isLive ? words.filter(([, name], run) => !["new", "pending"].includes(view.runs.state[run]) && name) : words.filter(([trial]) => data.logits[trial]);
}

/** The lines of one length of training: [{name, place, x, y}]. */
export function linesAt(histograms, kimg) {
  return histograms.filter((one) => one.kimg === kimg).map((one, place) => ({ name: one.kind, place, thin: true, x: one.logit, y: one.density }));
}

/** Show the histograms of the chosen run, and the controls; an answer that comes after the next call is dropped. */
export async function showLogits(data) {
  const controls = document.getElementById("logit-controls");
  const box = document.getElementById("logit-chart");
  const trials = trialsOf(data);
  const state = readState();
  const trial = trials.some(([one]) => one === state.logits) ? state.logits : trials[0]?.[0];
  if (!trial) {
    box.replaceChildren(el("p", { class: "empty" }, "No histogram was written yet."));
    return;
  }
  box.wanted = state;
  const { logits } = data;
  try {
    logits[trial] ??= await ask(`${sweepPath(data.view.sweep)}/logits?trial=${trial}`);
  } catch (error) {
    if (box.wanted === state) box.replaceChildren(el("p", { class: "problem" }, error.message));
    return;
  }
  if (box.wanted !== state) return;
  const { histograms } = logits[trial];
  const stops = [...new Set(histograms.map((one) => one.kimg))];
  const stop = stops.includes(Number(state.lkimg)) ? Number(state.lkimg) : stops[stops.length - 1];
  const output = el("output", {}, `${short(stop)} kimg`);
  const slider = el("input", { type: "range", min: 0, max: stops.length - 1, value: stops.indexOf(stop), "aria-valuetext": `${short(stop)} kimg`, oninput: () => {
    const lkimg = stops[Number(slider.value)];
    output.textContent = `${short(lkimg)} kimg`;
    slider.setAttribute("aria-valuetext", output.textContent);
    writeState({ lkimg });
    draw(box, histograms, lkimg);
  } });
  keepFocus(controls, [
    choice("Run", trials, trial, (logits) => { writeState({ logits }); showLogits(data); }),
    stops.length > 1 ? el("label", { class: "grow" }, "At", slider, output) : null,
  ]);
  draw(box, histograms, stop);
}

function draw(box, histograms, stop) {
  const lines = linesAt(histograms, stop);
  drawChart(box, lines, { title: "Logits", xLabel: "logit", yLabel: "density", height: 260, empty: "This run wrote no histograms." });
  document.getElementById("logit-legend").replaceChildren(...lines.map((line) => el("span", {}, swatch(line.place), " ", line.name)));
}
