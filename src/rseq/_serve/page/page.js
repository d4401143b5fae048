// The page of `rseq serve`: asks the server every two seconds, and draws. No library, nothing from elsewhere.
"use strict";

const EVERY_MS = 2000, PATIENCE_MS = 15000, COUNT = 50, CHART_HEIGHT = 160, LEFT = 52, BOTTOM = 20;
const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);
const view = { name: null, first: 0, paused: false, identity: null, last: {}, timer: 0, busy: false, again: false };

// ---- numbers and times, as `rseq top` writes them

const LETTERS = ["n", "µ", "m", "", "k", "M", "G", "T", "P", "E"];

function short(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  const size = Math.abs(value);
  if (size === 0 || (size >= 0.1 && size < 999.5)) return `${Number(value.toPrecision(3))}`;
  const power = Math.min(Math.max(Math.floor(Math.log10(size * 1.0005) / 3), -3), LETTERS.length - 4);
  return `${Number((value / 1000 ** power).toPrecision(3))}${LETTERS[power + 3]}`;
}

const whole = (value) => Number.isInteger(value) ? value.toLocaleString("en-US") : short(value);

const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");

function age(seconds) {
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds >= size) return `${Math.round(seconds / size)} ${unit}`;
  }
  return `${Math.max(Math.round(seconds), 0)} s`;
}

const count = (number, one, many) => `${whole(number)} ${number === 1 ? one : many}`;
const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

// ---- elements

const element = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);
const drawn = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function say(where, text) {  // writes only what is new, so that screen readers are left in peace
  if (where.textContent !== text) where.textContent = text;
}

const show = (where, is_shown) => !(where.hidden = !is_shown);

function fill(body, rows) {
  body.replaceChildren(...rows.map(([head, ...cells]) => element("tr", {},
    element("th", { scope: "row" }, head), ...cells.map((one) => element("td", { class: "number" }, one)))));
}

function whenOpen(figure, make) {  // a table behind a chart is written while somebody reads it
  const details = figure.querySelector("details");
  details.ontoggle = () => details.open && fill(details.querySelector("tbody"), make());
  details.ontoggle();
}

// ---- charts

function box(figure, label) {
  const chart = figure.querySelector(".chart");
  if (chart.getAttribute("aria-label") !== label) chart.setAttribute("aria-label", label);
  return chart;
}

function niceMax(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 2.5, 5, 10].find((step) => step * power >= value * 0.9999);
}

function scaleOf(numbers, wants_log) {
  const low = Math.min(...numbers), high = Math.max(...numbers);
  if (wants_log && low > 0 && high / low > 20) {
    const first = Math.floor(Math.log10(low)), last = Math.max(Math.ceil(Math.log10(high)), first + 1);
    const step = Math.ceil((last - first) / 4);
    const ticks = [];
    for (let power = first; power <= last; power += step) ticks.push(10 ** power);
    return { ticks, at: (value) => (Math.log10(Math.max(value, 10 ** first)) - first) / (last - first) };
  }
  const top = high > 0 ? niceMax(high) : 0, bottom = low < 0 ? -niceMax(-low) : 0;
  const end = top === bottom ? 1 : top;
  return { ticks: [bottom, (bottom + end) / 2, end], at: (value) => (value - bottom) / (end - bottom) };
}

