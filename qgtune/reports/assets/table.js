// The table of trials: sorted by any column, filtered by words and comparisons, a page at a time.
const ROWS = 100;
const columns = [
  { name: "number", of: (trial) => trial.number },
  { name: "state", of: (trial) => trial.state },
  ...data.metrics.map((name, i) => ({ name, others: [...(i ? [] : ["value"]), `values_${i}`], of: (trial) => trial.values[i] })),
  ...data.parameters.map(({ name, domain }, i) => ({ name, title: domain, of: (trial) => trial.params[i] })),
  { name: "seconds", of: (trial) => trial.seconds, tell: duration },
  { name: "worker", of: (trial) => trial.worker },
  { name: "failure", of: (trial) => trial.failure },
  { name: "reused_from", of: (trial) => trial.reused },
  { name: "spread", of: (trial) => (trial.spread.length > 1 ? trial.spread.map(shown).join(" ") : trial.spread[0]) },
].filter(({ name, of }, i, all) => i < all.length - 2 || trials.some((trial) => !isMissing(of(trial))));
const direction = data.directions[0] === "maximize" ? -1 : 1;
let sorting = { column: 2, sign: direction };
let page = 0;
let rows = trials;

const texts = new Map();
function textOf(trial) {
  if (!texts.has(trial.number)) {
    texts.set(trial.number, columns.map((column) => shown(column.of(trial))).join("\n").toLowerCase());
  }
  return texts.get(trial.number);
}

// What is missing comes last, whichever way the rest is sorted.
function compareBy({ column, sign }) {
  const { of } = columns[column];
  return (one, other) => {
    const a = of(one);
    const b = of(other);
    if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b) || one.number - other.number;
    if (isNumber(a) && isNumber(b)) return sign * (a - b) || one.number - other.number;
    return sign * shown(a).localeCompare(shown(b), "en", { numeric: true }) || one.number - other.number;
  };
}

function search() {
  const tests = wordsOfFilter(find("filter").value).map((word) => test(word, columns, textOf));
  const state = find("state").value;
  rows = trials.filter((trial) => (!state || trial.state === state) && tests.every(({ passes }) => passes(trial)));
  rows.sort(compareBy(sorting));
  page = 0;
  const unknown = tests.filter((one) => one.unknown !== undefined).map((one) => `no column ${one.unknown}; `).join("");
  find("found").textContent = `${unknown}${rows.length} of ${trials.length} trials`;
  showPage();
}

function showPage() {
  const pages = Math.max(1, Math.ceil(rows.length / ROWS));
  page = Math.min(Math.max(page, 0), pages - 1);
  const body = find("table").tBodies[0];
  body.replaceChildren(...rows.slice(page * ROWS, (page + 1) * ROWS).map(row));
  find("page").textContent = `page ${page + 1} of ${pages}`;
  find("previous").disabled = page === 0;
  find("next").disabled = page === pages - 1;
  find("pages").hidden = pages === 1;
}

function row(trial) {
  const cells = columns.map((column, i) => {
    const value = column.of(trial);
    const text = (column.tell ?? shown)(value);
    if (i === 0) {
      const open = make("button", { type: "button", "aria-label": `Show trial ${text}`, onclick: () => showTrial(trial.number) }, text);
      return make("td", {}, open);
    }
    return make("td", { class: `${isNumber(value) ? "number" : ""} ${i === 1 ? value : ""}`, title: text.length > 30 && text }, text);
  });
  return make("tr", { class: best.has(trial.number) && "best", "data-number": trial.number }, ...cells);
}

function sortBy(column) {
  sorting = { column, sign: sorting.column === column ? -sorting.sign : 1 };
  showHead();
  search();
}

// The style sheet draws the arrow of the column that is sorted; a screen reader tells aria-sort.
function showHead() {
  [...find("table").tHead.rows[0].cells].forEach((cell, i) => {
    cell.setAttribute("aria-sort", i !== sorting.column ? "none" : sorting.sign > 0 ? "ascending" : "descending");
  });
}

find("table").tHead.append(make("tr", {}, ...columns.map(({ name, title }, i) => make(
  "th", { scope: "col", title: title ? `${name}: ${title}` : name },
  make("button", { type: "button", onclick: () => sortBy(i) }, name),
))));
find("state").append(make("option", { value: "" }, "all"), ...[...new Set(trials.map(({ state }) => state))].sort()
  .map((state) => make("option", { value: state }, state)));
find("filter").addEventListener("input", search);
find("state").addEventListener("change", search);
find("previous").addEventListener("click", () => { page -= 1; showPage(); });
find("next").addEventListener("click", () => { page += 1; showPage(); });
showHead();
search();
