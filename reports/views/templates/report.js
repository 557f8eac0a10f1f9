// The page reads without this script; with it the gallery can be filtered, paged by keys, enlarged and linked to.
"use strict";
(() => {
  const PER_PAGE = 24;
  const $ = (id) => document.getElementById(id);

  // --- theme
  const theme = $("theme"), root = document.documentElement;
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const label = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.hidden = false;
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; label(); });
  label();

  // --- films: a click on a bar opens the film there
  for (const film of document.querySelectorAll(".film[data-source]")) {
    film.addEventListener("click", (event) => {
      const bar = event.target.closest(".lane svg");
      if (!bar) return;
      const { left, width } = bar.getBoundingClientRect();
      const at = ((event.clientX - left) / width) * Number(film.dataset.ms) / 1000;
      location.assign(`${film.dataset.source}#t=${at.toFixed(1)}`);
    });
  }

  const gallery = $("gallery");
  if (!gallery) return;

  // --- cards as values, read once from the page
  const cards = [...gallery.querySelectorAll(".card")].map((node, rank) => ({
    node, rank, name: node.dataset.name, flagged: node.classList.contains("sensitive"),
    finds: [...node.querySelectorAll(".finds li")].map((li) => ({
      li, api: li.dataset.a, name: li.dataset.n, confidence: li.dataset.c === undefined ? 100 : Number(li.dataset.c),
    })),
  }));
  for (const card of cards) card.words = [card.name, ...card.finds.map((find) => find.name)].join("\n").toLowerCase();
  const names = new Set(cards.flatMap((card) => card.finds.map((find) => find.name)));
  for (const name of [...names].sort().slice(0, 500)) $("names").append(Object.assign(document.createElement("option"), { value: name }));

  // --- filters
  const field = { api: $("f-api"), name: $("f-name"), confidence: $("f-confidence"), search: $("f-search"), sort: $("f-sort"), flagged: $("f-flagged") };
  let matching = cards, page = 0, fits = () => true;

  function pattern(text) {
    const exact = /^"(.+)"$/su.exec(text.trim());
    if (exact) return { test: (name) => name.toLowerCase() === exact[1].toLowerCase() };
    const escaped = text.trim().replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
    return text.trim() ? new RegExp(text.includes("*") ? `^${escaped}$` : escaped, "iu") : null;
  }

  function filter() {
    const least = Number(field.confidence.value), name = pattern(field.name.value), api = field.api.value;
    const search = field.search.value.trim().toLowerCase();
    const narrowed = Boolean(least || name || api);
    fits = (find) => (!api || find.api === api) && (!name || name.test(find.name)) && find.confidence >= least;
    $("f-shown").value = String(least);
    for (const card of cards) {
      let best = -1;
      for (const find of card.finds) {
        find.li.classList.toggle("under", find.confidence < least);
        if (fits(find) && find.confidence > best) best = find.confidence;
      }
      card.best = best;
      card.fits = (!narrowed || best >= 0) && (!search || card.words.includes(search)) && (!field.flagged?.checked || card.flagged);
      for (const rect of card.node.querySelectorAll(".boxes rect")) rect.classList.toggle("under", card.finds[rect.dataset.i].confidence < least);
    }
    const order = {
      rare: (a, b) => a.rank - b.rank, high: (a, b) => b.best - a.best || a.rank - b.rank,
      low: (a, b) => a.best - b.best || a.rank - b.rank, name: (a, b) => a.name.localeCompare(b.name) || a.rank - b.rank,
    }[field.sort.value];
    matching = cards.filter((card) => card.fits).sort(order);
    show(0);
  }

  function show(wanted) {
    const pages = Math.max(1, Math.ceil(matching.length / PER_PAGE));
    page = Math.min(Math.max(0, wanted), pages - 1);
    const visible = matching.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
    for (const card of cards) card.node.hidden = true;
    for (const card of visible) {
      card.node.hidden = false;
      card.node.parentNode.append(card.node);
      card.node.querySelectorAll("img").forEach((image) => { image.loading = "eager"; });  // paper cannot wait
    }
    $("shown").textContent = `${matching.length} of ${cards.length} items`;
    $("page").textContent = `Page ${page + 1} of ${pages}`;
    $("back").disabled = page === 0;
    $("on").disabled = page === pages - 1;
    $("none").hidden = matching.length > 0;
  }

  function turn(by) {
    const before = page;
    show(page + by);
    if (page !== before) gallery.scrollIntoView();
  }

  // --- the view in the address: a link that can be shared
  const plain = { api: "", name: "", confidence: "0", search: "", sort: "rare" };
  const link = (values) => `#gallery?${new URLSearchParams(values)}`;

  function view() {
    const told = Object.entries(plain).filter(([key, value]) => field[key].value !== value).map(([key]) => [key, field[key].value]);
    if (field.flagged?.checked) told.push(["flagged", "1"]);
    return told.length ? link(told) : "#gallery";
  }

  function look(values) {
    for (const [key, value] of Object.entries(plain)) field[key].value = values.get(key) ?? value;
    if (field.flagged) field.flagged.checked = values.has("flagged");
    filter();
    gallery.scrollIntoView();
  }

  function changed() {
    filter();
    history.replaceState(null, "", view());
  }

  for (const name of document.querySelectorAll("[data-door]")) {
    const door = document.createElement("a");
    door.className = "door";
    door.href = link({ api: name.dataset.api, name: `"${name.dataset.door}"` });
    door.title = "Show these in the gallery";
    door.append(...name.childNodes);
    name.append(door);
  }

  for (const input of Object.values(field)) input?.addEventListener("input", changed);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("back").addEventListener("click", () => turn(-1));
  $("on").addEventListener("click", () => turn(1));

  // --- boxes: a finding and its box light up together
  function pick(event, on) {
    const li = event.target.closest?.(".finds li.boxed");
    if (!li) return;
    const card = li.closest(".card");
    card.classList.toggle("picking", on);
    card.querySelector(`.boxes rect[data-i="${li.dataset.i}"]`)?.classList.toggle("on", on);
  }
  for (const [kind, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
    document.addEventListener(kind, (event) => pick(event, on));
  }

  // --- the tools of a card
  const large = $("large");
  let opened = null;

  function open(card) {
    opened = card;
    const copy = card.node.cloneNode(true);
    copy.removeAttribute("id");
    copy.hidden = false;
    copy.querySelectorAll(".tools button:not(.copy)").forEach((button) => button.remove());
    large.firstElementChild.replaceChildren(copy);
    large.querySelectorAll("img").forEach((image) => { image.loading = "eager"; });
    if (!large.open) large.showModal();
  }

  async function copyLink(anchor, button) {
    const before = button.textContent;
    try { await navigator.clipboard.writeText(location.href.split("#")[0] + anchor); button.textContent = "Copied"; }
    catch { history.replaceState(null, "", anchor); button.textContent = "In address bar"; }
    button.addEventListener("blur", () => { button.textContent = before; }, { once: true });
  }
  $("copy-view").addEventListener("click", (event) => copyLink(view(), event.target));

  for (const card of cards) {
    card.node.querySelectorAll("li.boxed").forEach((li) => { li.tabIndex = 0; });
    const tools = document.createElement("div");
    tools.className = "tools";
    const add = (text, kind, act) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, className: kind });
      button.setAttribute("aria-label", `${text}: ${card.name.slice(0, 80)}`);
      button.addEventListener("click", () => act(button));
      tools.append(button);
    };
    if (card.node.querySelector("img")) add("Enlarge", "enlarge", () => open(card));
    if (card.flagged) add("Show", "uncover", (button) => { button.textContent = card.node.classList.toggle("open") ? "Blur" : "Show"; });
    add("Copy link", "copy", (button) => copyLink(`#${card.node.id}`, button));
    card.node.querySelector("figcaption").append(tools);
  }
  gallery.addEventListener("click", (event) => {
    if (event.target.matches(".frame img")) open(cards.find((card) => card.node === event.target.closest(".card")));
  });
  large.addEventListener("click", (event) => {
    if (event.target === large || event.target.value === "close") large.close();
    else if (event.target.matches(".steps button")) step(Number(event.target.value));
    if (event.target.matches(".copy")) copyLink(`#${opened.node.id}`, event.target);
  });

  // --- keys
  const step = (by) => {
    const next = matching[matching.indexOf(opened) + by];
    if (next) { show(Math.floor(matching.indexOf(next) / PER_PAGE)); open(next); }
  };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, select") || $("judge")?.open) return;
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by && large.open) step(by);
    else if (by) turn(by);
    else if (event.key === "/" && !large.open) { event.preventDefault(); field.search.focus(); }
    else if (event.key === "Enter" && !large.open && event.target.matches(".finds li")) open(cards.find((card) => card.node === event.target.closest(".card")));
  });

  // --- links to an item, or to a view
  function arrive() {
    if (location.hash.startsWith("#gallery?")) return look(new URLSearchParams(location.hash.slice(9)));
    const card = cards.find((one) => `#${one.node.id}` === location.hash);
    if (!card) return;
    if (!matching.includes(card)) { $("filters").reset(); filter(); }
    show(Math.floor(matching.indexOf(card) / PER_PAGE));
    card.node.scrollIntoView();
    card.node.querySelector("a").focus({ preventScroll: true });
  }
  addEventListener("hashchange", arrive);

  $("filters").hidden = $("copy-view").hidden = false;
  $("pages").hidden = false;
  filter();
  arrive();
  window.rekscanGallery = { cards, fits: (find) => fits(find) };
})();
