// The filter: words that a trial must hold or must not, and comparisons of its columns.
const OPERATOR = /<=|>=|!=|<|>|=/y;
const COMPARISONS = {
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
  "=": (a, b) => a === b, "!=": (a, b) => a !== b,
};

// Return the words of a filter; what stands in quotes belongs together.
const wordsOfFilter = (text) => text.toLowerCase().match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
const unquoted = (text) => text.replace(/"/g, "");

// Return the column that a name means: its own, one of its other names, or its end.
function columnNamed(columns, name) {
  const called = (column) => column.name.toLowerCase();
  return columns.find((column) => called(column) === name)
    ?? columns.find((column) => column.others?.includes(name))
    ?? columns.find((column) => called(column).endsWith(name));
}

// Return all ways to read a word as name, operator and value; a quoted name ends with its quotes.
function readings(word) {
  const quoted = /^"([^"]*)"(<=|>=|!=|<|>|=)(.*)$/.exec(word);
  if (quoted) return [{ name: quoted[1], operator: quoted[2], value: unquoted(quoted[3]) }];
  if (word.startsWith('"')) return [];
  const found = [];
  for (let i = 1; i < word.length; i += 1) {
    OPERATOR.lastIndex = i;
    const operator = OPERATOR.exec(word)?.[0];
    if (operator) found.push({ name: unquoted(word.slice(0, i)), operator, value: unquoted(word.slice(i + operator.length)) });
  }
  return found;
}

// Return what a comparison asks of a trial. One whose value is still to be typed asks for nothing.
function comparison({ column, operator, value }) {
  if (!value) return () => true;
  const number = Number(value);
  const compare = COMPARISONS[operator];
  return (trial) => {
    const there = column.of(trial);
    if (there === null || there === undefined) return false;
    return isNumber(there) && !Number.isNaN(number) ? compare(there, number) : compare(shown(there).toLowerCase(), value);
  };
}

// Return what a word of the filter asks of a trial, or the name of the column that there is not.
function test(word, columns, textOf) {
  const found = readings(word).map((one) => ({ ...one, column: columnNamed(columns, one.name) }));
  const exact = ({ column, name }) => column?.name.toLowerCase() === name;
  const meant = found.findLast(exact) ?? found.findLast(({ column }) => column);
  if (meant) return { passes: comparison(meant) };
  if (word.length > 1 && word.startsWith("-")) {
    const { passes, unknown } = test(word.slice(1), columns, textOf);
    return { passes: (trial) => !passes(trial), unknown };
  }
  if (found.length) return { passes: () => false, unknown: found[0].name };
  return { passes: (trial) => textOf(trial).includes(unquoted(word)) };
}
