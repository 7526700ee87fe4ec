const chartConfig = { responsive: true, displayModeBar: false };
const PAPER = { width: 640, height: 330 };

function themedLayout(layout) {
  const dark = isDark(), ink = inks.ink[dark ? 1 : 0], muted = inks.muted[dark ? 1 : 0];
  const axis = (given) => ({ ...given, linecolor: muted, tickcolor: muted });
  return {
    ...layout,
    ...(printing ? { width: PAPER.width, height: Math.min(layout.height, PAPER.height) } : {}),
    font: { ...layout.font, color: ink, size: narrow.matches || printing ? 12 : 14 },
    xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis),
    hoverlabel: { ...layout.hoverlabel, bgcolor: dark ? "#262c33" : "#ffffff", bordercolor: muted, font: { color: ink } },
    annotations: (layout.annotations || []).map((one) => ({ ...one, font: { ...one.font, color: muted } })),
    legend: { ...layout.legend, bgcolor: "rgba(0,0,0,0)" },
  };
}

function themedTrace(trace) {
  if (!trace.meta || !trace.meta.light) return trace;
  const colour = trace.meta[isDark() ? "dark" : "light"];
  const painted = { ...trace };
  if (trace.marker) painted.marker = { ...trace.marker, color: colour };
  if (trace.line) painted.line = { ...trace.line, color: colour };
  for (const name of ["error_x", "error_y"]) if (trace[name]) painted[name] = { ...trace[name], color: colour };
  return painted;
}

function drawChart(place, figure) {
  place.textContent = "";
  return Plotly.react(place, figure.data.map(themedTrace), themedLayout(figure.layout), chartConfig);
}

readLarge("figures-data").then((found) => {
  const figures = found || {};
  const drawn = new Set();
  const draw = (place) => {
    drawn.add(place);
    Plotly.react(place, figures[place.dataset.figure].data.map(themedTrace),
      themedLayout(figures[place.dataset.figure].layout), chartConfig);
  };
  const places = [...document.querySelectorAll(".chart.lazy")];
  if (!places.length || typeof Plotly === "undefined") return;
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "400px" });
  for (const place of places) watcher.observe(place);
  repainted.add(() => { for (const place of printing ? places : drawn) draw(place); });
  const choice = document.getElementById("slice-choice");
  if (choice) {
    choice.addEventListener("change", () => {
      const place = document.getElementById("slice-figure");
      place.dataset.figure = choice.value;
      draw(place);
    });
  }
});
