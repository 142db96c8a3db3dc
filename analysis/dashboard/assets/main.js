// Starts what a page needs, and keeps it up to date while a server answers.

import { merge } from "./changes.js";
import { startHints } from "./overflow.js";
import { ask, atOnce, copy, el, isLive, readData, settings, sweepPath } from "./page.js";
import { steady } from "./steady.js";
import { showSweep, startActions } from "./sweep.js";
import { showTrial } from "./trial.js";

const POLL_MILLISECONDS = 2000;
const SHOW = { sweep: showSweep, trial: showTrial };

let data = null;
/** The regions as the server made them: what was written into them since (an outcome of Verify) is not a change. */
const shown = new Map([...document.querySelectorAll("[data-region]")].map((region) => [region.dataset.region, region.innerHTML]));

function show() {
  data ??= readData();
  SHOW[settings.page]?.(data);
}

/** The page as it is now; without its data, if `part` asks for the regions alone. */
async function fetchPage(part = "") {
  const answer = await fetch(location.pathname + (part || location.search), { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function takeRegions(fresh) {
  for (const region of document.querySelectorAll("[data-region]")) {
    const name = region.dataset.region;
    const other = fresh.querySelector(`[data-region="${name}"]`);
    const made = other?.innerHTML;
    if (!other || shown.get(name) === made) continue;
    shown.set(name, made);
    steady(() => document.querySelector(`[data-region="${name}"]`), () => region.replaceWith(document.adoptNode(other)));
  }
}

/** Take the regions that have changed, and the data, from the page as it is now; of a sweep, only runs that have changed. */
async function update() {
  if (settings.page === "sweep") {
    const changes = await ask(`${sweepPath(data.view.sweep)}/changes?since=${settings.revision}`);
    if (!changes.is_all) {
      takeRegions(await fetchPage("?regions=true"));
      settings.revision = changes.revision;
      data = merge(data, changes);
      if (changes.places.length) show();
      return;
    }
  }
  const fresh = await fetchPage();
  takeRegions(fresh);
  settings.revision = fresh.body.dataset.revision;
  const text = fresh.getElementById("data").textContent;
  const block = document.getElementById("data");
  if (text !== block.textContent) {
    block.textContent = text;
    data = JSON.parse(text);
    show();
  }
}

async function poll(known) {
  const status = document.getElementById("live");
  let revision = known;
  try {
    if (!document.hidden) {
      revision = (await ask("api/revision")).revision;
      if (settings.page === "machine" || (known && revision !== known)) await update();
      status.textContent = "live";
    }
  } catch {
    status.textContent = "no answer from the server";
    revision = known;
  }
  setTimeout(() => poll(revision), POLL_MILLISECONDS);
}

function startTheme() {
  const root = document.documentElement;
  document.getElementById("theme").addEventListener("click", () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    try { localStorage.setItem("adasweep-theme", root.dataset.theme); } catch { /* a browser without storage forgets */ }
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show());
}

async function findings(box) {
  box.textContent = "…";
  try {
    const found = await ask("api/machine/doctor");
    box.replaceChildren(el("table", {}, el("tbody", {}, ...found.findings.map((one) => el("tr", {}, el("td", {}, el("span", { class: `chip state-${{ ok: "done", note: "preempted", wrong: "failed" }[one.verdict]}` }, one.verdict)), el("th", { scope: "row" }, one.name), el("td", {}, one.detail))))));
  } catch (error) {
    box.textContent = error.message;
  }
}

/** Say beside the button, or the one that has taken its place meanwhile, whether the figure agrees with its runs. */
async function verify(button) {
  const { verify: sweep, figure } = button.dataset;
  const isSame = (one) => one.dataset.verify === sweep && one.dataset.figure === figure;
  const say = (words) => {
    const now = [...document.querySelectorAll("button[data-verify]")].find(isSame);
    if (now) now.parentElement.querySelector("output").textContent = words;
  };
  say("…");
  try {
    const path = sweep.split("/").map(encodeURIComponent).join("/");
    const found = await ask(`api/figures/${path}/verified`);
    const one = found.find((other) => other.figure === figure);
    say(!one ? "not found" : one.differences.length ? `differs: ${one.differences.join("; ")}` : "agrees with its runs");
  } catch (error) {
    say(error.message);
  }
}

function startButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.copy) copy(button.dataset.copy, button);
    if (button?.dataset.verify) atOnce(button, () => verify(button));
    if (button?.id === "doctor") atOnce(button, () => findings(document.getElementById("findings")));
  });
}

startTheme();
startButtons();
startActions();
startHints();
show();
if (isLive) poll(null);
