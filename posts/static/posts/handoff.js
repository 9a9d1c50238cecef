// Copying at one press. Without this file everything can be selected and copied by hand.
(() => {
  "use strict";
  const said = document.querySelector("[data-copied]");

  // A text goes to the clipboard in two forms: editors take the rich one, everything else the plain one.
  const write = async (source, isRich) => {
    const plain = source.value ?? source.innerText.trim();
    if (!isRich) return navigator.clipboard.writeText(plain);
    const forms = { "text/html": source.innerHTML, "text/plain": plain };
    const blobs = Object.entries(forms).map(([type, text]) => [type, new Blob([text], { type })]);
    return navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
  };

  // Where the clipboard is closed to scripts (a page without https): select it, and let the browser copy.
  const select = (source) => {
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    const source = document.getElementById(button.dataset.copy);
    button.addEventListener("click", async () => {
      let done = true;
      try {
        await write(source, button.dataset.copyAs === "rich");
      } catch {
        done = select(source);
      }
      said.textContent = done ? button.dataset.words : "It could not be copied: it is selected, press Ctrl+C.";
      if (!done) return;
      button.classList.add("is-copied");
      setTimeout(() => button.classList.remove("is-copied"), 2000);
    });
  }
})();
