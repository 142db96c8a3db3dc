// Says where a box that scrolls sideways has more than is seen.

/** The words for a box: which way it goes on. */
export function hintOf({ scrollLeft, scrollWidth, clientWidth }) {
  const left = scrollLeft > 1;
  const right = scrollLeft + clientWidth < scrollWidth - 1;
  if (left && right) return "← more →";
  return right ? "more →" : left ? "← more" : "";
}

function hint(box) {
  const words = hintOf(box);
  if (words) box.dataset.more = words;
  else delete box.dataset.more;
}

/** Keep the hints of all such boxes of the page right, whatever is put into them. */
export function startHints() {
  const all = () => document.querySelectorAll(".scroll").forEach(hint);
  let asked = 0;
  const soon = () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(all);
  };
  document.addEventListener("scroll", soon, { capture: true, passive: true });
  new ResizeObserver(soon).observe(document.body);
  new MutationObserver(soon).observe(document.getElementById("main"), { childList: true, subtree: true });
  soon();
}
