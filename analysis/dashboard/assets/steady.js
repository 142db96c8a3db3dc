// Leaves the keyboard, and what is scrolled, where they are while a part of the page is made anew.

const ABLE = "a[href], button, input, select, summary, [tabindex]";

/** Make the content of `find()` anew with `redraw`: what had the focus in it, or stands in its place, has it again. */
export function steady(find, redraw) {
  const able = () => [...find().querySelectorAll(ABLE)];
  const before = able();
  const place = before.indexOf(document.activeElement);
  const name = place >= 0 ? nameOf(before[place]) : null;
  const scrolled = before.map((one) => [one.scrollLeft, one.scrollTop]);
  redraw();
  const after = able();
  if (after.length === before.length) after.forEach((one, index) => { [one.scrollLeft, one.scrollTop] = scrolled[index]; });
  if (place >= 0) (after.find((one) => name !== null && nameOf(one) === name) ?? after[place])?.focus({ preventScroll: true });
}

/** What an element stands for: a cell, a page, a column; null if it is known by its place alone. */
function nameOf(element) {
  return element.dataset.cell ?? element.getAttribute("href") ?? element.dataset.name ?? null;
}
