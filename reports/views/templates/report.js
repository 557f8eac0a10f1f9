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
      marks: li.dataset.m?.split("\n") ?? [],
    })),
  }));
  for (const card of cards) card.words = [card.name, ...card.finds.map((find) => find.name)].join("\n").toLowerCase();
  const finds = cards.flatMap((card) => card.finds);
  const offer = (list, values) => {
    for (const value of [...new Set(values)].sort().slice(0, 500)) list.append(Object.assign(document.createElement("option"), { value }));
  };
  offer($("names"), finds.map((find) => find.name));
  offer($("marks"), finds.flatMap((find) => find.marks));

  // --- filters
  const field = { api: $("f-api"), name: $("f-name"), mark: $("f-mark"), confidence: $("f-confidence"), to: $("f-to"), search: $("f-search"), sort: $("f-sort"), flagged: $("f-flagged") };
  let matching = cards, page = 0, fits = () => true;

  function pattern(text) {
    const exact = /^"(.+)"$/su.exec(text.trim());
    if (exact) return { test: (name) => name.toLowerCase() === exact[1].toLowerCase() };
    const escaped = text.trim().replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
    return text.trim() ? new RegExp(text.includes("*") ? `^${escaped}$` : escaped, "iu") : null;
  }

  // What the values of a view let through; `within`: by confidence alone, 100 % being in the last band
  function chooser(values) {
    const least = Number(values.confidence), most = Number(values.to), name = pattern(values.name), mark = pattern(values.mark);
    const within = (find) => find.confidence >= least && (most >= 100 || find.confidence < most);
    const narrowed = Boolean(least || most < 100 || name || mark || values.api);
    const fits = (find) => (!values.api || find.api === values.api) && (!name || name.test(find.name))
      && (!mark || find.marks.some((one) => mark.test(one))) && within(find);
    return { fits, within, narrowed };
  }

  function filter() {
    const chosen = chooser(Object.fromEntries(Object.keys(plain).map((key) => [key, field[key].value])));
    const search = field.search.value.trim().toLowerCase();
    fits = chosen.fits;
    $("f-shown").value = field.confidence.value;
    $("f-to-shown").value = field.to.value;
    for (const card of cards) {
      let best = -1;
      for (const find of card.finds) {
        find.li.classList.toggle("under", !chosen.within(find));
        if (fits(find) && find.confidence > best) best = find.confidence;
      }
      card.best = best;
      card.fits = (!chosen.narrowed || best >= 0) && (!search || card.words.includes(search)) && (!field.flagged?.checked || card.flagged);
      for (const rect of card.node.querySelectorAll(".boxes rect")) rect.classList.toggle("under", !chosen.within(card.finds[rect.dataset.i]));
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
  const plain = { api: "", name: "", mark: "", confidence: "0", to: "100", search: "", sort: "rare" };
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

  for (const bar of document.querySelectorAll("[data-door]")) {
    const values = { ...plain, api: bar.dataset.api, ...Object.fromEntries(new URLSearchParams(bar.dataset.door)) };
    if (!values.name && !finds.some(chooser(values).fits)) continue;  // the sample has none of them
    const drawing = bar.ownerSVGElement;
    const door = drawing ? document.createElementNS(bar.namespaceURI, "a") : document.createElement("a");
    door.setAttribute("class", "door");
    door.setAttribute("href", link(Object.entries(values).filter(([key, value]) => plain[key] !== value)));
    if (drawing) {
      drawing.setAttribute("role", "group");  // an image has no links in it
      door.setAttribute("aria-label", bar.textContent.trim());
    } else door.title = "Show these in the gallery";
    door.append(...bar.childNodes);
    bar.append(door);
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
