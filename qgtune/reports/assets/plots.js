// The plots, drawn as SVG.
const objective = () => Number(find("objective").value) || 0;
const valued = () => trials.filter((trial) => trial.state === "complete" && isNumber(trial.values[objective()]));
const valueOf = (trial) => trial.values[objective()];
const costSign = () => (data.directions[objective()] === "maximize" ? -1 : 1);
const metric = () => data.metrics[objective()];
const byCost = (one, other) => costSign() * (valueOf(one) - valueOf(other)) || one.number - other.number;

// Say which of some trials is the best, and from where to where their values go.
function valuesSaid(having) {
  const first = [...having].sort(byCost)[0];
  return `${counted(having.length, "trial")}; ${metric()} ${range(having.map(valueOf))}; the best is trial ${first.number} with ${brief(valueOf(first))}.`;
}

// From poor to good: a colour that is read in light and in dark, with its lightness too.
function colours(having) {
  const order = [...having].sort(byCost);
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
    const cost = costSign() * valueOf(trial);
    if (cost < record) {
      record = cost;
      path += `${path ? `H${x.place(trial.number)}V` : `M${x.place(trial.number)} `}${y.place(valueOf(trial))}`;
    }
  }
  dots(svg, having.map((trial) => [x.place(trial.number), y.place(valueOf(trial)), trial]));
  if (path) svg.append(draw("path", { class: "line best still", d: `${path}H${W - 16}` }));
  return figure(`History: ${metric()} by trial, and the best so far`, svg, valuesSaid(having));
}

function importance() {
  const shown12 = data.importances.slice(0, 12);
  const svg = draw("svg", { viewBox: `0 0 ${W} ${Math.max(40, shown12.length * 22 + 8)}`, role: "img", "aria-label": "Importance of parameters" });
  shown12.forEach(([name, share], i) => {
    const label = name.length > 30 ? `\u2026${name.slice(-29)}` : name;
    const bar = draw("rect", { class: "dot still", x: 190, y: 6 + i * 22, width: Math.max(1, 220 * share), height: 14, rx: 2 });
    bar.append(draw("title", {}, `${name}: ${(100 * share).toFixed(1)} %`));
    svg.append(draw("text", { x: 184, y: 17 + i * 22, "text-anchor": "end" }, label), bar,
      draw("text", { x: 196 + 220 * share, y: 17 + i * 22 }, `${(100 * share).toFixed(1)} %`));
  });
  const rest = data.importances.length - shown12.length;
  const chosen = data.metrics.length > 1 ? "; the value chosen above does not change it" : "";
  const said = shown12.map(([name, share]) => `${name} ${(100 * share).toFixed(1)} percent`).join(", ");
  return figure(`Importance: by ${data.evaluator}${rest ? `; the first 12 of ${data.importances.length}` : ""}${chosen}`, svg, `${said}.`);
}

// The axes of the parallel coordinates: six parameters, the most important ones as far as that is known.
function parallelAxes() {
  const ordered = data.importances.map(([name]) => data.parameters.findIndex((one) => one.name === name)).filter((i) => i >= 0);
  const six = [...new Set([...ordered, ...data.parameters.keys()])].slice(0, 6);
  return [...six.map((i) => ({ name: data.parameters[i].name, of: (trial) => trial.params[i], log: data.parameters[i].log })), { name: metric(), of: valueOf }];
}

