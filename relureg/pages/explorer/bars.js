// Bars that are buttons: how many regions have each value, and which of them are lit.

// Fill a box with a bar for each value of a Map value -> count; `press` is called with a value, or null to end it.
function showBars(box, counts, pressed, press) {
  const most = Math.max(1, ...counts.values());
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  box.replaceChildren();
  for (const [value, count] of [...counts].sort(([one], [two]) => one - two)) {
    const bar = document.createElement("button");
    bar.type = "button";
    bar.className = "bar";
    bar.title = `${value}: ${count.toLocaleString("en")} regions`;
    bar.setAttribute("aria-label", `${value}: ${count} of ${total} regions`);
    bar.setAttribute("aria-pressed", String(value === pressed));
    const fill = document.createElement("i");
    fill.style.height = `${Math.max(2, (60 * count) / most)}px`;
    const name = document.createElement("small");
    name.textContent = value;
    bar.append(fill, name);
    bar.addEventListener("click", () => press(value === pressed ? null : value));
    box.append(bar);
  }
}

// Value -> how often it occurs.
function counted(values) {
  const found = new Map();
  for (const value of values) found.set(value, (found.get(value) || 0) + 1);
  return found;
}
