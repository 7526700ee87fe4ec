"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 600px)");
  const place = document.getElementById("front-figure");

  function layoutFor(theme, isDark, isNarrow) {
    const ink = theme.ink[isDark ? 1 : 0], muted = theme.muted[isDark ? 1 : 0];
    return {
      "font.color": ink, "font.size": isNarrow ? 12 : 14,
      "xaxis.linecolor": muted, "yaxis.linecolor": muted, "xaxis.tickcolor": muted, "yaxis.tickcolor": muted,
      "annotations[0].font.color": muted,
      "hoverlabel.bgcolor": isDark ? "#262c33" : "#ffffff", "hoverlabel.font.color": ink,
      "hoverlabel.bordercolor": muted,
      "legend.bgcolor": "rgba(0,0,0,0)",
    };
  }

  function paint(figure, theme, forceLight) {
    const isDark = dark.matches && !forceLight;
    figure.data.forEach((trace, index) => {
      const colour = trace.meta[isDark ? "dark" : "light"];
      const update = trace.mode === "markers"
        ? { "marker.color": colour, "error_x.color": colour, "error_y.color": colour }
        : { "line.color": colour };
      Plotly.restyle(place, update, [index]);
    });
    Plotly.relayout(place, layoutFor(theme, isDark, narrow.matches));
  }

  if (place) {
    const figure = read("front-data"), theme = read("theme-data");
    const config = { responsive: true, displayModeBar: false };
    Plotly.newPlot(place, figure.data, figure.layout, config).then(() => {
      paint(figure, theme, false);
      for (const query of [dark, narrow]) query.addEventListener("change", () => paint(figure, theme, false));
      addEventListener("beforeprint", () => paint(figure, theme, true));
      addEventListener("afterprint", () => paint(figure, theme, false));
      document.documentElement.dataset.ready = "yes";
    });
  } else {
    document.documentElement.dataset.ready = "yes";
  }

  const valueOf = (row, column) => {
    const value = row.cells[column].dataset.value;
    return value === undefined ? NaN : Number(value);
  };

  function sortBy(header) {
    const body = header.closest("table").tBodies[0], column = header.cellIndex;
    const sign = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
    const rows = [...body.rows].sort((a, b) => {
      const x = valueOf(a, column), y = valueOf(b, column);
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return sign * (x - y);
    });
    body.append(...rows);
  }

  for (const header of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sortBy(header));
    header.append(button);
  }
})();
