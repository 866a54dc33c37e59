
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  root.classList.add("live");

  // Theme: the system's, until the reader chooses one.
  const theme = one("#theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const showTheme = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    theme.textContent = dark ? "Light theme" : "Dark theme";
    return dark;
  };
  theme.addEventListener("click", () => {
    root.dataset.theme = showTheme() ? "light" : "dark";
    showTheme();
  });
  system.addEventListener("change", showTheme);
  showTheme();

  // Sorting: each heading becomes a button; a second click reverses the order.
  const order = new Intl.Collator("en", { numeric: true });
  const keyOf = (row, column) => row.cells[column].dataset.key ?? row.cells[column].textContent;
  const sort = (table, heading) => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    all("thead th", table).forEach((th) => th.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => [keyOf(row, heading.cellIndex), row]);
    rows.sort(([a], [b]) => (down ? order.compare(b, a) : order.compare(a, b)));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };
  for (const heading of all("table.sortable thead th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading.closest("table"), heading));
    heading.append(button);
  }

  const list = one("#list");
  if (!list) return;

  // Filtering: a row must contain every word and, for each facet with pressed chips, have one of their values.
  const find = one("#find");
  const chips = all(".chip");
  const lines = all("#picture .line");
  const rows = [...list.tBodies[0].rows].map((row) => ({ row, text: row.textContent.toLowerCase() }));
  const pressed = (facet) =>
    new Set(chips.filter((c) => c.dataset.facet === facet && c.getAttribute("aria-pressed") === "true").map((c) => c.dataset.value));
  const passes = (set, value) => set.size === 0 || set.has(value);
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = pressed("outcome");
    const states = pressed("state");
    let shown = 0;
    for (const { row, text } of rows) {
      const show = passes(outcomes, row.dataset.outcome) && passes(states, row.dataset.state) && words.every((w) => text.includes(w));
      row.hidden = !show;
      shown += show;
    }
    lines.forEach((line) => line.classList.toggle("off", !passes(outcomes, line.dataset.outcome)));
    one("#shown").textContent = shown === rows.length ? `${shown} shown` : `${shown} of ${rows.length} shown`;
    one("#nothing").hidden = shown > 0;
    root.classList.toggle("filtered", shown < rows.length);
  };
  const clear = () => {
    find.value = "";
    chips.forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    filter();
  };
  find.addEventListener("input", filter);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  }
  one("#clear").addEventListener("click", () => {
    clear();
    find.focus();
  });
  filter();

  // The picture: pointing at a box highlights its lines, and clicking it shows its connections in the table.
  const picture = one("#picture");
  if (!picture) return;
  const light = (box) => {
    picture.classList.toggle("lighting", box !== null);
    for (const line of lines) {
      const lit = box !== null && (box.dataset.from === line.dataset.from || box.dataset.to === line.dataset.to);
      line.classList.toggle("lit", lit);
    }
  };
  for (const box of all(".box", picture)) {
    for (const on of ["pointerenter", "focus"]) box.addEventListener(on, () => light(box));
    for (const off of ["pointerleave", "blur"]) box.addEventListener(off, () => light(null));
    box.addEventListener("click", () => {
      clear();
      find.value = box.dataset.find;
      filter();
    });
  }
})();
