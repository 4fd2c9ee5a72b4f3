
/* Squarified treemap (Bruls, Huizing and van Wijk): rows that keep tiles near to squares. */
function squarified(rows, width, height) {
  const total = rows.reduce((sum, each) => sum + each.number, 0);
  const scale = (width * height) / Math.max(1, total);
  const areas = rows.map((each) => each.number * scale);
  const placed = [];
  let [x, y, w, h, first] = [0, 0, width, height, 0];
  const worst = (sum, few, side) =>
    Math.max(...few.map((area) => Math.max((side * side * area) / (sum * sum), (sum * sum) / (side * side * area))));
  while (first < areas.length) {
    const side = Math.min(w, h);
    let last = first + 1;
    let sum = areas[first];
    while (last < areas.length && worst(sum + areas[last], areas.slice(first, last + 1), side)
      <= worst(sum, areas.slice(first, last), side)) {
      sum += areas[last];
      last += 1;
    }
    const thick = sum / side;
    let offset = 0;
    for (const area of areas.slice(first, last)) {
      const long = area / thick;
      placed.push(w >= h ? [x, y + offset, thick, long] : [x + offset, y, long, thick]);
      offset += long;
    }
    if (w >= h) [x, w] = [x + thick, Math.max(1e-6, w - thick)];
    else [y, h] = [y + thick, Math.max(1e-6, h - thick)];
    first = last;
  }
  return placed;
}
