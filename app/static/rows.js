// A table of rows, see app/dashboard/rows.py. Every text is set as text: nothing in it is ever markup.
const make = (name, of, told) => {
  const made = document.createElement(name);
  if (of) made.className = of;
  if (told !== undefined) made.textContent = told;
  return made;
};

// What is unknown stands last, whichever way the rest goes.
const sorted = (column, down) => {
  const by = column.sort ?? column.texts;
  return [...by.keys()].sort((a, b) => {
    if (by[a] === null || by[b] === null) return (by[a] === null) - (by[b] === null);
    const order = typeof by[a] === "number" ? by[a] - by[b] : String(by[a]).localeCompare(String(by[b]));
    return down ? -order : order;
  });
};

const cell = (column, row, link, opens) => {
  const made = make("td", column.kind);
  let inner = made;
  if (opens) {
    inner = make(link ? "a" : "button", "rs-open");
    if (link) inner.href = link;
    made.append(inner);
  }
  if (column.swatches?.[row]) {
    const swatch = make("span", "rs-swatch");
    swatch.style.background = column.swatches[row];
    inner.append(swatch);
  }
  inner.append(make("span", column.tones?.[row] ? `rs-${column.tones[row]}` : "", column.texts[row]));
  const share = column.shares?.[row];
  if (share !== undefined && share !== null) {
    const bar = make("span", "rs-bar");
    const part = make("span", "");
    part.style.width = `${100 * Math.min(Math.max(share, 0), 1)}%`;
    bar.append(part);
    made.append(bar);
  }
  // What its width cuts off is read on pointing at it.
  if (!column.number) made.title = column.texts[row];
  return made;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const table = parentElement.querySelector("table");
  table.parentElement.style.maxHeight = data.tall ? `${data.tall}px` : "";
  let by = null;
  let down = false;

  const draw = () => {
    const order = by === null ? data.names.map((_, row) => row) : sorted(data.columns[by], down);
    const head = make("tr");
    data.columns.forEach((column, place) => {
      const title = make("th", column.kind);
      const turn = make("button", "rs-turn", column.title);
      if (column.help) turn.title = column.help;
      turn.onclick = () => {
        down = by === place ? !down : column.number;
        by = place;
        draw();
      };
      title.append(turn);
      if (by === place) title.setAttribute("aria-sort", down ? "descending" : "ascending");
      head.append(title);
    });
    table.tHead.replaceChildren(head);
    table.tBodies[0].replaceChildren(...order.map((row) => {
      const line = make("tr", data.opens ? "rs-leads" : "");
      data.columns.forEach((column, place) => {
        line.append(cell(column, row, data.links?.[row], data.opens && place === 0));
      });
      if (data.opens) line.onclick = (click) => {
        // A link that is to be opened elsewhere is the browser's affair, and so are words being copied.
        if (click.ctrlKey || click.metaKey || click.shiftKey || String(getSelection())) return;
        click.preventDefault();
        setTriggerValue("row", data.names[row]);
      };
      return line;
    }));
  };
  draw();

  // What is wider or taller than its room is scrolled by the keyboard too.
  const box = table.parentElement;
  const watch = new ResizeObserver(() => {
    const cut = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (cut) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  });
  watch.observe(box);
  watch.observe(table);
  return () => watch.disconnect();
}
