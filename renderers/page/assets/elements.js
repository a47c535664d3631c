// ----- Elements of the page -----

const $ = (id) => document.getElementById(id);

const touched = matchMedia("(any-pointer: coarse)").matches; // fingers do not hover

// Texts become text, never markup.
function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}
