// Small comforts for parts of a page that are loaded by themselves. Every page works without this file.
(() => {
  "use strict";

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