function framed(width, height, scale, y) {
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" });
  for (const tick of scale.ticks) {
    svg.append(drawn("line", { class: "grid", x1: LEFT, x2: width - 6, y1: y(tick), y2: y(tick) }),
      drawn("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, short(tick)));
  }
  return svg;
}

function lines(figure, label, times, series, { log = false, area = false, unit = "" } = {}) {
  const chart = box(figure, label), width = Math.max(chart.clientWidth, 200), height = CHART_HEIGHT;
  const numbers = series.flatMap((one) => one.values).filter((value) => typeof value === "number");
  const scale = scaleOf(numbers.length ? numbers : [0], log);
  const begin = times[0] ?? 0, end = times.at(-1) ?? 1, span = Math.max(end - begin, 1e-9);
  const x = (time) => LEFT + (time - begin) / span * (width - LEFT - 6);
  const y = (value) => 8 + (1 - scale.at(value)) * (height - BOTTOM - 12);
  const svg = framed(width, height, scale, y);
  svg.append(drawn("text", { x: LEFT, y: height - 4 }, `${age(end - begin)} ago`),
    drawn("text", { x: width - 6, y: height - 4, "text-anchor": "end" }, "now"));
  for (const one of series) {
    for (const run of runs(times, one.values)) {
      const points = run.map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`);
      if (points.length === 1) points.push(points[0]);
      if (area) {
        const [first, last] = [points[0], points.at(-1)].map((point) => point.split(",")[0]);
        svg.append(drawn("path", { class: "area", d: `M${first},${y(0)} L${points.join(" ")} L${last},${y(0)}Z` }));
      }
      svg.append(drawn("polyline", { class: `lines ${one.class ?? ""}`, points: points.join(" "), "stroke-linecap": "round" }));
    }
  }
  const cursor = drawn("line", { class: "cursor", y1: 8, y2: height - BOTTOM, visibility: "hidden" });
  svg.append(cursor);
  chart.replaceChildren(svg);
  const told = (at) => `${clock(times[at])}: ${series.map((one) => `${one.name}${short(one.values[at])}${unit}`).join(", ")}`;
  pointed(figure, chart, width, (px) => {
    const at = nearest(times, begin + (px - LEFT) / (width - LEFT - 6) * span);
    cursor.setAttribute("x1", x(times[at]));
    cursor.setAttribute("x2", x(times[at]));
    cursor.setAttribute("visibility", "visible");
    return told(at);
  }, () => {
    cursor.setAttribute("visibility", "hidden");
    return times.length ? told(times.length - 1) : "";
  });
}

function runs(times, values) {  // numbers without a gap between them, with their times
  const found = [[]];
  values.forEach((value, at) => {
    if (typeof value === "number") found.at(-1).push([times[at], value]);
    else found.push([]);
  });
  return found.filter((run) => run.length);
}

const nearest = (times, wanted) =>
  times.reduce((best, time, at) => Math.abs(time - wanted) < Math.abs(times[best] - wanted) ? at : best, 0);

function pointed(figure, chart, width, at, otherwise) {  // what is under the pointer, in words
  const tell = () => say(figure.querySelector(".readout"), chart.dataset.at ? at(Number(chart.dataset.at)) : otherwise());
  chart.onpointermove = (event) => {
    const place = chart.getBoundingClientRect();
    chart.dataset.at = Math.max((event.clientX - place.left) / place.width * width, 0);
    tell();
  };
  chart.onpointerleave = () => { delete chart.dataset.at; tell(); };
  tell();
}

function bars(figure, label, names, values) {
  const chart = box(figure, label), width = Math.max(chart.clientWidth, 200), height = CHART_HEIGHT;
  const scale = scaleOf([0, ...values], false), step = (width - LEFT - 6) / values.length;
  const y = (value) => 8 + (1 - scale.at(value)) * (height - BOTTOM - 12);
  const every = Math.ceil(40 / step), svg = framed(width, height, scale, y);
  values.forEach((value, at) => {
    const thick = Math.min(Math.max(step - 2, 1), 48), x = LEFT + (at + 0.5) * step - thick / 2;
    svg.append(drawn("rect", { class: "bar", x, width: thick, y: Math.min(y(value), y(0)), height: Math.abs(y(value) - y(0)), rx: 1 }));
    const is_last = at === values.length - 1;
    if (!is_last && (at % every > 0 || values.length - 1 - at < every)) return;
    svg.append(drawn("text", { x: LEFT + (at + 0.5) * step, y: height - 4, "text-anchor": "middle" }, names[at]));
  });
  chart.replaceChildren(svg);
  const total = sum(values);
  pointed(figure, chart, width, (px) => {
    const at = Math.min(Math.max(Math.floor((px - LEFT) / step), 0), values.length - 1);
    return `${names[at] === "spare" ? "spare lane" : `CPU ${names[at]}`}: ${whole(values[at])}${share(values[at], total)}`;
  }, () => `${whole(total)} in all`);
}

const percent = (value, total) => total > 0 ? `${(100 * value / total).toFixed(1)} %` : "";
const share = (value, total) => total > 0 ? ` (${percent(value, total)})` : "";

function heatMap(figure, heat) {
  const { times, seconds, bounds, counts } = heat, columns = counts.length, rows = bounds.length;
  const rates = counts.map((column, at) => column.map((one) => one / seconds[at])), most = Math.max(...rates.flat()) || 1;
  const chart = box(figure, heatLabel(heat)), width = Math.max(chart.clientWidth, 200);
  const height = Math.min(Math.max(rows * 9, 110), 330) + BOTTOM + 8, inner = height - BOTTOM - 8;
  const ratio = window.devicePixelRatio || 1, canvas = element("canvas", { width: width * ratio, height: height * ratio });
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const [accent, muted, line] = ["--accent", "--muted", "--line"].map((name) => style.getPropertyValue(name).trim());
  pen.scale(ratio, ratio);
  const wide = (width - LEFT - 6) / Math.max(columns, 1), high = inner / rows;
  pen.strokeStyle = line;
  pen.strokeRect(LEFT + 0.5, 4.5, width - LEFT - 7, inner);
  pen.fillStyle = accent;
  rates.forEach((column, at) => column.forEach((one, row) => {
    if (one <= 0) return;
    pen.globalAlpha = 0.12 + 0.88 * Math.sqrt(one / most);
    pen.fillRect(LEFT + at * wide, 4 + inner - (row + 1) * high, wide + 0.3, high + 0.3);
  }));
  Object.assign(pen, { globalAlpha: 1, fillStyle: muted, font: "12px system-ui, sans-serif", textAlign: "right" });
  const every = Math.ceil(16 / high);
  for (let row = rows - 1; row >= 0; row -= every) {
    pen.fillText(bounds[row] === null ? "more" : short(bounds[row]), LEFT - 6, 4 + inner - (row + 1) * high + 10);
  }
  pen.textAlign = "left";
  pen.fillText(columns ? `${age(times[columns - 1] - times[0])} ago` : "", LEFT, height - 4);
  pen.textAlign = "right";
  pen.fillText("now", width - 6, height - 4);
  canvas.style.height = `${height}px`;
  chart.replaceChildren(canvas);
  pointed(figure, chart, width, (px) => {
    const at = Math.min(Math.max(Math.floor((px - LEFT) / wide), 0), columns - 1);
    if (at < 0) return "";
    const column = counts[at], best = column.indexOf(Math.max(...column));
    return `${clock(times[at])}: ${count(sum(column), "observation", "observations")}` +
      (column[best] ? `, most of them (${whole(column[best])}) ${rangeOf(heat, best)}` : "");
  }, () => `The strongest colour is ${short(most)} observations per second.`);
}

function rangeOf({ bounds, below }, row) {
  const low = row ? bounds[row - 1] : below;
  if (bounds[row] === null) return `above ${short(low)}`;
  return low === null ? `up to ${short(bounds[row])}` : `from ${short(low)} to ${short(bounds[row])}`;
}

function heatLabel(heat) {
  const totals = heat.bounds.map((_, row) => sum(heat.counts.map((column) => column[row])));
  const best = totals.indexOf(Math.max(...totals)), all = sum(totals);
  return all ? `Heat map of ${count(all, "observation", "observations")}; most were ${rangeOf(heat, best)}` :
    "Heat map without observations";
}

// ---- the table of structures

const SMALL = { width: 120, height: 24, viewBox: "0 0 120 24", "aria-hidden": "true" };

function sparkline(history) {
  const svg = drawn("svg", SMALL);
  const numbers = history.filter((value) => typeof value === "number");
  const low = Math.min(0, ...numbers), high = Math.max(...numbers, low + 1e-300), step = 120 / Math.max(history.length - 1, 1);
  for (const run of runs(history.map((_, at) => at), history)) {
    const points = run.map(([at, value]) => `${(at * step).toFixed(1)},${(22 - 20 * (value - low) / (high - low)).toFixed(1)}`);
    svg.append(drawn("polyline", { class: "lines", points: points.join(" ") }));
  }
  return svg;
}

function smallBars(values) {
  const svg = drawn("svg", SMALL);
  const most = Math.max(0, ...values);
  if (!(most > 0)) return svg;
  const together = Math.ceil(values.length / 40), heights = [];
  for (let at = 0; at < values.length; at += together) heights.push(sum(values.slice(at, at + together)));
  const top = Math.max(...heights), step = Math.min(120 / heights.length, 12);
  heights.map((one) => Math.max(one > 0 ? 1 : 0, 22 * one / top)).forEach((height, at) =>
    svg.append(drawn("rect", { class: "bar", x: at * step, width: Math.max(step - 1, 1), y: 24 - height, height })));
  return svg;
}

function makeRow(name) {
  const row = element("tr", {}, element("th", { scope: "row" }, element("a", { href: `#/${encodeURIComponent(name)}` }, name),
    element("small", {})), element("td", { class: "number" }), element("td", { class: "number" }), element("td", { class: "wide" }),
    element("td", { class: "wide" }));
  row.dataset.name = name;
  return row;
}

function updateRow(row, one) {
  const [head, total, now, spark, cpus] = row.children;
  say(head.lastChild, `${one.kind}: ${one.line}`);
  row.classList.toggle("damaged", one.is_damaged);
  say(total, one.total === null ? "" : whole(one.total));
  const last = one.history.at(-1) ?? null;
  say(now, last === null ? "" : one.measure === "rate" ? `${short(last)}/s` : short(last));
  spark.replaceChildren(...(last === null ? [] : [sparkline(one.history)]));
  cpus.replaceChildren(...(one.per_cpu.length ? [smallBars(one.per_cpu)] : []));
  mark(row);
}

function mark(row) {
  if (row.dataset.name === view.name) row.setAttribute("aria-current", "true");
  else row.removeAttribute("aria-current");
}

function showRows(answer) {
  const body = $("rows").tBodies[0], known = new Map([...body.rows].map((row) => [row.dataset.name, row]));
  const focused = document.activeElement;
  answer.rows.forEach((one, at) => {
    const row = known.get(one.name) ?? makeRow(one.name);
    known.delete(one.name);
    updateRow(row, one);
    if (body.rows[at] !== row) body.insertBefore(row, body.rows[at] ?? null);
  });
  known.forEach((row) => row.remove());
  if (focused !== document.activeElement && body.contains(focused)) focused.focus({ preventScroll: true });
  show($("rows"), answer.rows.length > 0);
  show($("none"), answer.rows.length === 0 && $("filter").value !== "");
  if (show($("pages"), answer.matches > COUNT)) {
    say($("which"), `${whole(answer.first + 1)} to ${whole(answer.first + answer.rows.length)} of ${whole(answer.matches)}`);
    $("before").disabled = answer.first === 0;
    $("after").disabled = answer.first + COUNT >= answer.matches;
  }
}

// ---- one structure

const QUANTILES = [["0.5", "p50"], ["0.9", "p90"], ["0.99", "p99"]];

function showOne(one, events) {
  say($("one-title"), one.name);
  say($("one-line"), `${one.kind}: ${one.line}`);
  if (show($("history"), one.history.some((value) => value !== null))) showHistory(one);
  if (show($("heat"), Boolean(one.heat && one.heat.counts.length))) showHeat(one.heat);
  if (show($("quantiles"), Boolean(one.buckets))) showQuantiles(one);
  if (show($("cpus"), one.per_cpu.length > 0)) showCpus(one);
  if (show($("processes"), Boolean(one.processes?.length))) {
    showParts($("processes"), one.processes.map(({ pid, value, lives }) => [`${pid}${lives ? "" : ", ended"}`, value, lives]));
  }
  if (show($("keys"), Boolean(one.keys?.length))) showParts($("keys"), one.keys);
  if (show($("events"), events !== null)) showEvents(events);
  if (show($("value"), Boolean(one.value))) {
    const details = $("value").querySelector("details"), said = { made_with: one.args, says: one.value };
    details.ontoggle = () => details.open && say(details.querySelector("pre"), JSON.stringify(said, null, 1));
    details.ontoggle();
  }
}

function showHistory(one) {
  const is_rate = one.measure === "rate", unit = is_rate ? "/s" : "";
  say($("history-title"), is_rate ? "Each second" : "Over time");
  const numbers = one.history.filter((value) => typeof value === "number"), last = one.history.at(-1) ?? null;
  const label = numbers.length ? `Line over time: now ${short(last)}${unit}, from ${short(Math.min(...numbers))} to ` +
    `${short(Math.max(...numbers))}` : "Line over time, without numbers yet";
  lines($("history"), label, one.times, [{ name: "", values: one.history }], { area: true, unit });
  whenOpen($("history"), () => one.times.map((time, at) => [clock(time), `${short(one.history[at])}${unit}`]).reverse());
}

function showHeat(heat) {
  heatMap($("heat"), heat);
  whenOpen($("heat"), () => heat.bounds.map((bound, row) => [bound === null ? "more" : short(bound),
    whole(heat.counts.at(-1)[row]), whole(sum(heat.counts.map((column) => column[row])))]));
}

function showQuantiles(one) {
  const heat = one.heat, figure = $("quantiles"), all = one.buckets.quantiles, now = heat?.quantiles.at(-1) ?? {};
  figure.querySelector("tbody").replaceChildren(...QUANTILES.map(([q, name]) => element("tr", {},
    element("th", { scope: "row" }, keyOf(name), name), element("td", { class: "number" }, short(now[q])),
    element("td", { class: "number" }, short(all[q])))));
  if (!show(figure.querySelector(".chart"), Boolean(heat && heat.times.length))) return;
  const series = QUANTILES.map(([q, name]) => ({ name: `${name} `, class: name, values: heat.quantiles.map((found) => found[q]) }));
  const label = `Quantiles over time: of all, ${QUANTILES.map(([q, name]) => `${name} ${short(all[q])}`).join(", ")}`;
  lines(figure, label, heat.times, series, { log: true });
}

const keyOf = (name) => drawn("svg", { class: "key", viewBox: "0 0 26 10", "aria-hidden": "true" },
  drawn("line", { class: `lines ${name}`, x1: 0, x2: 26, y1: 5, y2: 5 }));

function showCpus(one) {
  const values = one.per_cpu, total = sum(values), most = values.indexOf(Math.max(...values));
  const names = values.map((_, at) => at === values.length - 1 ? "spare" : `${at}`);
  const label = total > 0 ? `Bars by CPU: ${names[most]} has most, ${whole(values[most])}${share(values[most], total)}` : "Bars by CPU";
  bars($("cpus"), label, names, values);
  whenOpen($("cpus"), () => values.map((value, at) => [names[at], whole(value), percent(value, total)]));
}

function showParts(figure, rows) {
  const sizes = rows.map(([, value]) => Math.abs(Number(value)) || 0), most = Math.max(...sizes) || 1;
  figure.querySelector("tbody").replaceChildren(...rows.map(([name, value, lives = true], at) => {
    const part = element("span", { class: "part" });
    part.style.width = `${100 * sizes[at] / most}%`;
    return element("tr", lives ? {} : { class: "ended" }, element("th", { scope: "row" }, name),
      element("td", { class: "number" }, whole(value)), element("td", { class: "wide" }, part));
  }));
}

function showEvents(answer) {
  const events = answer.events ?? [], missed = answer.missed ? `; ${whole(answer.missed)} were overwritten before they were seen` : "";
  say($("events-note"), answer.problem || (events.length ? `The newest first: the last ${whole(events.length)}${missed}.` :
    "None has waited to be read since this server first looked."));
  $("events").querySelector("tbody").replaceChildren(...events.map((one) => element("tr", {},
    element("td", {}, one.time === null ? "–" : stamp(one.time)), element("td", { class: "number" }, `${one.cpu}`),
    element("td", {}, typeof one.data === "string" ? one.data : JSON.stringify(one.data)))));
}

const stamp = (seconds) => `${clock(seconds)}.${String(Math.floor(seconds % 1 * 1e6)).padStart(6, "0")}`;

// ---- asking

class Refused extends Error {}

async function ask(path, parameters = {}) {
  const url = `${location.origin}${location.pathname}api/${path}?${new URLSearchParams(parameters)}`;  // without a password
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Refused((await answer.text()).trim());
  return answer.json();
}

async function look() {
  const name = view.name;
  const [about, rows] = await Promise.all([ask("segment"),
    ask("structures", { sort: $("sort").value, filter: $("filter").value, first: view.first, count: COUNT })]);
  showAbout(about);
  if (rows.first >= rows.matches && view.first > 0) { view.first = 0; view.again = true; }
  showRows(rows);
  if (name === null) return;
  try {
    const one = await ask("structure", { name });
    const events = one.kind === "RingBuffer" && !one.is_damaged ? await ask("events", { name }) : null;
    if (name === view.name) { view.last = { one, events }; showOne(one, events); }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (name === view.name) say($("one-line"), error.message);
  }
}

function showAbout(about) {
  document.title = `${about.segment} – rseq serve`;
  say($("segment"), about.segment);
  if (show($("problem"), about.problem !== "")) say($("problem"), about.problem);
  if (about.identity === undefined) return;
  say($("about"), `${count(about.processes.length, "process", "processes")}, ` +
    `${count(about.structures, "structure", "structures")}, ${count(about.cpus, "CPU", "CPUs")}, ` +
    `${age((about.at ?? about.made) - about.made)} old` +
    (about.watched < about.structures && about.watched >= 5000 ? "; the first 5,000 are shown" : ""));
  $("about").title = about.processes.slice(0, 20).map((one) => `${one.pid} ${one.program}`).join("\n");
  if (view.identity !== null && view.identity !== about.identity) say($("state"), `Live: begun anew at ${clock(about.made)}`);
  else if (!$("state").textContent.startsWith("Live")) say($("state"), "Live");
  view.identity = about.identity;
}

async function tick() {
  clearTimeout(view.timer);
  if (view.busy) { view.again = true; return; }
  if (view.paused || document.hidden) return;
  view.busy = true;
  try {
    await look();
  } catch (error) {
    say($("state"), error instanceof Refused ? error.message : "The server does not answer");
  }
  view.busy = false;
  const waits = view.again ? 0 : EVERY_MS;
  view.again = false;
  view.timer = setTimeout(tick, waits);
}

// ---- what people do

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

function choose() {  // the structure that the address names
  const wanted = location.hash.startsWith("#/") ? decoded(location.hash.slice(2)) : null;
  if (location.hash.length > 1 && wanted === null) return;
  const before = view.name;
  view.name = wanted;
  for (const row of $("rows").tBodies[0].rows) mark(row);
  show($("one"), wanted !== null);
  document.querySelector("main").classList.toggle("both", wanted !== null);
  if (wanted !== null && wanted !== before) {
    for (const figure of document.querySelectorAll("#one .figure")) figure.hidden = true;
    say($("one-title"), wanted);
    say($("one-line"), "");
    $("one").scrollTop = 0;
    $("one-title").focus();
  }
  if (wanted === null && before !== null) {
    const row = [...$("rows").tBodies[0].rows].find((one) => one.dataset.name === before);
    (row ? row.querySelector("a") : $("structures")).focus();
  }
  tick();
}

function begin() {
  $("pause").addEventListener("click", () => {
    view.paused = !view.paused;
    $("pause").setAttribute("aria-pressed", `${view.paused}`);
    say($("state"), view.paused ? "Paused" : "Live");
    tick();
  });
  $("choice").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["filter", "sort"]) $(id).addEventListener("input", () => { view.first = 0; tick(); });
  $("before").addEventListener("click", () => { view.first = Math.max(view.first - COUNT, 0); tick(); });
  $("after").addEventListener("click", () => { view.first += COUNT; tick(); });
  const redraw = () => view.name !== null && view.last.one?.name === view.name && showOne(view.last.one, view.last.events);
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("hashchange", choose);
  addEventListener("keydown", (event) => { if (event.key === "Escape" && view.name !== null) location.hash = ""; });
  document.addEventListener("visibilitychange", tick);
  choose();
}

begin();
