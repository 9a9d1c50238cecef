// Dragging, and single keys. Each chip also has a "Move…" link, and every key a link: the page works without this file.
(() => {
  "use strict";

  const calendar = () => document.getElementById("calendar");

  // T, M, W and A: today, month, week, agenda. Not while somebody types, and not for those who switched it off.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !calendar()?.hasAttribute("data-keys")) return;
    if (event.target.closest("input, select, textarea, [contenteditable], dialog")) return;
    const link = calendar().querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!link) return;
    event.preventDefault();
    link.click();
  });

  // The hours of a week are one stop of the Tab key; the arrows go on from there.
  const hours = () => [...document.querySelectorAll(".week__new")];
  const rove = () => hours().forEach((link, index) => { link.tabIndex = index ? -1 : 0; });
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  document.addEventListener("keydown", (event) => {
    const from = event.target.closest?.(".week__new");
    const [right, down] = (from && STEPS[event.key]) || [0, 0];
    if (!right && !down) return;
    const cell = from.closest("td");
    const row = cell.parentElement.parentElement.rows[cell.parentElement.sectionRowIndex + down];
    const to = row?.cells[cell.cellIndex + right]?.querySelector(".week__new");
    event.preventDefault();
    if (!to) return;
    from.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });

  // Dragging: to a day, where the clock time stays, or to an hour. What comes of it, the server says.
  let dragged = null;
  const place = (event) => event.target.closest?.("[data-at]");
  const over = (cell) => {
    for (const each of document.querySelectorAll(".is-over")) if (each !== cell) each.classList.remove("is-over");
    cell?.classList.add("is-over");
  };
  const end = () => {
    dragged?.classList.remove("is-dragged");
    calendar()?.classList.remove("is-dragging");
    over(null);
    dragged = null;
  };
  document.addEventListener("dragstart", (event) => {
    const line = event.target.closest?.("[data-delivery]");
    if (!line) return;
    dragged = line;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", line.querySelector(".chip").title);
    requestAnimationFrame(() => { line.classList.add("is-dragged"); calendar().classList.add("is-dragging"); });
  });
  document.addEventListener("dragover", (event) => {
    const cell = dragged && place(event);
    over(cell);
    if (!cell) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
  });
  document.addEventListener("drop", (event) => {
    const cell = dragged && place(event);
    if (!cell) return;
    event.preventDefault();
    const { delivery, seen } = dragged.dataset;
    const isElsewhere = !cell.contains(dragged);
    end();
    if (isElsewhere) move(delivery, seen, cell.dataset.at);
  });
  document.addEventListener("dragend", end);

  const move = (delivery, seen, to) => {
    const form = document.getElementById("drop");
    form.elements.delivery.value = delivery;
    form.elements.seen.value = seen;
    form.elements.to.value = to;
    calendar().setAttribute("aria-busy", "true");
    form.requestSubmit();
  };

  rove();
  document.addEventListener("htmx:afterSettle", rove);
})();
