// The search on the page of the catalogue: operation, device and release -> deterministic, and what instead.
"use strict";

function numbers(release) {
  return release.split(".").slice(0, 2).map(Number);
}

function before(a, b) {
  const [left, right] = [numbers(a), numbers(b)];
  return left[0] !== right[0] ? left[0] < right[0] : left[1] < right[1];
}

/** `F.interpolate` and `nn.MaxPool2d` are written for what torch calls `torch.nn.functional.interpolate`. */
function plain(text) {
  const whole = text.replace(/^F\./, "torch.nn.functional.").replace(/^nn\./, "torch.nn.");
  return whole.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** The rows for an operation in any spelling, on a device ("" for all), in a release ("" for all). */
function search(rows, operation, device, release) {
  const asked = plain(operation);
  const known = /^\d+\.\d+/.test(release);
  return rows.filter(
    (row) =>
      asked !== "" &&
      [row.name, ...row.spellings].some((each) => plain(each).includes(asked)) &&
      (device === "" || row.devices.includes("any") || row.devices.includes(device)) &&
      (!known || row.since === null || !before(release, row.since)) &&
      (!known || row.until === null || before(release, row.until))
  );
}

/** An element with a text in which pieces of code stand between backquotes, as in Markdown. */
function element(tag, text, parent) {
  const made = document.createElement(tag);
  for (const [at, piece] of text.split("`").entries()) {
    if (at % 2 === 0) made.append(piece);
    else element("code", piece, made);
  }
  parent.append(made);
  return made;
}

function show(rows, place) {
  place.replaceChildren();
  const shown = rows.slice(0, 50);
  const more = shown.length < rows.length ? `, the first ${shown.length} are shown` : "";
  element("p", rows.length === 0 ? "No row of the catalogue matches." : `${rows.length} found${more}`, place);
  for (const row of shown) {
    element("h3", row.name, place);
    const list = element("dl", "", place);
    const facts = [
      ["Deterministic?", row.answer],
      ["Where", row.where],
      ["When", row.when],
      ["Instead", row.instead],
      ["Releases", row.releases],
    ];
    for (const [name, text] of facts) {
      element("dt", name, list);
      element("dd", text, list);
    }
  }
}

async function start(form) {
  const place = document.getElementById("catalogue-found");
  const answer = await fetch(form.dataset.rows);
  const rows = await answer.json();
  const ask = () => {
    const value = (name) => form.elements[name].value.trim();
    if (value("operation") === "") place.replaceChildren();
    else show(search(rows, value("operation"), value("device"), value("release")), place);
  };
  form.addEventListener("input", ask);
  form.addEventListener("submit", (event) => event.preventDefault());
  ask();
}

if (typeof module !== "undefined") module.exports = { search };
else {
  const form = document.getElementById("catalogue-search");
  if (form) start(form);
}
