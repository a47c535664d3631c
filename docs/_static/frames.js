// Tell the pages in frames whether this one is dark, now and whenever it changes.
const night = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => {
  const { theme } = document.body.dataset;
  return theme === "dark" || (theme !== "light" && night.matches);
};
const tell = () => {
  for (const frame of document.querySelectorAll("iframe.steps")) {
    frame.contentWindow?.postMessage({ pluggrad: { dark: isDark() } }, "*");
  }
};
addEventListener("message", ({ data }) => { if (data === "pluggrad is ready") tell(); });
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(tell).observe(document.body, { attributes: true });
  night.addEventListener("change", tell);
  tell();
});
