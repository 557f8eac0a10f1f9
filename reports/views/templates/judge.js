// Judging findings in the page: one after the other, by keys; verdicts are kept in the browser and go home as review.csv.
"use strict";
(() => {
  const box = document.getElementById("judge"), gallery = window.rekscanGallery;
  if (!box || !gallery) return;
  const FORGET = "Forget all verdicts", MOST = 300, EDGES = [60, 75, 90, 97];
  const COLUMNS = ["item_id", "uri", "api", "name", "confidence", "left", "top", "width", "height", "verdict", "note", "job"];
  const KEYS = { y: "yes", n: "no", u: "?", "?": "?", ArrowRight: "on", ArrowLeft: "back", " ": "on", Escape: "close" };
  const $ = (id) => document.getElementById(id);
  const part = (value) => box.querySelector(`button[value="${value}"]`);
  const job = box.dataset.job, shelf = `rekscan verdicts of ${job}`;
  const danger = new RegExp(JSON.parse(box.dataset.danger)), number = new RegExp(JSON.parse(box.dataset.number));

  // --- verdicts, by finding: [verdict, row of the sheet]
  let said = new Map();
  try { said = new Map(JSON.parse(localStorage.getItem(shelf) ?? "[]")); }
  catch { said = new Map(); }

  function keep() {
    try { localStorage.setItem(shelf, JSON.stringify([...said])); }
    catch { $("j-kept").textContent = "This browser keeps nothing of a page: download the verdicts before you close it."; }
  }

  // --- findings that can be judged, and a sample of them: every name and confidence band in turn
  function rowOf(card, find) {
    const rect = card.node.querySelector(`.boxes rect[data-i="${find.li.dataset.i}"]`);
    const sides = ["x", "y", "width", "height"].map((side) => rect?.getAttribute(side) ?? "");
    const uri = card.node.querySelector(".file a").title;
    return [card.node.id.slice(5), uri, find.api, find.li.dataset.raw ?? find.name, find.li.dataset.c, ...sides];
  }

  const all = [];
  for (const card of gallery.cards) {
    for (const find of card.finds) {
      if (!("judge" in find.li.dataset)) continue;
      const row = rowOf(card, find);
      all.push({ card, find, row, key: [row[0], ...row.slice(2)].join("\t") });
    }
  }

  function sample() {
    const groups = new Map();
    for (const one of all) {
      if (!one.card.fits || !gallery.fits(one.find)) continue;
      const band = EDGES.filter((edge) => one.find.confidence >= edge).length, group = `${one.row[2]}\t${one.row[3]}\t${band}`;
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(one);
    }
    const found = [], several = [...groups.values()];
    for (let turn = 0; found.length < MOST && several.some((group) => group.length > turn); turn += 1) {
      for (const group of several) if (turn < group.length && found.length < MOST) found.push(group[turn]);
    }
    return found;
  }

  // --- what is shown
  let asked = [], at = 0;
  const judged = () => asked.filter((one) => said.has(one.key)).length;

  function wilson(right, of) {
    const z = 1.959964, share = right / of, middle = share + z * z / (2 * of);
    const wide = z * Math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)), whole = 1 + z * z / of;
    return [Math.max(0, (middle - wide) / whole), Math.min(1, (middle + wide) / whole)].map((end) => Math.round(100 * end));
  }

  function precision() {
    const names = new Map();
    for (const [verdict, row] of said.values()) {
      if (verdict === "?") continue;
      const one = names.get(`${row[2]}: ${row[3]}`) ?? [0, 0];
      names.set(`${row[2]}: ${row[3]}`, [one[0] + (verdict === "yes"), one[1] + 1]);
    }
    const lines = [...names].sort((a, b) => b[1][1] - a[1][1] || a[0].localeCompare(b[0])).map(([name, [right, of]]) => {
      const line = document.createElement("tr"), head = Object.assign(document.createElement("th"), { scope: "row", textContent: name.slice(0, 60), dir: "auto" });
      const cells = [`${right} of ${of}`, `${Math.round(100 * right / of)} %`, wilson(right, of).join(" to ")];
      line.append(head, ...cells.map((text) => Object.assign(document.createElement("td"), { className: "n", textContent: text })));
      return line;
    });
    $("j-precision").replaceChildren(...lines);
  }

  function mark() {
    for (const one of all) {
      const verdict = said.get(one.key)?.[0];
      if (verdict) one.find.li.dataset.said = verdict; else delete one.find.li.dataset.said;
    }
    const open = $("judge-open");
    open.textContent = said.size ? `Judge findings (${said.size} judged)` : "Judge findings";
  }

  function show() {
    const one = asked[at], verdict = said.get(one?.key)?.[0];
    $("j-progress").textContent = `${judged()} of ${asked.length} judged`;
    for (const value of ["yes", "no", "?"]) part(value).setAttribute("aria-pressed", String(verdict === value));
    part("back").disabled = at === 0;
    part("on").disabled = at >= asked.length - 1;
    precision();
    mark();
    const frame = one.card.node.querySelector(".frame").cloneNode(true);
    frame.querySelectorAll("img").forEach((image) => { image.loading = "eager"; });
    frame.querySelectorAll(".boxes rect").forEach((rect) => rect.classList.toggle("on", rect.dataset.i === one.find.li.dataset.i));
    const stage = box.querySelector(".stage");
    stage.className = `stage card picking${one.card.flagged && !$("uncover")?.checked ? " sensitive" : ""}`;
    stage.replaceChildren(frame);
    part("show").hidden = !stage.classList.contains("sensitive");
    $("j-name").textContent = one.find.name;
    $("j-about").textContent = `${one.find.api}, ${Math.round(one.find.confidence)} %, in ${one.card.name.slice(0, 60)}`;
  }

  function open() {
    asked = sample();
    if (!asked.length) { $("shown").textContent = "No finding of this view can be judged"; return; }
    at = Math.max(0, asked.findIndex((one) => !said.has(one.key)));
    show();
    box.showModal();
  }

  function next() {
    const later = asked.findIndex((one, place) => place > at && !said.has(one.key));
    const left = later >= 0 ? later : asked.findIndex((one) => !said.has(one.key));
    if (left >= 0) at = left;
    show();
  }

  const acts = {
    back() { at = Math.max(0, at - 1); show(); },
    on() { at = Math.min(asked.length - 1, at + 1); show(); },
    show() { box.querySelector(".stage").classList.remove("sensitive"); part("show").hidden = true; },
    close() { box.close(); },
    download,
    forget() {  // only when asked twice
      const button = part("forget"), sure = button.dataset.sure;
      button.textContent = sure ? FORGET : `Forget ${said.size}: click again`;
      button.dataset.sure = sure ? "" : "yes";
      if (sure) { said.clear(); keep(); at = 0; show(); }
    },
  };
  for (const verdict of ["yes", "no", "?"]) {
    acts[verdict] = () => { said.set(asked[at].key, [verdict, asked[at].row]); keep(); next(); };
  }

  // --- the sheet, as `rekscan report --format review` writes it
  function cell(text) {
    const safe = danger.test(text) && !number.test(text) ? `'${text}` : text;
    return /[",\r\n\v\f\x1c-\x1e\x85\u2028\u2029]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  function download() {
    const rows = [...said.values()].map(([verdict, row]) => [...row, verdict, "", job]);
    const text = [COLUMNS, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
    link.download = "review.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
    acts[event.target.closest("button")?.value]?.();
  });
  box.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
    if (!act || (event.key === " " && event.target.matches("button"))) return;
    event.preventDefault();
    acts[act]();
  });
  $("judge-open").addEventListener("click", open);
  $("judge-open").hidden = !all.length;
  mark();
})();
