(() => {
  const { body, show, panelHead, table, commandBlock } = panelParts;

  function settings(trial) {
    if (!trial.settings) return element("p", { class: "notice" }, "The store keeps no log of this trial.");
    return element("div", {}, element("h3", {}, "Its configuration"), element("dl", { class: "pairs" },
      ...trial.settings.map(([name, text]) => element("div", {}, element("dt", {}, name), element("dd", {}, text)))));
  }

  function steps(trial) {
    if (!trial.steps || !trial.steps.length) return null;
    const rows = trial.steps.map(([name, ...cells]) => element("tr", {}, element("th", { scope: "row" }, name),
      ...cells.map((text) => element("td", {}, text))));
    return element("div", {}, element("h3", {}, "Its steps"), table("Steps of this trial, as they ended",
      ["Step", "State", "Time", "Host"], rows));
  }

  function logEnds(trial) {
    return (trial.log || []).map(([step, text]) => element("div", {}, element("h3", {}, `End of the log of ${step}`),
      element("pre", { tabindex: "0", class: "log" }, element("code", {}, text))));
  }

  function content(number, trial) {
    body.replaceChildren(...[
      panelHead([`Trial ${number} failed`], element("p", {}, `${trial.label} · ${trial.role}`)),
      element("p", { class: "notice warning" }, trial.reason),
      settings(trial), steps(trial), ...logEnds(trial), commandBlock(trial)].filter(Boolean));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-failed]");
    if (button) show(null, async () => content(button.dataset.failed, (await readLarge("failed-data"))[button.dataset.failed]));
  });
})();
