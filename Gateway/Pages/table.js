// Tables that sort by their headings and keep their place when the figures change. Everything is set as text, never as markup.

/** A column with a node still sorts by its value; one with a cell does not sort. @param {HTMLTableElement} table @param {{name: string, title: string, text?: (row) => string, isText?: boolean, isLong?: boolean, isBad?: (row) => boolean, node?: (row) => Node, cell?: (row) => Node}[]} columns */
export function sortable(table, columns, caption, { by = columns[0].name, descending = false } = {}) {
  let [sortedBy, down, rows] = [by, descending, []];
  const head = table.createTHead().insertRow();
  table.createCaption().textContent = caption;
  table.caption.className = "skip";
  const body = table.createTBody();
  for (const column of columns) {
    const heading = document.createElement("th");
    heading.scope = "col";
    if (column.isText) heading.className = "text";
    if (column.cell) {
      heading.textContent = column.title;
    } else {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = column.title;
      button.addEventListener("click", () => {
        [sortedBy, down] = [column.name, sortedBy === column.name ? !down : !column.isText];
        show();
      });
      heading.append(button);
    }
    head.append(heading);
  }

  function show() {
    columns.forEach((column, i) => {
      if (column.cell) return;
      head.cells[i].setAttribute("aria-sort", column.name !== sortedBy ? "none" : down ? "descending" : "ascending");
    });
    const sorted = [...rows].sort((a, b) => (down ? -1 : 1) * compare(a[sortedBy], b[sortedBy]));
    while (body.rows.length > sorted.length) body.deleteRow(-1);
    sorted.forEach((row, i) => {
      const line = body.rows[i] ?? body.insertRow();
      columns.forEach((column, j) => {
        const cell = line.cells[j] ?? line.insertCell();
        cell.className = (column.isText ? "text " : "") + (column.isLong ? "long " : "") + (column.isBad?.(row) ? "bad" : "");
        const node = column.cell?.(row) ?? column.node?.(row);
        // What is there already is left alone, so that it keeps the focus.
        if (node) { if (cell.firstChild !== node) cell.replaceChildren(node); }
        else cell.textContent = column.text ? column.text(row) : String(row[column.name] ?? "–");
      });
    });
  }

  show();
  return newRows => { rows = newRows; show(); };
}

function compare(a, b) {
  if (typeof a === "string" || typeof b === "string") return String(a ?? "").localeCompare(String(b ?? ""));
  return (a ?? -1) - (b ?? -1);
}
