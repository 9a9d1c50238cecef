// Pictures are dropped, pasted or chosen in the editor; the server keeps them, and the text names them.
(() => {
  "use strict";
  for (const field of document.querySelectorAll("[data-copy]")) field.addEventListener("focus", () => field.select());

  const form = document.getElementById("editor");
  const tray = document.getElementById("tray");
  if (!form || !tray) return;
  const text = form.elements.markdown;
  const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
  let uploading = 0;

  // Typed through the browser, so that Ctrl+Z takes it back; whoever is writing elsewhere goes on writing there.
  const type = (words, start = text.selectionStart, end = text.selectionEnd) => {
    const before = document.activeElement;
    const { scrollTop } = text;
    text.focus({ preventScroll: true });
    text.setSelectionRange(start, end);
    document.execCommand("insertText", false, words);
    text.scrollTop = scrollTop;
    if (before && before !== text && before !== document.body) before.focus({ preventScroll: true });
  };
  const escaped = (alt) => alt.trim().replace(/\s+/g, " ").replace(/[\\[\]]/g, "\\$&");

  const insert = (alt, url) => {
    const before = text.value.slice(0, text.selectionStart);
    const gap = before === "" || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
    type(`${gap}![${escaped(alt)}](${url})\n`);
  };

  // The words between the brackets, wherever the picture stands by now.
  const describe = (alt, url) => {
    const end = text.value.indexOf(`](${url}`);
    const start = end < 0 ? -1 : text.value.lastIndexOf("![", end);
    if (start < 0 || text.value.slice(start, end).includes("\n\n")) return;
    if (text.value.slice(start + 2, end) !== escaped(alt)) type(escaped(alt), start + 2, end);
  };

  const send = (file, progressed) => new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("picture", file, file.name || "picture");
    request.open("POST", tray.dataset.upload);
    for (const [name, value] of Object.entries({ ...headers, "HX-Request": "true" })) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) progressed(event.loaded / event.total); });
    request.addEventListener("loadend", () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* not ours: said below */ }
      if (answer.url || answer.error) resolve(answer);
      else if (request.status === 401) resolve({ error: "You are signed out. Sign in again in another tab, then try once more." });
      else if (request.status === 413) resolve({ error: `${file.name}: the web server in front takes no file of this size.` });
      else resolve({ error: `${file.name}: the server does not answer. Try again.` });
    });
    request.send(body);
  });

  const asked = (item, answer) => {
    const input = item.querySelector("input");
    item.querySelector("img").src = answer.url;
    item.querySelector("progress").remove();
    item.querySelector(".field").hidden = false;
    input.value = answer.alt;
    let kept = answer.alt;
    const keep = () => {
      if (input.value === kept) return; // writing into the text takes the focus from here, which asks once more
      kept = input.value;
      describe(input.value, answer.url);
      const body = new FormData();
      body.append("alt", input.value);
      fetch(answer.alt_url, { method: "POST", body, headers }).catch(() => {});
    };
    input.addEventListener("change", keep);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      keep();
      item.remove();
      text.focus();
    });
  };

  const upload = async (file, use) => {
    const item = document.getElementById("tray-item").content.firstElementChild.cloneNode(true);
    const progress = item.querySelector("progress");
    const status = item.querySelector("[role=status]");
    const input = item.querySelector("input");
    const close = item.querySelector("button");
    input.id = `alt-${Date.now()}-${Math.random().toString(36).slice(2)}`;
    item.querySelector("label").htmlFor = input.id;
    progress.setAttribute("aria-label", `Uploading ${file.name}`);
    close.querySelector(".visually-hidden").textContent = ` ${file.name}`;
    close.addEventListener("click", () => { item.remove(); text.focus(); });
    tray.append(item);
    uploading += 1;
    const answer = await send(file, (part) => { progress.value = part; });
    uploading -= 1;
    if (answer.error) {
      item.classList.add("tray__item--refused");
      progress.remove();
      status.textContent = answer.error;
      return;
    }
    status.textContent = "";
    asked(item, answer);
    use(answer);
    if (use === intoText && document.activeElement === text) item.querySelector("input").focus();
  };
  const intoText = ({ alt, url }) => insert(alt, url);
  const asCover = ({ url }) => {
    const cover = form.elements.cover_url;
    cover.value = url;
    cover.dispatchEvent(new Event("input", { bubbles: true }));
    cover.dispatchEvent(new Event("change", { bubbles: true }));
  };

  // One after the other, so that they stand in the text in the order in which they were chosen.
  let last = Promise.resolve();
  const uploadAll = (files, use) => { for (const file of files) last = last.then(() => upload(file, use)); };

  for (const [id, use] of [["add-pictures", intoText], ["add-cover", asCover]]) {
    const chooser = document.getElementById(id);
    const button = form.querySelector(`[data-chooser="${id}"]`);
    if (!chooser || !button) continue;
    button.hidden = false;
    button.addEventListener("click", () => chooser.click());
    chooser.addEventListener("change", () => { uploadAll([...chooser.files], use); chooser.value = ""; });
  }

  const hasFiles = (transfer) => Boolean(transfer) && [...transfer.types].includes("Files");
  text.addEventListener("dragover", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    text.classList.add("is-over");
  });
  text.addEventListener("dragleave", () => text.classList.remove("is-over"));
  text.addEventListener("drop", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    text.classList.remove("is-over");
    uploadAll([...event.dataTransfer.files], intoText);
  });
  text.addEventListener("paste", (event) => {
    const pasted = event.clipboardData;
    if (!pasted?.files.length || pasted.getData("text/plain")) return; // an office program brings a picture of its text along
    event.preventDefault();
    uploadAll([...pasted.files], intoText);
  });
  window.addEventListener("beforeunload", (event) => { if (uploading) event.preventDefault(); });
})();
