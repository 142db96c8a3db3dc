// Runs before the page is painted: the reader's choice of light or dark, or else the system's.
(() => {
  const read = () => { try { return localStorage.getItem("adasweep-theme"); } catch { return null; } };
  const theme = read();
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
