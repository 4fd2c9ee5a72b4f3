
const CHUNK = 100;
const MOST_TILES = 40;
const MARGIN = 38;  // of a folder's tile, for its name and number
const HUES = ["unchecked", "stops", "varies", "tied", "choice", "raw"];
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const data = JSON.parse(document.getElementById("data").textContent);
const at = Object.fromEntries([...document.querySelectorAll("[id]")].map((each) => [each.id, each]));
const rank = new Map(data.consequences.map((name, index) => [name, index]));

/* Text from outside, with escapes in place of what would turn or hide the text around it. */
const shown = (text) =>
  text.replace(HIDDEN, (found) => `\\u{${found.codePointAt(0).toString(16).padStart(4, "0")}}`);

/* The only maker of elements: strings become text, never HTML. */
function element(name, properties, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const hued = (made, index) => {
  made.style.setProperty("--hue", `var(--${HUES[index]})`);
  return made;
};
const counted = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
const withCode = (text) =>
  shown(text).split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));

const entries = data.entries.map((each, index) => {
  const { finding } = each;
  const parts = finding.filename.split(/[\\/]/);
  return {
    ...each,
    index,
    parts: parts[0] === "" ? ["/", ...parts.slice(1)] : parts,
    rank: rank.get(each.consequence),
    words: [finding.filename, finding.code, finding.name, finding.message, each.consequence]
      .join("\n").toLowerCase(),
  };
});

document.body.classList.toggle("empty", !entries.length);

const tally = (some, key) => {
  const found = new Map();
  for (const each of some) found.set(key(each), (found.get(key(each)) ?? 0) + 1);
  return found;
};
const present = new Set(entries.map((each) => each.consequence));
const folded = (name) => name === data.folded && present.size > 1;

const initial = () => ({
  words: [],
  hidden: new Set([...present].filter(folded)),
  rules: new Set(),
  folder: [],
  order: "consequence",
  tests: true,
  fixable: false,
});
let state = initial();

const TESTS = {
  words: (each) => state.words.every((word) => each.words.includes(word)),
  consequence: (each) => !state.hidden.has(each.consequence),
  rule: (each) => !state.rules.size || state.rules.has(each.finding.code),
  folder: (each) => state.folder.every((part, depth) => each.parts[depth] === part),
  tests: (each) => state.tests || !each.test,
  fixable: (each) => !state.fixable || each.finding.fix !== null,
};
/* The entries that pass all filters but that of the list which is to offer them. */
const passing = (except) => {
  const tests = Object.keys(TESTS).filter((name) => name !== except).map((name) => TESTS[name]);
  return entries.filter((each) => tests.every((test) => test(each)));
};

/* Replaces the children of a list of buttons, and leaves the focus where it was. */
function refill(list, made) {
  const active = document.activeElement;
  const key = list.contains(active) ? active.dataset.key : undefined;
  list.replaceChildren(...made);
  if (key !== undefined) made.find((each) => each.dataset.key === key)?.focus();
}

function bar(key, index, number, most, pressed, children, toggle) {
  const line = element("span", { className: "bar" });
  line.style.width = `${(100 * number) / Math.max(1, most)}%`;
  const made = element("button", { type: "button", "aria-pressed": String(pressed) }, ...children,
    element("span", { className: "number" }, number.toLocaleString("en")), line);
  made.dataset.key = key;
  made.addEventListener("click", () => {
    toggle();
    update();
  });
  return hued(made, index);
}

const flip = (set, key) => set.delete(key) || set.add(key);

function showConsequences() {
  const numbers = tally(passing("consequence"), (each) => each.consequence);
  const most = Math.max(...numbers.values(), 1);
  refill(at.consequences, data.consequences.filter((name) => present.has(name)).map((name) => {
    return bar(name, rank.get(name), numbers.get(name) ?? 0, most, !state.hidden.has(name),
      [element("span", { className: "box" }), element("span", { className: "name" }, name)],
      () => flip(state.hidden, name));
  }));
}

function showRules() {
  const found = new Map();
  for (const each of passing("rule")) {
    const { code, name } = each.finding;
    const row = found.get(code) ?? { code, name, rank: each.rank, number: 0 };
    row.number += 1;
    row.rank = Math.min(row.rank, each.rank);
    found.set(code, row);
  }
  const rows = [...found.values()].sort((a, b) => b.number - a.number || (a.code < b.code ? -1 : 1));
  refill(at.rules, rows.map((row) => {
    const made = bar(row.code, row.rank, row.number, rows[0].number, state.rules.has(row.code),
      [element("span", { className: "code" }, shown(row.code)),
        element("span", { className: "name" }, shown(row.name))],
      () => flip(state.rules, row.code));
    made.title = data.rules[row.code] ?? row.name;
    return made;
  }));
}

