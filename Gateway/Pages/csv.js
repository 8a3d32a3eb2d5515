// Comma-separated values as RFC 4180 has them.

/** @returns {string[][]} rows of cells */
export function parse(text) {
  const rows = [];
  let row = [], cell = "", isQuoted = false;
  for (let i = text.charCodeAt(0) === 0xFEFF ? 1 : 0; i < text.length; i++) {
    const c = text[i];
    if (isQuoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') { cell += '"'; i++; }
      else isQuoted = false;
    } else if (c === '"' && cell === "") isQuoted = true;
    else if (c === ",") { row.push(cell); cell = ""; }
    else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[i + 1] === "\n") i++;
      row.push(cell);
      if (row.length > 1 || row[0] !== "") rows.push(row);
      [row, cell] = [[], ""];
    } else cell += c;
  }
  if (isQuoted) throw new Error("The file ends within quotes.");
  row.push(cell);
  if (row.length > 1 || row[0] !== "") rows.push(row);
  return rows.map(r => r.map(c => /^'[=+\-@]/.test(c) ? c.slice(1) : c));
}

// A spreadsheet would take what begins so for a formula.
const cell = value => {
  const text = String(value ?? ""), safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export const write = rows => rows.map(r => r.map(cell).join(",")).join("\r\n") + "\r\n";

/** Has the browser save a text as a file. */
export function save(name, text, type = "text/csv") {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
