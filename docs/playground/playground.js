// The program is run by Python in a worker, so that the page never hangs, and Stop always works.

const EXAMPLES = {
  "a neuron": `from pluggrad import Value

x, w, b = Value(2.0), Value(-3.0), Value(6.5)
out = (x * w + b).tanh()
out.backward()
print(f"d(out)/d(w) = {w.grad:.4f}")
out  # the last line is drawn: choose w, and move it
`,
  "training": `import random
from pluggrad import Film
from pluggrad.nn import MLP, SGD, mse

random.seed(1)
points = [([0, 0], -1), ([0, 1], 1), ([1, 0], 1), ([1, 1], -1)]
model = MLP(2, [8, 1])

def loss_of(model):
    return mse([model(x) for x, _ in points], [y for _, y in points])

film = Film(loss_of(model))
optimizer = SGD(model.parameters(), lr=0.1)
for step in range(80):
    loss = loss_of(model)
    optimizer.zero_grad()
    loss.backward()
    film.shoot()
    optimizer.step()
print(f"loss {loss.data:.4f}")
film  # press f to play it
`,
  "an op of your own": `from pluggrad import Op, Value

# A forward function, and one rule for each operand.
smooth = Op("smooth", lambda x: x * x / (1 + x * x), lambda g, out, x: g * 2 * x / (1 + x * x) ** 2)

x = Value(0.7)
y = smooth(x) * 3.0
y.backward()
y
`,
};

const $ = (id) => document.getElementById(id);
let worker = null;

function begin() {
  worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data }) => receive(data);
  worker.onerror = (event) => tell(`Python could not be loaded: ${event.message ?? ""}`);
  ready(false);
}

function ready(on, text = "Python is on its way …") {
  $("run").disabled = !on;
  $("stop").hidden = on;
  tell(text);
}

const tell = (text) => { $("state").textContent = text; };

function receive({ kind, page, printed, wrong, text }) {
  if (kind === "failed") return tell(text);
  if (kind === "ready") {
    ready(true, "Ctrl+Enter runs it.");
    return run();
  }
  ready(true, wrong ? "It did not get to the end." : "Ctrl+Enter runs it.");
  $("printed").textContent = printed;
  $("printed").classList.toggle("wrong", wrong);
  if (page) $("page").srcdoc = page;
  return undefined;
}

function run() {
  ready(false, "running …");
  worker.postMessage({ program: $("program").value });
}

for (const name of Object.keys(EXAMPLES)) $("examples").append(new Option(name));
$("program").value = EXAMPLES["a neuron"];
$("examples").addEventListener("change", () => {
  $("program").value = EXAMPLES[$("examples").value];
  if (!$("run").disabled) run();
});
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!$("run").disabled) run();
});
$("program").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  if (!$("run").disabled) run();
});
$("stop").addEventListener("click", () => {
  worker.terminate();
  begin();
});
begin();