/* The longest folder that all of `some` lie in. */
function common(some) {
  if (!some.length) return [];
  let shared = some[0].parts.slice(0, -1);
  for (const { parts } of some) {
    let depth = 0;
    while (depth < shared.length && parts[depth] === shared[depth] && depth < parts.length - 1) depth += 1;
    shared = shared.slice(0, depth);
  }
  return shared;
}

const outermost = common(entries);
const pathOf = (parts) => shown(parts.join("/").replace(/^\/\//, "/"));

function enter(parts) {
  state.folder = parts;
  const inside = entries.filter(TESTS.folder);
  if (inside.some((each) => each.parts.length > parts.length)) state.folder = common(inside);
  update();
}

function showFolder() {
  const steps = [{ name: outermost.length ? pathOf(outermost) : "all folders", parts: outermost }];
  for (let depth = outermost.length + 1; depth <= state.folder.length; depth += 1) {
    steps.push({ name: shown(state.folder[depth - 1]), parts: state.folder.slice(0, depth) });
  }
  refill(at.crumbs, steps.flatMap(({ name, parts }, index) => {
    const made = element("button", { type: "button" }, name);
    made.dataset.key = String(index);
    if (index === steps.length - 1) made.setAttribute("aria-current", "location");
    made.addEventListener("click", () => enter(parts));
    return index ? [element("span", { "aria-hidden": "true" }, "/"), made] : [made];
  }));
  showMap();
}

/* What lies in the folder `base`: a row for each folder or file, the fullest first. */
function children(some, base) {
  const found = new Map();
  for (const each of some) {
    const name = each.parts[base.length] ?? each.parts[base.length - 1];
    const row = found.get(name) ?? { name, number: 0, rank: each.rank, numbers: [], entries: [] };
    row.number += 1;
    row.entries.push(each);
    row.rank = Math.min(row.rank, each.rank);
    row.numbers[each.rank] = (row.numbers[each.rank] ?? 0) + 1;
    row.parts = each.parts.length <= base.length ? base : [...base, name];
    row.file = each.parts.length <= base.length + 1;
    found.set(name, row);
  }
  const rows = [...found.values()].sort((a, b) => b.number - a.number || (a.name < b.name ? -1 : 1));
  if (rows.length <= MOST_TILES) return rows;
  const rest = rows.slice(MOST_TILES - 1);
  return [...rows.slice(0, MOST_TILES - 1), {
    name: counted(rest.length, "other"), others: true, numbers: [], rank: HUES.length - 1,
    number: rest.reduce((sum, each) => sum + each.number, 0),
  }];
}

const tileName = (row) => `${shown(row.name)}${row.file || row.others ? "" : "/"}`;

function tile(row, [x, y, w, h], first) {
  const split = row.numbers
    .map((number, index) => `${data.consequences[index]}: ${number}`).filter(Boolean);
  const name = tileName(row);
  const words = [`${name}: ${counted(row.number, "finding")}`, ...split].join("\n");
  const made = element(row.others ? "div" : "button", {
    className: "tile", title: words, "aria-label": words.replaceAll("\n", ", "),
    tabIndex: first ? 0 : -1,
  });
  if (!row.others) {
    made.type = "button";
    made.dataset.key = row.name;
    made.addEventListener("click", () => enter(row.parts));
  }
  if (w > 44 && h > 24) made.append(element("span", {}, name));
  if (w > 44 && h > 42) made.append(element("span", {}, row.number.toLocaleString("en")));
  if (!row.file && !row.others && w > 90 && h > 90) made.append(...within(row, w - 12, h - MARGIN - 8));
  return positioned(made, row, [x, y, w, h]);
}

function positioned(made, row, [x, y, w, h]) {
  Object.assign(made.style, {
    left: `${x}px`, top: `${y}px`, width: `${w}px`, height: `${h}px`, padding: w > 44 && h > 24 ? "" : "0",
  });
  return hued(made, row.rank);
}

/* What lies in a folder, drawn on its tile, which is the one to click. */
function within(row, width, height) {
  const rows = children(row.entries, common(row.entries));
  return squarified(rows, width, height).map(([x, y, w, h], index) => {
    const name = w > 44 && h > 20 ? [tileName(rows[index])] : [];
    const made = element("span", { className: "tile", "aria-hidden": "true" }, ...name);
    return positioned(made, rows[index], [x + 4, y + MARGIN, w, h]);
  });
}

function showMap() {
  const rows = children(passing(), state.folder.length >= outermost.length ? state.folder : outermost);
  const places = squarified(rows, at.map.clientWidth, at.map.clientHeight);
  const focused = at.map.contains(document.activeElement);
  refill(at.map, rows.map((row, index) => tile(row, places[index], index === 0)));
  if (focused && !at.map.contains(document.activeElement)) at.map.querySelector("button")?.focus();
}

const ORDERS = {
  consequence: { key: (each) => each.rank, name: (each) => each.consequence },
  folder: { key: (each) => pathOf(each.parts.slice(0, -1)), name: (each) => pathOf(each.parts.slice(0, -1)) || "." },
  rule: { key: (each) => each.finding.code, name: (each) => shown(`${each.finding.code} ${each.finding.name}`) },
};
let listed = [];
let done = 0;

function showList() {
  const { key } = ORDERS[state.order];
  listed = passing().map((each) => ({ each, key: key(each) }));
  listed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.each.index - b.each.index));
  listed = listed.map(({ each }) => each);
  done = 0;
  at.list.replaceChildren();
  const files = new Set(listed.map((each) => each.finding.filename)).size;
  at.status.textContent = listed.length
    ? `${counted(listed.length, "finding")} in ${counted(files, "file")}, of ${entries.length.toLocaleString("en")}`
    : entries.length ? "Nothing passes the filters." : "Nothing was found.";
  showMore();
}

