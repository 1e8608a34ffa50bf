// What the page knows, and how it makes elements. Text is only ever set as text, so a name cannot be markup.
const data = JSON.parse(document.getElementById("data").textContent);
const trials = data.trials.map(([number, state, values, params, start, seconds, worker, failure]) => (
  { number, state, values, params, start, seconds, worker, failure }));
const byNumber = new Map(trials.map((trial) => [trial.number, trial]));
const best = new Set(data.best);
const find = (id) => document.getElementById(id);
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

function shown(value) {
  if (value === null || value === undefined) return "";
  if (isNumber(value)) return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function seconds(value) {
  if (!isNumber(value)) return "";
  if (value < 60) return `${value.toFixed(1)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  return `${Math.floor(value / 3600)} h ${Math.round((value % 3600) / 60)} min`;
}

const told = (trial) => trial.values.map((value, i) => `${data.metrics[i]} ${shown(value)}`).join(", ");

find("aim").textContent = data.directions.map((way, i) => `${way} ${data.metrics[i]}`).join(", ")
  + ` \u00b7 ${trials.length}${data.asked === null ? "" : ` of ${data.asked}`} trials \u00b7 search space ${data.fingerprint}`;
for (const [state, count] of Object.entries(data.counts)) {
  if (count) find("tiles").append(make("li", { class: state }, make("b", {}, count), state));
}
for (const [state, reason, count] of data.reasons) {
  find("reasons").append(make("li", {}, `${count} ${state}: ${reason}`));
}
for (const line of data.advice) find("advice").append(make("li", {}, line));
find("reasons-section").hidden = !data.reasons.length;
find("advice-section").hidden = !data.advice.length;
