const rowsById = new Map();
const chosen = { find: "", families: null, frontOnly: false };
let renderTable = () => {};
let rowsReady = Promise.resolve();

(() => {
  let rows = [];
  const table = document.getElementById("configuration-table");
  const order = { column: null, sign: 1 };
  const STEP = 200;
  let limit = table ? table.tBodies[0].rows.length : 0;

  function matches(row) {
    if (row.control) return false;
    if (chosen.frontOnly && !row.front) return false;
    if (chosen.families && !chosen.families.has(row.family)) return false;
    return !chosen.find || `${row.name} ${row.note} ${row.id}`.toLowerCase().includes(chosen.find);
  }

  function compare(first, second) {
    const x = first.cells[order.column][2], y = second.cells[order.column][2];
    if (x === null || y === null) return (x === null) - (y === null);
    return order.sign * (x - y);
  }

  function bar(ends) {
    const [low, at, high] = ends;
    return element("span", { class: "bar", "aria-hidden": "true", style: `--low:${low};--at:${at};--high:${high}` });
  }

  function rowElement(row) {
    const head = element("th", { scope: "row" }, glyph(row.family),
      element("button", { type: "button", class: "open", "data-open": row.id }, row.name),
      row.front ? element("span", { class: "badge" }, "front") : null,
      row.note ? element("span", { class: "note" }, row.note) : null);
    const cells = row.cells.map(([text, note, value, ends]) => element("td", { "data-value": value },
      element("span", { class: "number" }, text), ends ? bar(ends) : null,
      note ? element("span", { class: "note" }, note) : null));
    return element("tr", {}, head, ...cells);
  }

  renderTable = () => {
    if (!table || !rows.length) return;
    let found = rows.filter(matches);
    if (order.column !== null) found = [...found].sort(compare);
    table.tBodies[0].replaceChildren(...found.slice(0, limit).map(rowElement));
    const more = document.getElementById("show-more"), left = Math.max(found.length - limit, 0);
    if (more) {
      more.hidden = left === 0;
      more.textContent = `Show ${Math.min(left, STEP)} more of ${left}`;
    }
    const all = rows.filter((row) => !row.control).length;
    document.getElementById("table-count").textContent =
      found.length === all ? `${all} configurations` : `${found.length} of ${all} configurations`;
  };

  function mark(header) {
    const sign = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
    return sign;
  }

  const valueOf = (row, column) => {
    const value = row.cells[column].dataset.value;
    return value === undefined ? NaN : Number(value);
  };

  function sortShown(header) {
    const body = header.closest("table").tBodies[0], column = header.cellIndex, sign = mark(header);
    const sorted = [...body.rows].sort((a, b) => {
      const x = valueOf(a, column), y = valueOf(b, column);
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return sign * (x - y);
    });
    body.append(...sorted);
  }

  function sortAll(header) {
    order.sign = mark(header);
    order.column = header.cellIndex - 1;
    renderTable();
  }

  for (const header of document.querySelectorAll("th[data-sort]")) {
    const button = element("button", { type: "button" });
    button.append(...header.childNodes);
    const own = header.closest("table") === table;
    button.addEventListener("click", () => (own && rows.length ? sortAll : sortShown)(header));
    header.append(button);
  }

  const controls = document.getElementById("table-controls");
  if (controls) {
    controls.addEventListener("submit", (event) => event.preventDefault());
    controls.elements.find.addEventListener("input", (event) => {
      chosen.find = event.target.value.trim().toLowerCase();
      renderTable();
    });
  }
  rowsReady = readLarge("rows-data").then((found) => {
    rows = found || [];
    for (const row of rows) rowsById.set(row.id, row);
    renderTable();
  });
  const more = document.getElementById("show-more");
  if (more) more.addEventListener("click", () => { limit += STEP; renderTable(); });
})();
