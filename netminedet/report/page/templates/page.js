"use strict";
// Sorts, filters and pages the table of hosts.  Without this script the page shows all of it.
(() => {
  const table = document.getElementById("hosts");
  if (!table) return;
  const PAGE = 100;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows].map((row, place) => ({ row, place, text: "" }));
  const byId = (id) => document.getElementById(id);
  const find = byId("find"), role = byId("role"), count = byId("count");
  const boxes = [...document.querySelectorAll("#filters input[name=verdict]")];
  const pages = byId("pages"), back = byId("back"), on = byId("on"), whole = byId("whole");
  const number = (n) => n.toLocaleString("en");
  let matching = rows, page = 0, size = PAGE, column = -1, falling = false;

  const textOf = (one) => one.text || (one.text = one.row.textContent.toLowerCase());
  const matches = (one, words, verdicts) =>
    verdicts.has(one.row.dataset.v) &&
    (!role.value || one.row.querySelector(".role").textContent === role.value) &&
    words.every((word) => textOf(one).includes(word));

  function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    matching = rows.filter((one) => (one.row.hidden = !matches(one, words, verdicts), !one.row.hidden));
    page = 0;
    show();
  }

  function show() {
    const last = Math.max(0, Math.ceil(matching.length / size) - 1);
    page = Math.min(page, last);
    matching.forEach((one, place) => one.row.classList.toggle("away", Math.floor(place / size) !== page));
    const words = matching.length === rows.length ? count.dataset.all : count.dataset.some;
    count.textContent = words.replace("{n}", number(matching.length)).replace("{all}", number(rows.length));
    pages.hidden = matching.length <= size;
    back.disabled = page === 0;
    on.disabled = page === last;
    byId("page").textContent =
      `${number(page * size + 1)}–${number(Math.min((page + 1) * size, matching.length))} / ${number(matching.length)}`;
  }

  // Numbers where the cells have them, else the words; rows that are alike stay as they were.
  function sort(at) {
    falling = column === at ? !falling : heads[at].classList.contains("n");
    column = at;
    heads.forEach((head, place) => {
      if (place === at) head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const key = (one) => {
      const cell = one.row.cells[at];
      return cell.dataset.s === undefined ? cell.textContent : Number(cell.dataset.s);
    };
    const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
    const compare = (a, b) => (typeof a === "number" ? a - b : order.compare(a, b));
    const keys = new Map(rows.map((one) => [one, key(one)]));
    rows.sort((a, b) => (falling ? -1 : 1) * compare(keys.get(a), keys.get(b)) || a.place - b.place);
    body.remove();  // rows that move within a page are laid out one by one: ten times slower
    body.append(...rows.map((one) => one.row));
    table.append(body);
    matching = rows.filter((one) => !one.row.hidden);
    page = 0;
    show();
  }

  // A link to a line of the table brings up the page on which it is.
  function reveal() {
    const target = location.hash.startsWith("#h") && byId(location.hash.slice(1));
    const place = matching.findIndex((one) => one.row === target);
    if (place < 0) return;
    page = Math.floor(place / size);
    show();
    target.scrollIntoView({ block: "center" });
  }

  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(at));
  });
  let waiting = 0;
  find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  [role, ...boxes].forEach((control) => control.addEventListener("change", filter));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  back.addEventListener("click", () => { page -= 1; show(); });
  on.addEventListener("click", () => { page += 1; show(); });
  whole.addEventListener("click", () => { size = rows.length; page = 0; show(); });
  addEventListener("hashchange", reveal);
  byId("filters").hidden = false;
  show();
  body.classList.add("ready");
  reveal();
})();

// Brings up the sections that are packed.  They are HTML of ours, with all that others wrote escaped; the
// parser that makes elements of it runs nothing.
(() => {
  const section = document.getElementById("evidence");
  const packs = section ? [...section.querySelectorAll("script.pack")] : [];
  if (!packs.length) return;
  if (!("DecompressionStream" in window)) {
    document.getElementById("packed").hidden = true;
    document.getElementById("sealed").hidden = false;
    return;
  }
  const further = document.getElementById("further");
  const unpacked = new Map();
  const numberOf = (one) => Number(one.id.slice(1));
  const holds = (pack, number) => pack.dataset.first <= number && number <= pack.dataset.last;

  async function unpack(pack) {
    const packed = Uint8Array.from(atob(pack.textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const html = await new Response(stream).text();
    return [...new DOMParser().parseFromString(html, "text/html").body.children];
  }

  function articlesOf(pack) {
    if (!unpacked.has(pack)) unpacked.set(pack, unpack(pack));
    return unpacked.get(pack);
  }

  // Puts a section where its number belongs.
  function place(article) {
    if (article.ownerDocument === document) return;
    const later = [...section.querySelectorAll("article")].find((one) => numberOf(one) > numberOf(article));
    section.insertBefore(document.adoptNode(article), later || further);
  }

  async function bring() {
    const found = /^#s([0-9]{1,9})$/.exec(location.hash);
    const pack = found && packs.find((one) => holds(one, Number(found[1])));
    if (!pack) return;
    const article = (await articlesOf(pack)).find((one) => one.id === found[0].slice(1));
    place(article);
    article.scrollIntoView();
  }

  further.firstElementChild.addEventListener("click", async () => {
    const articles = await articlesOf(packs.shift());
    articles.forEach(place);
    further.hidden = !packs.length;
  });
  addEventListener("hashchange", bring);
  further.hidden = false;
  bring();
})();
