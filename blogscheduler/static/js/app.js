// Small comforts. Every page works without this file.
(() => {
  "use strict";
  const root = document.documentElement;

  // The theme changes at once; the server keeps it in a cookie for the next page.
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-theme-form] button");
    if (!choice) return;
    event.preventDefault();
    const { form, value } = choice;
    if (value === "system") delete root.dataset.theme;
    else root.dataset.theme = value;
    document.querySelector("meta[name=color-scheme]").content = value === "system" ? "light dark" : value;
    for (const button of document.querySelectorAll("[data-theme-form] button")) {
      button.setAttribute("aria-pressed", String(button.value === value));
    }
    const answer = new FormData(form);
    answer.set("theme", value);
    fetch(form.action, { method: "POST", body: answer, redirect: "manual" }).catch(() => {});
  });

  // An open menu closes when something else is clicked, or by Escape (the focus returns to it).
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  const showProblems = (part) => part.querySelector(".error-summary")?.focus();

  // A new person's zone is very likely the one of this browser.
  const guessZone = (part) => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const select of part.querySelectorAll("select[data-browser-zone]")) {
      select.removeAttribute("data-browser-zone");
      if ([...select.options].some((option) => option.value === zone)) select.value = zone;
    }
  };

  // A password that one types once should be readable on demand.
  const offerToReveal = (part) => {
    for (const input of part.querySelectorAll(":not(.reveal) > input[type=password]")) {
      const frame = document.createElement("div");
      const button = document.createElement("button");
      frame.className = "reveal";
      button.type = "button";
      button.className = "button button--quiet button--small";
      const rest = document.createElement("span");
      rest.className = "visually-hidden";
      rest.textContent = " the password";
      const say = (word) => button.replaceChildren(word, rest);
      say("Show");
      button.addEventListener("click", () => {
        const show = input.type === "password";
        input.type = show ? "text" : "password";
        say(show ? "Hide" : "Show");
      });
      input.replaceWith(frame);
      frame.append(input, button);
      input.form?.addEventListener("submit", () => { input.type = "password"; });
    }
  };

  const settle = (part) => { guessZone(part); offerToReveal(part); showProblems(part); };
  settle(document);
  document.addEventListener("htmx:afterSettle", (event) => settle(event.detail.elt));

  // Answers that are not "well" but are meant to be read in place: signed out, changed elsewhere.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    if (detail.xhr.status === 401 || detail.xhr.status === 409) {
      detail.shouldSwap = true;
      detail.isError = false;
    }
  });

  // After a new log-in in another tab the old token of this page is no longer good; the cookie has the new one.
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  document.addEventListener("htmx:configRequest", (event) => {
    const fresh = token();
    if (!fresh) return;
    event.detail.headers["X-CSRFToken"] = fresh;
    if (event.detail.parameters.csrfmiddlewaretoken) event.detail.parameters.csrfmiddlewaretoken = fresh;
  });
  document.addEventListener("submit", (event) => {
    const field = event.target.querySelector("[name=csrfmiddlewaretoken]");
    const fresh = token();
    if (field && fresh) field.value = fresh;
  });

  // Of what follows an original, only the chosen channels are asked how much later.
  const choice = document.getElementById("choice");
  if (choice?.querySelector("[data-delay]")) {
    const ask = () => {
      const chosen = new Set([...choice.querySelectorAll("[name=channels]:checked")].map((box) => box.value));
      for (const field of choice.querySelectorAll("[data-delay]")) {
        const { delay } = field.dataset;
        field.hidden = !chosen.has(delay) || choice.elements.origin?.value === delay;
      }
      for (const note of choice.querySelectorAll("[data-no-script]")) note.hidden = true;
    };
    choice.addEventListener("change", ask);
    ask();
  }

  // The sandbox's address and key, at one press.
  for (const offer of document.querySelectorAll("[data-fill]")) {
    offer.hidden = false;
    offer.querySelector("button").addEventListener("click", () => {
      for (const value of document.querySelectorAll("[data-fills]")) {
        document.getElementById(value.dataset.fills).value = value.textContent;
      }
    });
  }
})();
