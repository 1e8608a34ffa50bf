// What plots are drawn with: scales, frames, points that tell their trial when they are pointed at and open it.
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
  return { place, ticks: texts.filter((_, i) => i % every === 0).map((text) => [place(text), text.length > 9 ? `${text.slice(0, 8)}\u2026` : text]) };
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

// A click that misses all points by less than this opens the trial of the nearest one.
const REACH = 16;

function openable(element, trial) {
  element.append(draw("title", {}, `trial ${trial.number}: ${told(trial) || trial.state}`));
  element.addEventListener("click", (event) => { event.stopPropagation(); showTrial(trial.number); });
  return element;
}

function opensNearest(svg, points) {
  svg.addEventListener("click", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    let nearest = null;
    let least = REACH;
    for (const [x, y, trial] of points) {
      const distance = Math.hypot(x - at.x, y - at.y);
      if (distance < least) { least = distance; nearest = trial; }
    }
    if (nearest) showTrial(nearest.number);
  });
}

// Draw points, each [x, y, trial], with a colour of its own if there is one.
function dots(svg, points, colour = () => null) {
  const placed = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  for (const [x, y, trial] of placed) {
    const isBest = best.has(trial.number);
    const point = draw("circle", { class: `dot ${isBest ? "best" : trial.state}`, cx: x.toFixed(1), cy: y.toFixed(1), r: isBest ? 5 : 3 });
    if (!isBest && colour(trial)) point.style.fill = colour(trial);
    svg.append(openable(point, trial));
  }
  opensNearest(svg, placed);
}

// A plot with its title, and a sentence that says what is to be seen to those who do not see it.
function figure(title, svg, summary) {
  const kind = title.split(":")[0];
  const id = `about-${kind.toLowerCase().replace(/ /g, "-")}`;
  svg.setAttribute("aria-describedby", id);
  return make("figure", { "data-plot": kind }, make("figcaption", {}, title), svg, make("p", { class: "reader", id }, summary));
}

const counted = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;

// Say from where to where some values go.
function range(values) {
  const known = values.filter((value) => !isMissing(value));
  if (!known.length) return "no values";
  if (!known.every(isNumber)) return counted(new Set(known.map(shown)).size, "value");
  const [low, high] = known.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  return low === high ? `always ${brief(low)}` : `from ${brief(low)} to ${brief(high)}`;
}
