// ----- Elements of the page -----

const $ = (id) => document.getElementById(id);

// Texts become text, never markup.
function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}