function parallel() {
  const all = valued().sort(byCost);
  const having = all.slice(0, MOST_LINES).reverse();
  const colour = colours(having);
  const axes = parallelAxes();
  const svg = draw("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "Parallel coordinates of the trials" });
  const placed = axes.map(({ name, of, log }, i) => {
    const at = 20 + (i * (W - 40)) / Math.max(1, axes.length - 1);
    const { place, ticks } = scale(having.map(of), H - 62, 26, log);
    const anchor = i === 0 ? "start" : i === axes.length - 1 ? "end" : "middle";
    svg.append(draw("line", { class: "axis", x1: at, x2: at, y1: 26, y2: H - 62 }));
    const label = draw("text", { x: at, y: H - 34 + 14 * (i % 3), "text-anchor": anchor }, name.split(".").slice(-2).join(".").slice(-26));
    label.append(draw("title", {}, name));
    svg.append(label, ...[[ticks[0], H - 50], [ticks.at(-1), 20]].map(([tick, y]) => draw("text", { x: at, y, "text-anchor": anchor }, tick?.[1] ?? "")));
    return { at, place, of };
  });
  const points = [];
  for (const trial of having) {
    let path = "";
    for (const { at, place, of } of placed) {
      const y = place(of(trial));
      if (Number.isFinite(y)) points.push([at, y, trial]);
      path += Number.isFinite(y) ? `${path && !path.endsWith(" ") ? "L" : "M"}${at.toFixed(1)} ${y.toFixed(1)}` : " ";
    }
    const line = draw("path", { class: `line ${best.has(trial.number) ? "best" : ""}`, d: path.replace(/ +M/g, "M").trim() });
    if (!best.has(trial.number)) line.style.stroke = colour(trial);
    svg.append(openable(line, trial));
  }
  opensNearest(svg, points);
  const which = all.length > having.length ? `the best ${having.length} of ${all.length} trials, ` : "";
  return figure(`Parallel coordinates: ${which}the best are drawn last`, svg, `${axes.map(({ name }) => name).join(", ")}. ${valuesSaid(having)}`);
}

function slice() {
  const parameter = data.parameters[find("first").value];
  const of = (trial) => trial.params[find("first").value];
  const having = valued();
  const x = across(having.map(of), parameter.log);
  const y = upwards(having.map(valueOf));
  const svg = frame(x, y, `${metric()} by ${parameter.name}`);
  dots(svg, having.map((trial) => [x.place(of(trial)), y.place(valueOf(trial)), trial]));
  return figure(`Slice: ${metric()} by ${parameter.name}`, svg, `${parameter.name} ${range(having.map(of))}. ${valuesSaid(having)}`);
}

function pair() {
  const axes = ["first", "second"].map((id) => ({ ...data.parameters[find(id).value], of: (trial) => trial.params[find(id).value] }));
  const having = valued();
  const [x, y] = [across(having.map(axes[0].of), axes[0].log), upwards(having.map(axes[1].of), axes[1].log)];
  const title = `${axes[1].name} against ${axes[0].name}`;
  const svg = frame(x, y, title);
  dots(svg, having.map((trial) => [x.place(axes[0].of(trial)), y.place(axes[1].of(trial)), trial]), colours(having));
  const ranges = axes.map(({ name, of }) => `${name} ${range(having.map(of))}`).join("; ");
  return figure(`Pair: ${title}, dark is good`, svg, `${ranges}. ${valuesSaid(having)}`);
}

function curves() {
  const lines = Object.entries(data.curves).map(([number, line]) => [byNumber.get(Number(number)), line.filter(([, value]) => isNumber(value))])
    .filter(([trial]) => trial);
  const all = lines.flatMap(([, line]) => line);
  const x = across(all.map(([step]) => step));
  const y = upwards(all.map(([, value]) => value));
  const svg = frame(x, y, "What trials reported on their way");
  const points = [];
  for (const [trial, line] of lines) {
    const placed = line.map(([step, value]) => [x.place(step), y.place(value)]);
    const d = placed.map(([across1, up], i) => `${i ? "L" : "M"}${across1.toFixed(1)} ${up.toFixed(1)}`).join("");
    svg.append(openable(draw("path", { class: `line ${best.has(trial.number) ? "best" : ""}`, d }), trial));
    points.push(...placed.map((place) => [...place, trial]));
  }
  opensNearest(svg, points);
  const which = lines.length < data.reported ? `${lines.length} of the ${data.reported} trials that reported, the best first` : "what trials reported on their way";
  return figure(`Intermediate values: ${which}`, svg,
    `${counted(lines.length, "trial")}; values ${range(all.map(([, value]) => value))}; steps ${range(all.map(([step]) => step))}.`);
}

function timeline() {
  const timed = trials.filter((trial) => isNumber(trial.start) && isNumber(trial.seconds));
  const workers = [...new Set(timed.map(({ worker }) => worker))].sort((a, b) => String(a).localeCompare(String(b), "en", { numeric: true }));
  const x = across([0, ...timed.map((trial) => trial.start + trial.seconds)]);
  const y = { ticks: workers.map((worker, i) => [20 + ((i + 0.5) * (H - BOTTOM - 30)) / workers.length, worker ? `worker ${worker}`.slice(0, 10) : ""]) };
  const svg = frame(x, y, "When each trial ran, in seconds since the first began");
  const height = Math.min(24, (H - BOTTOM - 30) / Math.max(1, workers.length) - 2);
  const points = [];
  for (const trial of timed) {
    const [from, to] = [x.place(trial.start), x.place(trial.start + trial.seconds)];
    const middle = y.ticks[workers.indexOf(trial.worker)][0];
    svg.append(openable(draw("rect", { class: `dot ${best.has(trial.number) ? "best" : trial.state}`, x: from, y: middle - height / 2, width: Math.max(1, to - from), height: Math.max(1, height) }), trial));
    points.push([(from + to) / 2, middle, trial]);
  }
  opensNearest(svg, points);
  const named = workers.some(Boolean) ? ` in ${counted(workers.length, "worker")}` : "";
  return figure("Timeline: when each trial ran, in seconds", svg,
    `${counted(timed.length, "trial")}${named}; a trial took ${range(timed.map(({ seconds }) => seconds))} seconds.`);
}

// Two values at a time: the one that is chosen, and the next.
function pareto() {
  const [i, j] = [objective(), (objective() + 1) % data.metrics.length];
  const having = trials.filter((trial) => trial.state === "complete" && trial.values.length > 1 && trial.values.every(isNumber));
  const x = across(having.map(({ values }) => values[i]));
  const y = upwards(having.map(({ values }) => values[j]));
  const title = `${data.metrics[j]} against ${data.metrics[i]}`;
  const svg = frame(x, y, title);
  dots(svg, having.map((trial) => [x.place(trial.values[i]), y.place(trial.values[j]), trial]));
  const which = data.metrics.length > 2 ? `, two of ${data.metrics.length} values: choose another above` : "";
  const ranges = [i, j].map((k) => `${data.metrics[k]} ${range(having.map(({ values }) => values[k]))}`).join("; ");
  return figure(`Pareto front: ${title}${which}`, svg, `${ranges}; ${counted(data.best.length, "trial")} that no other one beats.`);
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
    trials.some((trial) => isNumber(trial.start) && isNumber(trial.seconds)) && timeline(),
  ].filter(Boolean);
  find("plots").replaceChildren(...(found.length ? found : [make("p", {}, "No trial is complete yet, so there is nothing to plot.")]));
  find("plots-note").hidden = !found.length;
}

data.metrics.forEach((name, i) => find("objective").append(make("option", { value: i }, name)));
const rank = new Map(data.importances.map(([name], i) => [name, i]));
[...data.parameters.entries()].sort(([i, a], [j, b]) => (rank.get(a.name) ?? 1e9) - (rank.get(b.name) ?? 1e9) || i - j)
  .forEach(([i, { name }]) => ["first", "second"].forEach((id) => find(id).append(make("option", { value: i }, name))));
if (data.parameters.length > 1) find("second").selectedIndex = 1;
["objective", "first", "second"].forEach((id) => find(id).addEventListener("change", drawAll));
find("objective").parentElement.hidden = data.metrics.length < 2;
find("first").parentElement.hidden = !data.parameters.length;
find("second").parentElement.hidden = data.parameters.length < 2;
drawAll();