function showMore() {
  const { name } = ORDERS[state.order];
  const numbers = tally(listed, name);
  const made = document.createDocumentFragment();
  for (const each of listed.slice(done, done + CHUNK)) {
    const group = name(each);
    if (done === 0 || name(listed[done - 1]) !== group) {
      made.append(element("h3", {}, `${group} `, element("small", {}, numbers.get(group).toLocaleString("en"))));
    }
    made.append(item(each));
    done += 1;
  }
  at.list.append(made);
  at.more.hidden = done >= listed.length;
}

function item(each) {
  const { finding } = each;
  const cell = finding.cell === null ? "" : `cell ${finding.cell}:`;
  const place = `${shown(finding.filename)}:${cell}${finding.location.row}:${finding.location.column}`;
  const made = element("details", {},
    element("summary", {},
      element("span", { className: "box", title: each.consequence }),
      element("span", { className: "code" }, shown(finding.code)),
      element("span", { className: "message" }, ...withCode(finding.message)),
      element("span", { className: "place" }, `${place}${finding.confidence === "likely" ? " (likely, not certain)" : ""}`)));
  made.addEventListener("toggle", () => {
    if (made.open && made.children.length === 1) made.append(inside(each));
  });
  return hued(made, each.rank);
}

const lines = (rows) => element("pre", { tabIndex: 0 }, ...rows.map(([className, number, text]) =>
  element("span", { className }, element("b", {}, number === null ? "" : String(number)), `${text}\n`)));

function inside(each) {
  const { finding } = each;
  const parts = [];
  if (each.source.length) {
    parts.push(lines(each.source.map(([number, text]) => [number === null ? "marks" : "", number, text])));
  }
  if (finding.fix) {
    parts.push(element("div", {}, element("b", {}, `${each.title}: `), ...withCode(finding.fix.message)));
    if (each.diff.length) {
      parts.push(lines(each.diff.map(([sign, number, text]) =>
        [sign === "+" ? "added" : "removed", number, `${sign} ${text}`])));
    }
  }
  const words = data.rules[finding.code] ? `: ${data.rules[finding.code]}.` : "";
  parts.push(element("div", {}, element("a", { href: finding.url, rel: "noreferrer" },
    shown(`${finding.code} ${finding.name}`)), ...withCode(words)));
  return element("div", { className: "inside" }, ...parts);
}

function update() {
  showConsequences();
  showRules();
  showFolder();
  showList();
}

let waiting;
at.filter.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    state.words = at.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    update();
  }, 120);
});
at.controls.addEventListener("submit", (event) => event.preventDefault());
at.controls.addEventListener("change", () => {
  Object.assign(state, { order: at.order.value, tests: at.tests.checked, fixable: at.fixable.checked });
  update();
});
at.controls.addEventListener("reset", () => {
  state = initial();
  state.hidden.clear();
  update();
});
at.more.addEventListener("click", () => {
  const last = at.list.lastElementChild;
  showMore();
  last?.nextElementSibling?.querySelector("summary")?.focus();
});
new IntersectionObserver((seen) => {
  if (seen.some((each) => each.isIntersecting) && !at.more.hidden) showMore();
}, { rootMargin: "400px" }).observe(at.more);

let mapWidth = at.map.clientWidth;
new ResizeObserver(() => {
  if (at.map.clientWidth === mapWidth) return;
  mapWidth = at.map.clientWidth;
  showMap();
}).observe(at.map);

at.map.addEventListener("keydown", (event) => {
  const tiles = [...at.map.querySelectorAll("button")];
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    tiles[tiles.indexOf(document.activeElement) + step]?.focus();
  } else if (event.key === "Backspace" && state.folder.length > outermost.length) {
    enter(state.folder.slice(0, -1));
  }
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input[type=search], select")) {
    if (event.key === "Escape") at.filter.blur();
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    at.filter.focus();
  }
  const step = { j: 1, k: -1 }[event.key];
  if (!step) return;
  const found = [...at.list.querySelectorAll("summary")];
  const here = found.indexOf(document.activeElement?.closest("details")?.querySelector("summary"));
  found[here < 0 ? 0 : here + step]?.focus();
});
update();
