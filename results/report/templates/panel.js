let openPanel = () => {};
let panelParts = {};

(() => {
  const panel = document.getElementById("panel"), body = document.getElementById("panel-body");
  let pictures = { strips: {}, private: {}, classes: {} }, known = null;
  const COLOURS = [["#0072b2", "#56b4e9"], ["#d55e00", "#f0894a"], ["#009e73", "#35c9a0"], ["#b0578d", "#dd9cc3"],
    ["#6a51a3", "#b3a2e0"], ["#a87900", "#e6b93a"]];
  const HEADINGS = ["Acc", "Worst AttAcc", "by", "vs No-Def, points", "Δ", "θC", "Seeds", "Time per seed"];
  const PERCENT = new Set(["Acc", "Worst AttAcc"]);
  const ATTACK_HEADINGS = ["Attack", "AttAcc %", "Top-5 %", "vs No-Def, points", "Second evaluator %", "P of class",
    "KNN distance", "Time"];
  let charts = [], opener = null, shownId = null;

  async function details(id) {
    known = known || Promise.all([readLarge("details-data"), readLarge("pictures-data")]);
    const [found, shown] = await known;
    pictures = shown;
    return found[id] || null;
  }

  function facts(pairs) {
    return element("dl", { class: "facts" }, ...pairs.map(([name, text, note]) =>
      element("div", {}, element("dt", {}, name),
        element("dd", {}, text, note ? element("span", { class: "note" }, note) : null))));
  }

  function table(caption, headings, rows, kind = "") {
    return element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
      element("table", { class: kind }, element("caption", {}, element("span", {}, caption)),
        element("thead", {}, element("tr", {}, ...headings.map((text) => element("th", { scope: "col" }, text)))),
        element("tbody", {}, ...rows)));
  }

  function panelHead(title, ...lines) {
    const close = element("button", { type: "button", class: "plain" }, "Close");
    close.addEventListener("click", () => panel.close());
    return element("div", { class: "panel-head" },
      element("div", {}, element("h2", { id: "panel-title", tabindex: "-1" }, ...title), ...lines), close);
  }

  function head(row) {
    return panelHead([glyph(row.control ? "" : row.family), row.name],
      element("p", {}, [row.note, row.front ? "on the front" : ""].filter(Boolean).join(" · ")),
      element("p", {}, "Configuration ", element("code", {}, row.id)));
  }

  function rowFacts(row) {
    return facts(row.cells.map(([text, note], index) =>
      [HEADINGS[index], PERCENT.has(HEADINGS[index]) && text !== "–" ? `${text} %` : text, note])
      .filter(([, text]) => text));
  }

  function attackTable(found) {
    const rows = found.attacks.map(([name, ...cells]) => element("tr", {}, element("th", { scope: "row" }, name),
      ...cells.map((text) => element("td", {}, text))));
    return table("Attacks on this configuration, seeds pooled", ATTACK_HEADINGS, rows, "wrap");
  }

  const baseLayout = (title, extra = {}) => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", height: 230,
    margin: { l: 48, r: 10, t: 6, b: 40 }, font: { family: "system-ui, sans-serif" },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    xaxis: { title: { text: title, font: { size: 12 } }, gridcolor: "rgba(128,136,148,0.22)", zeroline: false, automargin: true },
    yaxis: { gridcolor: "rgba(128,136,148,0.22)", zeroline: false, automargin: true, rangemode: "tozero" },
    ...extra,
  });

  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "solid"];
  function curveChart(curves, names, scale) {
    return {
      data: names.map((name, index) => ({
        x: curves.epoch, y: curves[name].map((value) => (value === null ? null : value * scale)), name,
        mode: curves.epoch.length > 1 ? "lines" : "markers",
        line: { width: 2, dash: DASHES[index] }, marker: {},
        meta: { light: COLOURS[index][0], dark: COLOURS[index][1] },
      })),
      layout: baseLayout("Epoch", { showlegend: true }),
    };
  }

  function chart(title, label, figure) {
    const place = element("div", { class: "chart", role: "img", "aria-label": label });
    charts.push([place, figure]);
    return element("div", {}, element("h4", {}, title), place);
  }

  function curveCharts(trial) {
    const curves = trial.curves || {};
    const names = Object.keys(curves).filter((name) => name !== "epoch");
    if (!names.length) return null;
    const shares = names.filter((name) => name.startsWith("Acc")), losses = names.filter((name) => !name.startsWith("Acc"));
    const last = (name) => { const known = curves[name].filter((value) => value !== null); return known[known.length - 1]; };
    return element("div", {}, element("h3", {}, "Training curves"), element("div", { class: "panel-charts" },
      losses.length ? chart("Loss", `Loss by epoch; ${losses[0]} ends at ${last(losses[0])}.`, curveChart(curves, losses, 1)) : null,
      shares.length ? chart("Accuracy, %", `Accuracy by epoch; ${shares[0]} ends at ${(100 * last(shares[0])).toFixed(1)} %.`,
        curveChart(curves, shares, 100)) : null));
  }

  function confidenceChart(trial) {
    const known = trial.attacks.filter((attack) => attack.confidence.some(Boolean));
    if (!known.length) return null;
    const bins = known[0].confidence.length;
    const figure = {
      data: known.map((attack, index) => ({
        type: "bar", name: attack.name, y: attack.confidence, x: attack.confidence.map((_, bin) => (bin + 0.5) / bins),
        hovertemplate: "probability %{x:.2f}: %{y} reconstructions<extra></extra>",
        marker: { pattern: { shape: ["", "/", "x", ".", "-", "+"][index % 6] } },
        meta: { light: COLOURS[index % 6][0], dark: COLOURS[index % 6][1] },
      })),
      layout: baseLayout("Probability of the attacked class", { showlegend: true, bargap: 0.05 }),
    };
    const sure = known.map((attack) => {
      const all = attack.confidence.reduce((sum, count) => sum + count, 0);
      return `${attack.name}: ${Math.round(100 * attack.confidence[bins - 1] / all)} % at 0.95 or more`;
    }).join("; ");
    return element("div", {}, element("h3", {}, "Confidence of the classifier in the reconstructions"),
      element("div", { class: "panel-charts" }, chart("Reconstructions by confidence", `Histogram of the probability of the attacked class. ${sure}.`, figure)),
      element("p", { class: "muted small" }, `${sure}. A high probability does not mean a likeness: only the evaluator measures likeness.`));
  }

  function spriteCell(strip, index, label) {
    const place = strip.cells.findIndex(([found]) => found === index);
    if (place < 0) return null;
    const lines = Math.ceil(strip.cells.length / strip.columns), side = 48;
    const cell = element("span", { class: "sprite-cell", role: "img", "aria-label": label });
    cell.style.backgroundImage = `url("${strip.uri}")`;
    cell.style.backgroundSize = `${strip.columns * side}px ${lines * side}px`;
    cell.style.backgroundPosition = `${-(place % strip.columns) * side}px ${-Math.floor(place / strip.columns) * side}px`;
    return cell;
  }

  function classCell(attack, index, name) {
    const place = attack.classes.indexOf(index);
    if (place < 0) return element("td", {}, "–");
    const hits = attack.hits[place], judged = attack.judged[place], strip = pictures.strips[attack.id];
    return element("td", { "data-value": hits / judged },
      strip ? spriteCell(strip, index, `${attack.name} reconstruction of ${name}`) : null,
      element("span", { class: hits ? "hit" : "muted" }, `${hits} of ${judged}`));
  }

  function privateCell(index, name) {
    const uris = pictures.private[index] || [];
    return element("td", {}, element("span", { class: "pictures" },
      ...uris.map((uri, number) => element("img", { src: uri, alt: `Private picture ${number + 1} of ${name}` }))));
  }

  function classTable(trial) {
    const known = trial.attacks.filter((attack) => attack.classes.length);
    if (!known.length) return null;
    const indices = [...new Set(known.flatMap((attack) => attack.classes))].sort((a, b) => a - b);
    const withPrivate = Object.keys(pictures.private).length > 0;
    const shown = known.some((attack) => pictures.strips[attack.id]);
    const rows = indices.map((index) => {
      const name = pictures.classes[index] || `class ${index}`;
      return element("tr", {}, element("th", { scope: "row" }, name), withPrivate ? privateCell(index, name) : null,
        ...known.map((attack) => classCell(attack, index, name)));
    });
    const headings = ["Class", ...(withPrivate ? ["Private pictures"] : []), ...known.map((attack) =>
      `${attack.name}, ${attack.att === null ? "–" : (100 * attack.att).toFixed(1)} %`)];
    return element("div", {}, element("h3", {}, "Class by class"),
      table(`Reconstructions that the headline evaluator recognised${shown ? "; the picture is the first restart" : ""}`,
        headings, rows, "people"),
      shown ? null : element("p", { class: "muted small" }, "The pictures of this trial are not in this page."),
      withPrivate ? null : element("p", { class: "muted small" },
        "Private pictures are not in this file; report --with-private-images shows them beside the reconstructions."));
  }

  function commandBlock(trial) {
    if (!trial.command) return null;
    const copy = element("button", { type: "button", class: "plain" }, "Copy");
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(trial.command);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        copy.textContent = "Selected";
      }
    });
    const code = element("code", {}, trial.command);
    return element("div", {}, element("h3", {}, "Run it again"),
      element("p", { class: "muted small" }, "Trains and attacks the same classifier again, in one process and in a new store."),
      element("div", { class: "command" }, element("pre", { tabindex: "0" }, code), copy));
  }

  function trialFacts(trial) {
    const share = (value) => (value === null ? "–" : `${(100 * value).toFixed(1)} %`);
    return facts([["Trial", String(trial.number), trial.role], ["Training seed", String(trial.seed), ""],
      ["Acc", share(trial.acc), ""], ["Acc on training pictures", share(trial.train), ""]]);
  }

  function showTrial(place, trial) {
    charts = [];
    place.replaceChildren(...[trialFacts(trial), curveCharts(trial), classTable(trial), confidenceChart(trial),
      commandBlock(trial)].filter(Boolean));
    for (const [where, figure] of charts) drawChart(where, figure);
  }

  function trialChooser(found, place) {
    if (found.trials.length < 2) return null;
    const labels = found.trials.map((trial, index) => {
      const input = element("input", { type: "radio", name: "trial", value: index, checked: index === 0 });
      input.addEventListener("change", () => showTrial(place, trial));
      return element("label", {}, input, element("span", {}, `Trial ${trial.number}, seed ${trial.seed}`));
    });
    return element("fieldset", { class: "segments" }, element("legend", {}, "Trial"), ...labels);
  }

  async function content(row) {
    const found = await details(row.id), place = element("div", { id: "panel-trial" });
    const parts = [head(row), rowFacts(row)];
    if (!found) {
      parts.push(element("p", { class: "notice" },
        "The curves and classes of this configuration are not in this page, to keep it small. They are in the store."));
    } else {
      if (found.attacks.length) parts.push(attackTable(found));
      parts.push(element("h3", {}, found.trials.length > 1 ? "Its trials" : "Its trial"), trialChooser(found, place), place);
    }
    body.replaceChildren(...parts.filter(Boolean));
    if (found && found.trials.length) showTrial(place, found.trials[0]);
  }

  async function show(shown, fill) {
    opener = document.activeElement;
    shownId = shown;
    if (!panel.open) panel.showModal();
    await fill();
    panel.scrollTop = 0;
    document.getElementById("panel-title").focus();
  }

  openPanel = (id) => {
    const row = rowsById.get(id);
    if (row) show(id, () => content(row));
  };

  panel.addEventListener("close", () => {
    body.replaceChildren();
    charts = [];
    const again = [...document.querySelectorAll("main [data-open]")].find((one) => one.dataset.open === shownId);
    (opener && opener !== document.body && opener.isConnected ? opener : again || document.getElementById("content")).focus();
  });
  panel.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-open]");
    if (button) openPanel(button.dataset.open);
  });
  repainted.add(() => { for (const [where, figure] of charts) drawChart(where, figure); });
  panelParts = { body, show, panelHead, table, commandBlock };
})();
