// ----- Print: on white paper, whatever the page looks like -----

let wasDark = false;
addEventListener("beforeprint", () => {
  wasDark = look.dark;
  if (wasDark) switchTheme(false);
  draw();
});
addEventListener("afterprint", () => { if (wasDark) switchTheme(true); });
