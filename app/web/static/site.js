/* What is nicer with JavaScript: counts while typing, copy buttons, a draft kept in this tab.
   Every page works without it. Nothing here talks to any other site. */
"use strict";

(function () {
  var KEY = "dear-congress-draft";
  var form = document.getElementById("page-form");

  function store() {
    try { return window.sessionStorage; } catch (e) { return null; }
  }

  // Characters while typing, in the words that the server already wrote.
  document.querySelectorAll("textarea[data-count]").forEach(function (area) {
    var out = document.getElementById(area.dataset.count);
    if (!out) { return; }
    var limit = Number(area.dataset.limit);
    var format = new Intl.NumberFormat(document.documentElement.lang === "es" ? "es-US" : "en-US");
    var first = out.textContent.match(/[\d.,]+/);
    var tail = first ? out.textContent.slice(first.index + first[0].length) : "";
    area.addEventListener("input", function () {
      var count = Array.from(area.value).length;
      out.textContent = format.format(count) + tail;
      out.classList.toggle("error", count > limit);
    });
  });

  // Copy buttons. A copied message is reported, so that the receipt can say so.
  document.querySelectorAll("[data-copy]").forEach(function (button) {
    var area = document.getElementById(button.dataset.copy);
    if (!area) { return; }
    var words = button.textContent;
    button.hidden = false;
    button.addEventListener("click", function () {
      function done() {
        button.textContent = "✓ " + button.dataset.done;
        window.setTimeout(function () { button.textContent = words; }, 4000);
        if (button.dataset.seat && form) { report(button.dataset.seat); }
      }
      if (navigator.clipboard && window.isSecureContext) {
        navigator.clipboard.writeText(area.value).then(done, byHand);
      } else { byHand(); }
      function byHand() {
        area.focus();
        area.select();
        try { if (document.execCommand("copy")) { done(); } } catch (e) { /* selected at least */ }
      }
    });
  });

  function report(seat) {
    var data = new URLSearchParams();
    data.set("token", form.elements.token.value);
    data.set("pasted", seat);
    fetch("/mark", { method: "POST", body: data, credentials: "omit" }).catch(function () {});
  }

  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });

  // The draft stays in this tab only, and goes when the letters are finished.
  var page = document.body.dataset.draft;
  var kept = store();
  if (!page || !kept) { return; }
  if (page === "clear") { kept.removeItem(KEY); return; }
  if (page !== "write" || !form) { return; }
  var names = ["first", "last", "street", "street2", "city", "story", "email"];
  if (names.every(function (n) { return !form.elements[n] || !form.elements[n].value; })) {
    try {
      var old = JSON.parse(kept.getItem(KEY) || "{}");
      names.forEach(function (n) {
        if (old[n] && form.elements[n]) {
          form.elements[n].value = old[n];
          form.elements[n].dispatchEvent(new Event("input"));
        }
      });
    } catch (e) { kept.removeItem(KEY); }
  }
  function keep() {
    var draft = {};
    names.forEach(function (n) { if (form.elements[n]) { draft[n] = form.elements[n].value; } });
    try { kept.setItem(KEY, JSON.stringify(draft)); } catch (e) { /* full: the form still has it */ }
  }
  form.addEventListener("input", keep);
  form.addEventListener("submit", keep);
})();
