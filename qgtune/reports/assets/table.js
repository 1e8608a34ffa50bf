// The table of trials: sorted by any column, filtered by words and comparisons, a page at a time.
const ROWS = 100;
const columns = [
  { name: "number", of: (trial) => trial.number },
  { name: "state", of: (trial) => trial.state },
  ...data.metrics.map((name, i) => ({ name, of: (trial) => trial.values[i] })),
  ...data.parameters.map(({ name, domain }, i) => ({ name, title: domain, of: (trial) => trial.params[i] })),
  { name: "seconds", of: (trial) => trial.seconds },
  { name: "worker", of: (trial) => trial.worker },
  { name: "failure", of: (trial) => trial.failure },
];
const direction = data.directions[0] === "maximize" ? -1 : 1;
let sorting = { column: 2, sign: direction };
let page = 0;
let rows = trials;

const words = new Map();
function wordsOf(trial) {
  if (!words.has(trial.number)) {
    words.set(trial.number, columns.map((column) => shown(column.of(trial))).join("\n").toLowerCase());
  }
  return words.get(trial.number);
}

const COMPARISONS = {
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
  "=": (a, b) => a === b, "!=": (a, b) => a !== b,
};

// Return what a word of the filter asks of a trial.
function test(word) {
  const parts = /^(.+?)(<=|>=|!=|<|>|=)(.+)$/.exec(word);
  const column = parts && (columns.find(({ name }) => name.toLowerCase() === parts[1])
    || columns.find(({ name }) => name.toLowerCase().endsWith(parts[1])));
  if (column) {
    const number = Number(parts[3]);
    const compare = COMPARISONS[parts[2]];
    return (trial) => {
      const value = column.of(trial);
      if (value === null || value === undefined) return false;
      return isNumber(value) && !Number.isNaN(number) ? compare(value, number) : compare(shown(value).toLowerCase(), parts[3]);
    };
  }
  if (word.length > 1 && word.startsWith("-")) return (trial) => !wordsOf(trial).includes(word.slice(1));
  return (trial) => wordsOf(trial).includes(word);
}

// What is missing comes last, whichever way the rest is sorted.
function compareBy({ column, sign }) {
  const { of } = columns[column];
  const missing = (value) => value === null || value === undefined || value === "";
  return (one, other) => {
    const a = of(one);
    const b = of(other);
    if (missing(a) || missing(b)) return missing(a) - missing(b) || one.number - other.number;
    if (isNumber(a) && isNumber(b)) return sign * (a - b) || one.number - other.number;
    return sign * shown(a).localeCompare(shown(b), "en", { numeric: true }) || one.number - other.number;
  };
}

function search() {
  const tests = find("filter").value.toLowerCase().split(/\s+/).filter(Boolean).map(test);
  const state = find("state").value;
  rows = trials.filter((trial) => (!state || trial.state === state) && tests.every((passes) => passes(trial)));
  rows.sort(compareBy(sorting));
  page = 0;
  showPage();
}

function showPage() {
  const pages = Math.max(1, Math.ceil(rows.length / ROWS));
  page = Math.min(Math.max(page, 0), pages - 1);
  const body = find("table").tBodies[0];
  body.replaceChildren(...rows.slice(page * ROWS, (page + 1) * ROWS).map(row));
  find("found").textContent = `${rows.length} of ${trials.length} trials`;
  find("page").textContent = `page ${page + 1} of ${pages}`;
  find("previous").disabled = page === 0;
  find("next").disabled = page === pages - 1;
  find("pages").hidden = pages === 1;
}

function row(trial) {
  const cells = columns.map((column, i) => {
    const value = column.of(trial);
    const text = column.name === "seconds" ? seconds(value) : shown(value);
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

function showHead() {
  [...find("table").tHead.rows[0].cells].forEach((cell, i) => {
    const sorted = i === sorting.column;
    cell.setAttribute("aria-sort", sorted ? (sorting.sign > 0 ? "ascending" : "descending") : "none");
    cell.firstChild.textContent = columns[i].name + (sorted ? (sorting.sign > 0 ? " \u25b2" : " \u25bc") : "");
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
