"use strict";

// Sorting: a first press puts the highest number (the first name) on top, a second one
// turns the order around, a third one restores it. What is undefined stays below.
function valueOf(row, place) {
  const cell = row.cells[place];
  if (cell.dataset.number !== undefined) return Number(cell.dataset.number);
  return cell.dataset.text;
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other));
}

function sortRows(table, heading, place) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const numbers = rows.some((row) => typeof valueOf(row, place) === "number");
  const turns = numbers ? ["descending", "ascending", "none"] : ["ascending", "descending", "none"];
  const turn = turns[(turns.indexOf(heading.getAttribute("aria-sort")) + 1) % 3];
  for (const other of table.querySelectorAll("th[aria-sort]")) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", turn);
  const sign = turn === "descending" ? -1 : 1;
  rows.sort((one, other) => {
    const first = Number(one.dataset.place) - Number(other.dataset.place);
    if (turn === "none") return first;
    const [a, b] = [valueOf(one, place), valueOf(other, place)];
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined) || first;
    return sign * compare(a, b) || first;
  });
  body.append(...rows);
  const name = heading.querySelector("button").textContent;
  const order = turn === "none" ? "the order as it was" : `by ${name}, ${turn}`;
  document.getElementById("status").textContent = `Sorted: ${order}.`;
}

for (const table of document.querySelectorAll("table")) {
  [...table.tBodies[0].rows].forEach((row, place) => { row.dataset.place = place; });
  const headings = [...table.querySelectorAll('thead th[scope="col"]')];
  headings.forEach((heading, place) => {
    const button = heading.querySelector("button");
    if (button) button.addEventListener("click", () => sortRows(table, heading, place));
  });
}

// Light or dark: as the system has it, until the button is pressed; kept where the
// browser lets a page keep anything.
const root = document.documentElement;
const themeButton = document.getElementById("theme");
const system = window.matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
}

function showTheme() {
  themeButton.setAttribute("aria-pressed", String(isDark()));
}

try {
  const kept = localStorage.getItem("peftdiff-theme");
  if (kept) root.dataset.theme = kept;
} catch { /* nothing is kept here */ }

themeButton.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("peftdiff-theme", root.dataset.theme);
  } catch { /* nothing is kept here */ }
  showTheme();
});
system.addEventListener("change", showTheme);
themeButton.hidden = false;
showTheme();

// On paper nothing can be opened.
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
