// Comforts of the editor: shortcuts that keep the browser's own undo, and saves that never race each other.
(() => {
  "use strict";
  const form = document.getElementById("editor");
  if (!form) return;
  const text = form.elements.markdown;
  const saved = document.getElementById("saved");
  let saving = 0;
  let waiting = null;
  let changed = false;

  // Typed through the browser, so that Ctrl+Z takes it back.
  const wrap = (before, after = before) => {
    const { selectionStart: start, selectionEnd: end, value } = text;
    const chosen = value.slice(start, end);
    document.execCommand("insertText", false, before + chosen + after);
    text.setSelectionRange(start + before.length, start + before.length + chosen.length);
  };
  const link = () => {
    const { selectionStart: start, selectionEnd: end, value } = text;
    const chosen = value.slice(start, end);
    document.execCommand("insertText", false, `[${chosen}](https://)`);
    const address = start + chosen.length + 3;
    text.setSelectionRange(address, address + 8);
  };

  // How high the text area would be with these words alone: lines wrap as they do there.
  const heightOf = (words) => {
    const { font, letterSpacing, lineHeight } = getComputedStyle(text);
    const twin = document.createElement("div");
    Object.assign(twin.style, {
      position: "absolute", visibility: "hidden", width: `${text.clientWidth}px`,
      whiteSpace: "pre-wrap", overflowWrap: "break-word", font, letterSpacing, lineHeight,
    });
    twin.textContent = words;
    document.body.append(twin);
    const { height } = twin.getBoundingClientRect();
    twin.remove();
    return height;
  };

  // A finding names a line: there the text is selected, and in view.
  const goTo = (number) => {
    const lines = text.value.split("\n");
    const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
    text.focus({ preventScroll: true });
    text.setSelectionRange(start, start + (lines[number - 1] ?? "").length);
    const top = window.scrollY + text.getBoundingClientRect().top + heightOf(text.value.slice(0, start));
    window.scrollTo({ top: top - window.innerHeight / 3 });
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    goTo(Number(link.dataset.line));
  });
  const asked = /^#line-(\d+)$/.exec(window.location.hash);
  if (asked) goTo(Number(asked[1]));

  // The title is one line: Enter goes on to the text.
  form.elements.title.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    text.focus();
  });

  form.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    const key = event.key.toLowerCase();
    if (key === "enter") {
      event.preventDefault();
      form.requestSubmit(form.elements.schedule);
    } else if (event.target === text && key === "b") {
      event.preventDefault();
      wrap("**");
    } else if (event.target === text && key === "i") {
      event.preventDefault();
      wrap("_");
    } else if (event.target === text && key === "k") {
      event.preventDefault();
      link();
    }
  });

  // Ctrl+S anywhere on the page saves without leaving it.
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    if (document.getElementById("autosave")) form.dispatchEvent(new CustomEvent("save"));
    else form.requestSubmit(form.elements.save);
  });

  // An address pasted on a selection makes a link of it.
  text.addEventListener("paste", (event) => {
    const address = event.clipboardData?.getData("text/plain").trim() ?? "";
    const chosen = text.value.slice(text.selectionStart, text.selectionEnd);
    if (!chosen || chosen.includes("\n") || !/^https?:\/\/\S+$/.test(address)) return;
    event.preventDefault();
    document.execCommand("insertText", false, `[${chosen}](${address})`);
  });

  form.addEventListener("input", (event) => {
    if (!event.target.name) return;
    changed = true;
    if (saved) saved.textContent = "Not saved yet";
  });

  // A save under way ends before the page is left: two saves of one page must not meet as strangers.
  // (By the request, not by the element of the event: an answer may have replaced that one.)
  const isSave = (event) => event.detail.requestConfig.elt.id === "autosave";
  document.addEventListener("htmx:beforeSend", (event) => {
    if (!isSave(event)) return;
    saving += 1;
    changed = false;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isSave(event)) return;
    saving -= 1;
    if (!event.detail.successful) changed = true;
    if (event.detail.xhr.status === 0 || event.detail.xhr.status >= 500) {
      saved.textContent = "Not saved: the server does not answer. Your text is kept on this page.";
    }
    if (!saving && waiting) {
      const button = waiting;
      waiting = null;
      form.requestSubmit(button.isConnected ? button : form.elements.save);
    }
  });
  form.addEventListener("submit", (event) => {
    if (saving) {
      event.preventDefault();
      waiting = event.submitter;
      return;
    }
    changed = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
})();
