// What the page knows, and how it makes elements. Text is only ever set as text, so a name cannot be markup.
const data = JSON.parse(document.getElementById("data").textContent);
const trials = data.trials.map(([number, state, values, params, start, seconds, worker, failure, reused = null, spread = [], repeats = []]) => (
  { number, state, values, params, start, seconds, worker, failure, reused, spread, repeats }));
const byNumber = new Map(trials.map((trial) => [trial.number, trial]));
const best = new Set(data.best);
const find = (id) => document.getElementById(id);
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const isMissing = (value) => value === null || value === undefined || value === "";

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

function duration(seconds) {
  if (!isNumber(seconds)) return "";
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const told = (trial) => trial.values.map((value, i) => `${data.metrics[i]} ${shown(value)}`).join(", ");

// Say where the values of a trial come from, if not from one training of its own.
function origin(trial) {
  if (trial.reused !== null) return `the config of trial ${trial.reused}, whose values it was given`;
  if (!trial.repeats.length) return "";
  const each = trial.repeats.map((values) => values.map(shown).join(", ")).join("; ");
  return `the mean of ${trial.repeats.length} trainings: ${each}; standard deviation ${trial.spread.map(shown).join(", ")}`;
}

find("aim").textContent = data.directions.map((way, i) => `${way} ${data.metrics[i]}`).join(", ")
  + ` \u00b7 ${data.begun}${data.asked === null ? "" : ` of ${data.asked}`} trials \u00b7 search space ${data.fingerprint}`;
for (const [state, count] of Object.entries(data.counts)) {
  if (count) find("tiles").append(make("li", { class: state }, make("b", {}, count), state));
}
for (const [state, reason, count] of data.reasons) {
  find("reasons").append(make("li", {}, `${count} ${state}: ${reason}`));
}
for (const [name, text] of data.advice) find("advice").append(make("li", {}, make("code", {}, name), `: ${text}.`));
for (const line of data.left_out) find("left-out").append(make("li", {}, line));
find("reasons-section").hidden = !data.reasons.length;
find("advice").hidden = !data.advice.length;
find("advice-note").textContent = `${data.advice_note}.`;
find("advice-note").hidden = !data.advice_note;
find("advice-section").hidden = !data.advice.length && !data.advice_note;
find("left-out-section").hidden = !data.left_out.length;
