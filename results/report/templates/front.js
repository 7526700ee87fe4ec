(async () => {
  const place = document.getElementById("front-figure");
  const ready = () => rowsReady.finally(() => { document.documentElement.dataset.ready = "yes"; });
  if (!place) { ready(); return; }
  const front = await readLarge("front-data"), views = read("views-data"), form = document.getElementById("front-controls");
  const state = document.getElementById("front-hypervolume"), printedNote = document.getElementById("front-printed");

  const boxes = (name) => [...form.querySelectorAll(`[name="${name}"]`)];
  const on = (name) => boxes(name).some((box) => box.checked);
  const view = () => (boxes("view").find((box) => box.checked) || { value: "worst" }).value;
  const families = () => new Set(boxes("family").filter((box) => box.checked).map((box) => box.value));

  function keepWhere(trace, kept) {
    const pick = (values) => (Array.isArray(values) ? values.filter((_, index) => kept[index]) : values);
    const picked = { ...trace, x: pick(trace.x), y: pick(trace.y), customdata: pick(trace.customdata),
      marker: { ...trace.marker, size: pick(trace.marker.size), opacity: pick(trace.marker.opacity) } };
    for (const name of ["error_x", "error_y"]) {
      picked[name] = { ...trace[name], array: pick(trace[name].array), arrayminus: pick(trace[name].arrayminus) };
    }
    return picked;
  }

  function familyTrace(trace, shown) {
    if (!shown.has(trace.meta.family)) return null;
    let made = on("front-only") ? keepWhere(trace, trace.meta.front) : { ...trace };
    if (!on("bars")) { delete made.error_x; delete made.error_y; }
    made.text = made.customdata.map((id) => front.hover[id]);
    made.showlegend = false;
    return made;
  }

  function trialTraces(shown) {
    if (!on("trials")) return [];
    const styles = new Map(front.figures.worst.data.filter((one) => one.meta.role === "family")
      .map((one) => [one.meta.family, one]));
    return Object.entries(front.trials[view()]).filter(([family]) => shown.has(family)).map(([family, points]) => {
      const like = styles.get(family);
      return { x: points.map((one) => one.x), y: points.map((one) => one.y), customdata: points.map((one) => one.id),
        text: points.map((one) => one.text), hovertemplate: "%{text}<extra></extra>", mode: "markers", showlegend: false,
        marker: { symbol: like.marker.symbol + "-open", size: 8 }, meta: { ...like.meta, role: "trial" } };
    });
  }

  function attainmentTraces() {
    if (!on("attainment")) return [];
    return front.attainment[view()].map((line, index) => ({ x: line.x, y: line.y, name: line.name, mode: "lines",
      hoverinfo: "skip", line: { width: 1.5, dash: ["dot", "dash", "longdash"][index] },
      meta: { light: "#a87900", dark: "#e6b93a", role: "attainment" } }));
  }

  function printedGroup() {
    const box = form.elements.printed;
    return box && box.value ? front.printed.find((group) => group.key === box.value) : null;
  }

  function printedTraces(group, shown) {
    if (!group) return [];
    const found = new Map();
    for (const point of group.points) found.set(point.family, [...(found.get(point.family) || []), point]);
    return [...found].map(([family, points]) => {
      const style = front.styles[family];
      return { x: points.map((one) => one.acc), y: points.map((one) => one.att_acc), mode: "markers", name: "Printed",
        text: points.map((one) => `<b>${one.label}</b><br>printed, not measured: ${group.label}<br>Acc ${one.acc} %, AttAcc ${one.att_acc} %`),
        hovertemplate: "%{text}<extra></extra>", showlegend: false,
        marker: { symbol: style.symbol + "-open", size: 12, line: { width: 1.5 } },
        meta: { light: style.light, dark: style.dark, role: "printed" } };
    });
  }

  function widened(range, values) {
    const low = Math.min(range[0], ...values.map((value) => value - 2)), high = Math.max(range[1], ...values.map((value) => value + 2));
    return [low, Math.min(high, 102)];
  }

  function figure() {
    const given = front.figures[view()], shown = families(), group = printedGroup();
    const data = given.data.map((trace) => (trace.meta.role === "family" ? familyTrace(trace, shown) : trace)).filter(Boolean);
    const layout = { ...given.layout, height: narrow.matches ? 440 : 560 };
    if (group) {
      layout.xaxis = { ...layout.xaxis, range: widened(layout.xaxis.range, group.points.map((one) => one.acc)) };
      layout.yaxis = { ...layout.yaxis, range: widened(layout.yaxis.range, group.points.map((one) => one.att_acc)) };
      for (const trace of data) {
        if (trace.meta.role === "level") trace.x = layout.xaxis.range;
        if (trace.meta.role === "front" && trace.x.length) trace.x = [layout.xaxis.range[0], ...trace.x.slice(1)];
      }
    }
    return { data: [...data, ...attainmentTraces(), ...trialTraces(shown), ...printedTraces(group, shown)], layout };
  }

  function draw() {
    const made = figure(), current = views.find((one) => one.key === view());
    state.textContent = `${current.label}: ${current.on_front} on the front, hypervolume ${current.hypervolume}`;
    printedNote.hidden = !printedGroup();
    return Plotly.react(place, made.data.map(themedTrace), themedLayout(made.layout), chartConfig);
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    const shown = families();
    chosen.families = shown.size === boxes("family").length ? null : shown;
    chosen.frontOnly = on("front-only");
    renderTable();
    draw();
  });
  draw().then(() => {
    place.on("plotly_click", (event) => { const id = event.points[0].customdata; if (id) openPanel(id); });
    repainted.add(draw);
    ready();
  });
})();
