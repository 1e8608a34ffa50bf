// The plots, drawn as SVG. A point tells its trial when it is pointed at, and opens it when it is clicked.
const SPACE = "http://www.w3.org/2000/svg";
const W = 480;
const H = 280;
const LEFT = 58;
const BOTTOM = 34;
const MOST_LINES = 600;

function draw(name, attributes = {}, text = null) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  return element;
}

function brief(value) {
  const size = Math.abs(value);
  return size && (size < 1e-3 || size >= 1e5) ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

// Return a scale from values to pixels: linear, logarithmic, or one place for each of several texts.
function scale(values, from, to, log = false) {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (known.length && known.every(isNumber)) {
    const logarithmic = log && known.every((value) => value > 0);
    const of = logarithmic ? Math.log10 : (value) => value;
    let low = known.reduce((a, b) => Math.min(a, of(b)), Infinity);
    let high = known.reduce((a, b) => Math.max(a, of(b)), -Infinity);
    if (low === high) { low -= Math.abs(low) / 2 || 0.5; high += Math.abs(high) / 2 || 0.5; }
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * (high - low)).map((at) => (logarithmic ? 10 ** at : at))
      .map((at) => (known.every(Number.isInteger) ? Math.round(at) : at));
    const place = (value) => (isNumber(value) ? from + ((of(value) - low) / (high - low)) * (to - from) : NaN);
    return { place, ticks: ticks.map((value) => [place(value), brief(value)]) };
  }
  const texts = [...new Set(known.map(shown))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const place = (value) => (value === null || value === undefined ? NaN
    : from + ((texts.indexOf(shown(value)) + 0.5) / texts.length) * (to - from));
  const every = Math.ceil(texts.length / 8);
  return { place, ticks: texts.filter((_, i) => i % every === 0).map((text) => [place(text), text.slice(0, 12)]) };
}

function frame(x, y, label) {
  const svg = draw("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label });
  for (const [at, text] of x.ticks) {
    svg.append(draw("line", { class: "grid", x1: at, x2: at, y1: 8, y2: H - BOTTOM }),
      draw("text", { x: at, y: H - BOTTOM + 14, "text-anchor": "middle" }, text));
  }
  for (const [at, text] of y.ticks) {
    svg.append(draw("line", { class: "grid", x1: LEFT, x2: W - 8, y1: at, y2: at }),
      draw("text", { x: LEFT - 5, y: at + 4, "text-anchor": "end" }, text));
  }
  svg.append(draw("path", { class: "axis", d: `M${LEFT} 8V${H - BOTTOM}H${W - 8}` }));
  return svg;
}

const across = (values, log) => scale(values, LEFT + 6, W - 16, log);
const upwards = (values, log) => scale(values, H - BOTTOM - 6, 14, log);

function openable(element, trial) {
  element.append(draw("title", {}, `trial ${trial.number}: ${told(trial) || trial.state}`));
  element.addEventListener("click", () => showTrial(trial.number));
  return element;
}

function dot(svg, trial, x, y, colour = null) {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return;
  const point = draw("circle", { class: `dot ${best.has(trial.number) ? "best" : trial.state}`, cx: x.toFixed(1), cy: y.toFixed(1), r: best.has(trial.number) ? 5 : 3 });
  if (colour && !best.has(trial.number)) point.style.fill = colour;
  svg.append(openable(point, trial));
}

function figure(title, svg) {
  return make("figure", { "data-plot": title.split(":")[0] }, make("figcaption", {}, title), svg);
}

const objective = () => Number(find("objective").value) || 0;
const valued = () => trials.filter((trial) => trial.state === "complete" && isNumber(trial.values[objective()]));
const valueOf = (trial) => trial.values[objective()];
const costSign = () => (data.directions[objective()] === "maximize" ? -1 : 1);
const metric = () => data.metrics[objective()];

// From poor to good: a colour that is read in light and in dark, with its lightness too.
function colours(having) {
  const order = [...having].sort((a, b) => costSign() * (valueOf(a) - valueOf(b)));
  const rank = new Map(order.map((trial, i) => [trial.number, i / Math.max(1, order.length - 1)]));
  return (trial) => `hsl(${Math.round(150 + 90 * rank.get(trial.number))} 70% ${Math.round(35 + 35 * rank.get(trial.number))}%)`;
}

function history() {
  const having = valued();
  const x = across(having.map(({ number }) => number));
  const y = upwards(having.map(valueOf));
  const svg = frame(x, y, `${metric()} of each trial`);
  let record = Infinity;
  let path = "";
  for (const trial of having) {
    dot(svg, trial, x.place(trial.number), y.place(valueOf(trial)));
    const cost = costSign() * valueOf(trial);
    if (cost < record) {
      record = cost;
      path += `${path ? `H${x.place(trial.number)}V` : `M${x.place(trial.number)} `}${y.place(valueOf(trial))}`;
    }
  }
  if (path) svg.append(draw("path", { class: "line best", d: `${path}H${W - 16}` }));
  return figure(`History: ${metric()} by trial, and the best so far`, svg);
}

function importance() {
  const shown12 = data.importances.slice(0, 12);
  const svg = draw("svg", { viewBox: `0 0 ${W} ${Math.max(40, shown12.length * 22 + 8)}`, role: "img", "aria-label": "Importance of parameters" });
  shown12.forEach(([name, share], i) => {
    const label = name.length > 30 ? `\u2026${name.slice(-29)}` : name;
    const bar = draw("rect", { class: "dot", x: 190, y: 6 + i * 22, width: Math.max(1, 220 * share), height: 14, rx: 2 });
    bar.append(draw("title", {}, `${name}: ${(100 * share).toFixed(1)} %`));
    svg.append(draw("text", { x: 184, y: 17 + i * 22, "text-anchor": "end" }, label), bar,
      draw("text", { x: 196 + 220 * share, y: 17 + i * 22 }, `${(100 * share).toFixed(1)} %`));
  });
  return figure(`Importance: by ${data.evaluator}`, svg);
}

function parallel() {
  const ordered = data.importances.map(([name]) => data.parameters.findIndex((one) => one.name === name)).filter((i) => i >= 0);
  const shown6 = [...new Set([...ordered, ...data.parameters.keys()])].slice(0, 6);
  const having = valued().sort((a, b) => costSign() * (valueOf(a) - valueOf(b))).slice(0, MOST_LINES).reverse();
  const colour = colours(having);
  const axes = [...shown6.map((i) => ({ name: data.parameters[i].name, of: (trial) => trial.params[i], log: data.parameters[i].log })), { name: metric(), of: valueOf }];
  const svg = draw("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "Parallel coordinates of the trials" });
  const placed = axes.map(({ name, of, log }, i) => {
    const at = 20 + (i * (W - 40)) / Math.max(1, axes.length - 1);
    const { place, ticks } = scale(having.map(of), H - 62, 26, log);
    svg.append(draw("line", { class: "axis", x1: at, x2: at, y1: 26, y2: H - 62 }));
    const label = draw("text", { x: at, y: H - 34 + 14 * (i % 3), "text-anchor": i === 0 ? "start" : i === axes.length - 1 ? "end" : "middle" }, name.split(".").slice(-2).join(".").slice(-26));
    label.append(draw("title", {}, name));
    const anchor = i === 0 ? "start" : i === axes.length - 1 ? "end" : "middle";
    svg.append(label, ...[[ticks[0], H - 50], [ticks.at(-1), 20]].map(([tick, y]) => draw("text", { x: at, y, "text-anchor": anchor }, tick?.[1] ?? "")));
    return { at, place, of };
  });
  for (const trial of having) {
    let path = "";
    for (const { at, place, of } of placed) {
      const y = place(of(trial));
      path += Number.isFinite(y) ? `${path && !path.endsWith(" ") ? "L" : "M"}${at.toFixed(1)} ${y.toFixed(1)}` : " ";
    }
    const line = draw("path", { class: `line ${best.has(trial.number) ? "best" : ""}`, d: path.replace(/ +M/g, "M").trim() });
    if (!best.has(trial.number)) line.style.stroke = colour(trial);
    svg.append(openable(line, trial));
  }
  return figure("Parallel coordinates: the best are drawn last", svg);
}

function slice() {
  const parameter = data.parameters[find("first").value];
  const of = (trial) => trial.params[find("first").value];
  const having = valued();
  const x = across(having.map(of), parameter.log);
  const y = upwards(having.map(valueOf));
  const svg = frame(x, y, `${metric()} by ${parameter.name}`);
  for (const trial of having) dot(svg, trial, x.place(of(trial)), y.place(valueOf(trial)));
  return figure(`Slice: ${metric()} by ${parameter.name}`, svg);
}

function pair() {
  const [i, j] = [find("first").value, find("second").value];
  const having = valued();
  const x = across(having.map((trial) => trial.params[i]), data.parameters[i].log);
  const y = upwards(having.map((trial) => trial.params[j]), data.parameters[j].log);
  const svg = frame(x, y, `${data.parameters[j].name} against ${data.parameters[i].name}`);
  const colour = colours(having);
  for (const trial of having) dot(svg, trial, x.place(trial.params[i]), y.place(trial.params[j]), colour(trial));
  return figure(`Pair: ${data.parameters[j].name} against ${data.parameters[i].name}, dark is good`, svg);
}

function curves() {
  const lines = Object.entries(data.curves).slice(-300);
  const points = lines.flatMap(([, line]) => line);
  const x = across(points.map(([step]) => step));
  const y = upwards(points.map(([, value]) => value));
  const svg = frame(x, y, "What trials reported on their way");
  for (const [number, line] of lines) {
    const known = line.filter(([, value]) => isNumber(value));
    const d = known.map(([step, value], i) => `${i ? "L" : "M"}${x.place(step).toFixed(1)} ${y.place(value).toFixed(1)}`).join("");
    svg.append(openable(draw("path", { class: `line ${best.has(Number(number)) ? "best" : ""}`, d }), byNumber.get(Number(number))));
  }
  return figure("Intermediate values: what trials reported on their way", svg);
}

function timeline() {
  const timed = trials.filter((trial) => isNumber(trial.start) && isNumber(trial.seconds));
  const workers = [...new Set(timed.map(({ worker }) => worker))].sort((a, b) => String(a).localeCompare(String(b), "en", { numeric: true }));
  const x = across([0, ...timed.map((trial) => trial.start + trial.seconds)]);
  const y = { ticks: workers.map((worker, i) => [20 + ((i + 0.5) * (H - BOTTOM - 30)) / workers.length, worker ? `worker ${worker}`.slice(0, 10) : ""]) };
  const svg = frame(x, y, "When each trial ran, in seconds since the first began");
  const height = Math.min(24, (H - BOTTOM - 30) / Math.max(1, workers.length) - 2);
  for (const trial of timed) {
    const from = x.place(trial.start);
    const middle = y.ticks[workers.indexOf(trial.worker)][0];
    svg.append(openable(draw("rect", { class: `dot ${best.has(trial.number) ? "best" : trial.state}`, x: from, y: middle - height / 2, width: Math.max(1, x.place(trial.start + trial.seconds) - from), height: Math.max(1, height) }), trial));
  }
  return figure("Timeline: when each trial ran, in seconds", svg);
}

function pareto() {
  const having = trials.filter((trial) => trial.state === "complete" && trial.values.length > 1 && trial.values.every(isNumber));
  const x = across(having.map(({ values }) => values[0]));
  const y = upwards(having.map(({ values }) => values[1]));
  const svg = frame(x, y, `${data.metrics[1]} against ${data.metrics[0]}`);
  for (const trial of having) dot(svg, trial, x.place(trial.values[0]), y.place(trial.values[1]));
  return figure(`Pareto front: ${data.metrics[1]} against ${data.metrics[0]}`, svg);
}

function drawAll() {
  const some = valued().length > 0;
  const found = [
    some && history(),
    data.metrics.length > 1 && some && pareto(),
    data.importances.length > 0 && importance(),
    some && data.parameters.length > 0 && parallel(),
    some && data.parameters.length > 0 && slice(),
    some && data.parameters.length > 1 && pair(),
    Object.keys(data.curves).length > 0 && curves(),
    trials.some((trial) => isNumber(trial.seconds)) && timeline(),
  ].filter(Boolean);
  find("plots").replaceChildren(...(found.length ? found : [make("p", {}, "No trial is complete yet, so there is nothing to plot.")]));
}

data.metrics.forEach((name, i) => find("objective").append(make("option", { value: i }, name)));
const rank = new Map(data.importances.map(([name], i) => [name, i]));
[...data.parameters.entries()].sort(([i, a], [j, b]) => (rank.get(a.name) ?? 1e9) - (rank.get(b.name) ?? 1e9) || i - j)
  .forEach(([i, { name }]) => ["first", "second"].forEach((id) => find(id).append(make("option", { value: i }, name))));
if (data.parameters.length > 1) find("second").selectedIndex = 1;
["objective", "first", "second"].forEach((id) => find(id).addEventListener("change", drawAll));
find("objective").parentElement.hidden = data.metrics.length < 2;
drawAll();
