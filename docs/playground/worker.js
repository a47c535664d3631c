// Python, and pluggrad in it: all files lie beside this one.

let run;
const fetched = async (name) => (await fetch(name)).arrayBuffer();

async function begin() {
  const { loadPyodide } = await import("./pyodide.mjs");
  const python = await loadPyodide();
  const folder = python.runPython("import site; site.getsitepackages()[0]");
  python.unpackArchive(await fetched("packages.zip"), "zip", { extractDir: folder });
  run = python.runPython(await (await fetch("run.py")).text());
}

const begun = begin().then(
  () => postMessage({ kind: "ready" }),
  (cause) => postMessage({ kind: "failed", text: `Python could not be loaded: ${cause}` }));

onmessage = async ({ data }) => {
  await begun;
  const [page, printed, wrong] = JSON.parse(run(data.program));
  postMessage({ kind: "done", page, printed, wrong });
};
