// A trial's config, with what differs from the best one marked.
function configOf(number) {
  const changes = data.differences[number];
  if (!changes) return null;
  const config = new Map(data.config.map((value, i) => [i, value]));
  for (const [index, ...value] of changes) {
    if (value.length) config.set(index, value[0]);
    else config.delete(index);
  }
  return config;
}

function configRows(number) {
  const config = configOf(number);
  if (!config) return [];
  const same = (index) => config.has(index) && index < data.config.length
    && JSON.stringify(config.get(index)) === JSON.stringify(data.config[index]);
  const indices = [...new Set([...config.keys(), ...data.config.keys()])];
  return indices.map((index) => make(
    "tr", { class: !same(index) && "differs" },
    make("td", {}, same(index) ? "" : "\u2260\u00a0", data.paths[index]),
    make("td", {}, config.has(index) ? shown(config.get(index)) || '""' : "absent"),
    make("td", {}, index < data.config.length ? shown(data.config[index]) || '""' : "absent"),
  ));
}

function showTrial(number) {
  const trial = byNumber.get(number);
  const dialog = find("details");
  const only = make("input", { type: "checkbox", id: "only-differences" });
  const rowsOf = configRows(number);
  only.addEventListener("change", () => rowsOf.forEach((one) => { one.hidden = only.checked && !one.classList.contains("differs"); }));
  const compared = data.reference === undefined ? "" : `trial ${data.reference}${best.has(data.reference) ? " (best)" : ""}`;
  dialog.replaceChildren(
    make("header", {}, make("h2", { id: "details-title" }, `Trial ${number}`),
      make("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Close")),
    make("p", {}, [trial.state, told(trial), seconds(trial.seconds), trial.worker && `worker ${trial.worker}`, trial.failure]
      .filter(Boolean).join(" \u00b7 ")),
  );
  if (rowsOf.length) {
    dialog.append(
      make("p", {}, make("label", {}, only, ` only what differs from ${compared}`)),
      make("table", {}, make("caption", { class: "note" }, `Config; \u2260 marks what differs from ${compared}`),
        make("thead", {}, make("tr", {}, ...["path", `trial ${number}`, compared].map((name) => make("th", { scope: "col" }, name)))),
        make("tbody", {}, ...rowsOf)),
    );
  } else {
    dialog.append(make("p", { class: "note" }, "The config of this trial is not known: it ended before all of it was sampled, or the study is too large for this page. qgtune show prints it."));
  }
  dialog.showModal();
  dialog.scrollTop = 0;
}

if (data.best.length) {
  const list = make("p", {});
  data.best.slice(0, 30).forEach((number) => list.append(
    make("button", { type: "button", onclick: () => showTrial(number) }, `Trial ${number}: ${told(byNumber.get(number))}`), " "));
  find("best").append(list);
} else {
  find("best").append(make("p", {}, "No trial is complete yet, so there is no best one."));
}
