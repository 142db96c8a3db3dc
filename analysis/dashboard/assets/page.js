// What all pages share: their data, elements made without markup, numbers, state in the address, requests.

export const settings = globalThis.document?.body?.dataset ?? {};
export const isLive = settings.live === "true";

export function readData(where = document) {
  return JSON.parse(where.getElementById("data").textContent);
}

/** Make an element. Text is always text: nothing that a store says can become markup. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) made.style.setProperty(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function link(...parts) {
  return settings.root + parts.map((part) => part.split("/").map(encodeURIComponent).join("/")).join("/") + settings.ending;
}

export function file(...parts) {
  return settings.root + ["files", ...parts].map(encodeURIComponent).join("/");
}

/** A number in a few significant digits; a dash for none. */
export function short(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return "diverged";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(digits)));
}

/** What of the page can be shared: kept in the part of the address after #. */
export function readState() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

export function writeState(changes) {
  const state = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value === null || value === undefined) state.delete(name);
    else state.set(name, value);
  }
  history.replaceState(null, "", `#${state}`);
}

export async function ask(path, options = {}) {
  const answer = await fetch(settings.root + path, { credentials: "same-origin", ...options });
  const isJson = answer.headers.get("content-type")?.startsWith("application/json");
  const body = isJson ? await answer.json() : await answer.text();
  if (!answer.ok) throw new Error((isJson ? body.detail : body) || `${answer.status} ${answer.statusText}`);
  return body;
}

/** Do `work`, which asks the server for something, unless what `box` has asked for before is yet to be answered. */
export async function atOnce(box, work) {
  if (box.ariaBusy === "true") return;
  box.ariaBusy = "true";
  try {
    await work();
  } finally {
    box.ariaBusy = null;
  }
}

/** Where the API has a sweep. */
export function sweepPath(sweep) {
  return `api/sweeps/${sweep.split("/").map(encodeURIComponent).join("/")}`;
}

/** Replace controls, leaving the keyboard where it was. */
export function keepFocus(box, controls) {
  const fields = () => [...box.querySelectorAll("select, input")];
  const place = fields().indexOf(document.activeElement);
  box.replaceChildren(...controls.filter(Boolean));
  if (place >= 0) fields()[place]?.focus();
}

/** A labelled choice. `entries`: [value, words]. */
export function choice(label, entries, value, change) {
  const select = el("select", { onchange: () => change(select.value) });
  select.append(...entries.map(([key, words]) => el("option", { value: key, selected: key === value }, words)));
  return el("label", {}, label, select);
}

export async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    const area = el("textarea", {}, text);
    document.body.append(area);
    area.select();
    button.textContent = document.execCommand("copy") ? "Copied" : "Select and copy by hand";
    area.remove();
  }
  setTimeout(() => { button.textContent = before; }, 1500);
}
