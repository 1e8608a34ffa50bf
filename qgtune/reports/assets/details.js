// A trial's config, with what differs from the best one marked.
function configOf(number) {
  const changes = data.differences[number];
  if (!changes) return null;
  const { params } = byNumber.get(number);
  const config = new Map();
  data.paths.forEach((_, index) => {
    const parameter = data.follows[index];
    if (parameter === undefined) {
      if (index < data.config.length) config.set(index, data.config[index]);
    } else if (params[parameter] !== null) config.set(index, params[parameter]);
  });
  for (const [index, ...value] of changes) {
    if (value.length) config.set(index, value[0]);
    else config.delete(index);
  }
  return config;
}

const quoted = (value) => (value === null ? "null" : shown(value) || '""');

function configRows(number) {
  const config = configOf(number);
  if (!config) return [];
  const same = (index) => config.has(index) && index < data.config.length
    && JSON.stringify(config.get(index)) === JSON.stringify(data.config[index]);
  const indices = [...new Set([...data.config.keys(), ...config.keys()])];
  return indices.map((index) => make(
    "tr", { class: !same(index) && "differs" },
    make("td", {}, same(index) ? "" : "\u2260\u00a0", data.paths[index]),
    make("td", {}, config.has(index) ? quoted(config.get(index)) : "absent"),
    make("td", {}, index < data.config.length ? quoted(data.config[index]) : "absent"),
  ));
}

function configTable(number, rowsOf) {
  const only = make("input", { type: "checkbox", id: "only-differences" });
  only.addEventListener("change", () => rowsOf.forEach((one) => { one.hidden = only.checked && !one.classList.contains("differs"); }));
  const compared = `trial ${data.reference}${best.has(data.reference) ? " (best)" : ""}`;
  return [
    make("p", {}, make("label", {}, only, ` only what differs from ${compared}`)),
    make("table", {}, make("caption", { class: "note" }, `Config; \u2260 marks what differs from ${compared}`),
      make("thead", {}, make("tr", {}, ...["path", `trial ${number}`, compared].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...rowsOf)),
  ];
}

function showTrial(number) {
  const trial = byNumber.get(number);
  const dialog = find("details");
  const rowsOf = configRows(number);
  dialog.replaceChildren(
    make("header", {}, make("h2", { id: "details-title" }, `Trial ${number}`),
      make("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Close")),
    make("p", {}, [trial.state, told(trial), origin(trial), duration(trial.seconds), trial.worker && `worker ${trial.worker}`, trial.failure]
      .filter(Boolean).join(" \u00b7 ")),
  );
  if (rowsOf.length) dialog.append(...configTable(number, rowsOf));
  else dialog.append(make("p", { class: "note" }, "The config of this trial is not known: it ended before all of it was sampled, or the study is too large for this page. qgtune show prints it."));
  dialog.showModal();
  dialog.scrollTop = 0;
}

const MOST_BEST = 30;
const shownBest = data.best.filter((number) => byNumber.has(number)).slice(0, MOST_BEST);
if (shownBest.length) {
  const list = make("p", {});
  shownBest.forEach((number) => list.append(
    make("button", { type: "button", onclick: () => showTrial(number) }, `Trial ${number}: ${told(byNumber.get(number))}`), " "));
  if (data.best.length > shownBest.length) list.append(`and ${data.best.length - shownBest.length} more that no other trial beats`);
  find("best").append(list);
} else {
  find("best").append(make("p", {}, "No trial is complete yet, so there is no best one."));
}
