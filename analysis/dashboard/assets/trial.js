// The page of a trial: its sheets of samples beside reals and beside another trial's, and its history.

import { choice, el, file, keepFocus, link, readData, readState, short, writeState } from "./page.js";
import { drawChart, swatch } from "./chart.js";

export function showTrial(data = readData()) {
  showCharts(data);
  showSheets(data);
}

function nearest(sheets, kimg) {
  return sheets.reduce((near, sheet) => (Math.abs(sheet.kimg - kimg) <= Math.abs(near.kimg - kimg) ? sheet : near), sheets[0]);
}

function showSheets(data) {
  const controls = document.getElementById("sample-controls");
  if (!controls) return;
  const state = readState();
  const sheets = data.sheets;
  const sibling = data.siblings.find((one) => one.trial === state.with);
  const place = Math.max(sheets.findIndex((sheet) => sheet.kimg === Number(state.kimg)), state.kimg === undefined ? sheets.length - 1 : 0);
  const slider = el("input", { type: "range", min: 0, max: Math.max(sheets.length - 1, 0), value: place, disabled: sheets.length < 2, "aria-label": "Length of training", "aria-valuetext": sheets.length ? `${short(sheets[place].kimg)} kimg` : "" });
  const output = el("output", {}, sheets.length ? `${short(sheets[place].kimg)} kimg` : "");
  slider.addEventListener("input", () => {
    const sheet = sheets[Number(slider.value)];
    output.textContent = `${short(sheet.kimg)} kimg`;
    slider.setAttribute("aria-valuetext", output.textContent);
    writeState({ kimg: sheet.kimg });
    showPictures(data, sheet, sibling);
  });
  const names = [["", "the real images"], ...data.siblings.map((one) => [one.trial, one.label])];
  const beside = choice("Beside", names, sibling?.trial ?? "", (value) => { writeState({ with: value }); showSheets(data); });
  keepFocus(controls, [sheets.length ? el("label", { class: "grow" }, "At", slider, output) : null, data.siblings.length ? beside : null]);
  showPictures(data, sheets[place], sibling);
}

function showPictures(data, sheet, sibling) {
  const pictures = [];
  if (sheet) pictures.push(picture(file("samples", data.trial, sheet.name), `Generated at ${short(sheet.kimg)} kimg`));
  if (sibling) {
    const near = nearest(sibling.sheets, sheet ? sheet.kimg : Infinity);
    pictures.push(picture(file("samples", sibling.trial, near.name), `${sibling.label}, at ${short(near.kimg)} kimg`, link("trials", sibling.trial)));
  } else if (data.has_reals) {
    pictures.push(picture(file("samples", data.trial, "reals.png"), "Real images"));
  }
  document.getElementById("sheets").replaceChildren(...pictures);
}

function picture(source, words, target) {
  const caption = target ? el("a", { href: target }, words) : words;
  return el("figure", {}, el("figcaption", {}, caption), el("img", { src: source, alt: words }));
}

function showCharts(data) {
  const groups = new Map();
  for (const series of data.series) {
    if (series.value.every((value) => value === null)) continue;
    if (!groups.has(series.group)) groups.set(series.group, []);
    groups.get(series.group).push(series);
  }
  const box = document.getElementById("charts");
  if (!groups.size) box.replaceChildren(el("p", { class: "empty" }, "Nothing was measured yet."));
  const known = [...box.querySelectorAll("figure")];
  [...groups].forEach(([name, found], index) => {
    const figure = known.find((one) => one.dataset.group === name) ?? el("figure", { "data-group": name }, el("figcaption", {}, name), el("div", { class: "plot" }), el("div", { class: "legend" }));
    if (!figure.isConnected) box.append(figure);
    const lines = found.map((series, place) => ({ name: series.name, place, thin: series.kimg.length > 60, x: series.kimg, y: series.value }));
    drawChart(figure.querySelector(".plot"), lines, { title: name, xLabel: "kimg", yLabel: "", height: 220 });
    figure.querySelector(".legend").replaceChildren(...(found.length > 1 ? found.map((series, place) => el("span", {}, swatch(place), " ", series.name.split("/").slice(1).join("/") || series.name)) : []));
  });
}
