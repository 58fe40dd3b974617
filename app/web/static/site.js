/* Enhancements: character counts while typing, copy buttons, a draft kept in this tab. Every page
   works without them, and they contact no other site. */
"use strict";

(function () {
  // Each campaign has its own address, and its drafts are kept apart.
  var ROOT = (window.location.pathname.match(/^.*?\/c\/[a-z0-9-]+(?=\/)/) || [""])[0];
  var KEY = "dear-congress" + ROOT;
  var NAMES = { write: ["story"], address: ["first", "last", "street", "street2", "city", "email"] };
  // These are the home's, found again for each ZIP, unless the mail goes elsewhere.
  var MAIL = ["elsewhere", "mail_state", "mail_zip"];

  function storage() {
    try { return window.sessionStorage; } catch (e) { return null; }
  }

  function each(selector, act) { document.querySelectorAll(selector).forEach(act); }

  // Update the character count in the sentence that the server rendered.
  function countWhileTyping(area) {
    area.dataset.count.split(" ").forEach(function (id) { countInto(area, id); });
  }

  function countInto(area, id) {
    var out = document.getElementById(id);
    if (!out) { return; }
    var limit = Number(out.dataset.limit || area.dataset.limit);
    var format = new Intl.NumberFormat("en-US");
    var first = out.textContent.match(/[\d.,]+/);
    var tail = first ? out.textContent.slice(first.index + first[0].length) : "";
    area.addEventListener("input", function () {
      // Offices' forms count a line break as two characters, and an emoji too.
      var extra = area.dataset.extra;
      var count = extra === undefined ? Array.from(area.value).length
        : area.value.length + area.value.split("\n").length - 1 + Number(extra);
      out.textContent = format.format(count) + tail;
      out.classList.toggle("error", count > limit);
    });
  }

  // The letter next to the story shows what is typed, for the chosen template.
  function grow(area) {
    area.addEventListener("input", function () {
      each("[data-grows]", function (place) {
        place.textContent = area.value.trim() || place.dataset.grows;
      });
    });
    each("[name=template]", function (choice) {
      choice.addEventListener("change", function () {
        each("[data-template]", function (letter) {
          letter.hidden = letter.dataset.template !== choice.value;
        });
      });
    });
  }

  // Tick off a finished step and make the next one current.
  function markDone(element) {
    var step = element.closest(".todo > li"), next = step && step.nextElementSibling;
    if (!step) { return; }
    step.className = "done";
    if (next && next.className !== "done") { next.className = "now"; }
  }

  // Copying is reported to the server, so that the receipt can mention it.
  function copyButton(button) {
    var area = document.getElementById(button.dataset.copy);
    if (!area) { return; }
    var words = button.textContent;
    button.hidden = false;

    function done() {
      markDone(button);
      button.textContent = "✓ " + button.dataset.done;
      window.setTimeout(function () { button.textContent = words; }, 4000);
      var form = document.getElementById("page-form");
      if (button.dataset.seat && form) {
        var data = new URLSearchParams();
        data.set("token", form.elements.token.value);
        data.set("did", button.dataset.seat + "=copied");
        fetch(ROOT + "/mark", { method: "POST", body: data, credentials: "omit" }).catch(function () {});
      }
    }
    function byHand() {
      var fold = area.closest("details:not([open])");
      if (fold) { fold.open = true; }
      area.focus();
      area.select();
      var copied = false;
      try { copied = document.execCommand("copy"); } catch (e) { /* selected at least */ }
      if (!copied) { return; }
      // Restore the page as it was before the copy.
      if (fold) { fold.open = false; }
      button.focus();
      done();
    }
    button.addEventListener("click", function () {
      if (navigator.clipboard && window.isSecureContext) {
        navigator.clipboard.writeText(area.value).then(done, byHand);
      } else { byHand(); }
    });
  }

  function printButton(button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  }

  // Back and reload send a GET without what was typed, which the server does not keep. The tab
  // posts its own copy and shows the page in place. This never signs anything.
  function resubmit(copy) {
    var request = new XMLHttpRequest();
    request.open("POST", window.location.pathname);
    request.responseType = "document";
    request.onload = function () {
      var page = request.response;
      if (!page || !page.body) { return; }
      // This document was parsed as without JavaScript, so its noscript fields would be sent.
      page.querySelectorAll("noscript").forEach(function (part) { part.remove(); });
      document.title = page.title;
      document.body.replaceWith(document.adoptNode(page.body));
      var first = document.querySelector("[autofocus]");
      if (first) { first.focus(); }
      start();
      document.dispatchEvent(new Event("restored"));
    };
    request.send(new URLSearchParams(JSON.parse(copy).concat([["look", "1"]])));
  }

  // The draft is kept in this tab only, until the person is done with the letters.
  function keepDraft(page, form, tab) {
    var id = (window.history.state && window.history.state.draft)
      || "-" + Date.now().toString(36) + Math.random().toString(36).slice(2);
    // A jump within the page adds a history entry, which needs the draft's id too.
    function remember() {
      var here = window.location.pathname.replace(/\/sign$/, "/review") + window.location.hash;
      window.history.replaceState({ draft: id }, "", here);
    }
    remember();
    window.addEventListener("hashchange", remember);
    // After looking up another ZIP, the empty fields get what the person typed before.
    var names = NAMES[page] || [], fieldsKey = KEY + "-" + page;
    function value(name) {
      var field = form.elements[name];
      return !field || (field.type === "checkbox" && !field.checked) ? "" : field.value;
    }
    function keep() {
      try {
        tab.setItem(KEY + id, JSON.stringify(Array.from(new FormData(form))));
        if (names.length) { tab.setItem(fieldsKey, JSON.stringify(names.concat(MAIL).map(value))); }
      } catch (e) { /* storage is full, but the form itself still has everything */ }
    }
    var old = JSON.parse(tab.getItem(fieldsKey) || "[]");
    if (names.map(value).join("") === "") {
      var mail = page === "address" && old[names.length] && !value("elsewhere") ? MAIL : [];
      names.concat(mail).forEach(function (name, number) {
        var field = form.elements[name];
        if (!old[number]) { return; }
        if (field.type === "checkbox") { field.checked = true; } else { field.value = old[number]; }
        field.dispatchEvent(new Event("input"));
      });
    }
    keep();
    // A page that asks for a ZIP code is shown again as it came: with what is typed into it, the
    // copy would lead on to the next page.
    if (form.elements.zip && form.elements.zip.type !== "hidden") { return; }
    form.addEventListener("input", keep);
    form.addEventListener("submit", keep);
  }

  function forget(tab) {
    Object.keys(tab).forEach(function (key) { if (key.startsWith(KEY)) { tab.removeItem(key); } });
  }

  // Once the letters are signed, the next person to write in this tab may be someone else.
  function forgetFields(tab) {
    Object.keys(NAMES).forEach(function (page) { tab.removeItem(KEY + "-" + page); });
  }

  // The receipt links back to the letters of this tab, even after a reload.
  function restoreLetters(tab) {
    var form = document.getElementById("page-form");
    var kept = JSON.parse(tab.getItem(KEY + "-letters") || "null");
    if (!form) { return; }
    // The address of a receipt's form with an error goes on after the token.
    var receipt = window.location.pathname.split("/receipt/").pop().split("/")[0];
    if (form.elements.token) {
      keepLetters(form, receipt, tab);
      // A reload then sends a GET for the receipt and finds the letters in the tab.
      window.history.replaceState(null, "", window.location.pathname);
    } else if (kept && kept.receipt === receipt) {
      kept.fields.forEach(function (pair) {
        var field = document.createElement("input");
        field.type = "hidden";
        field.name = pair[0];
        field.value = pair[1];
        form.append(field);
      });
      form.hidden = false;
    }
    each("[data-forget]", function (link) {
      link.addEventListener("click", function () { forget(tab); });
    });
  }

  function keepLetters(form, receipt, tab) {
    try {
      var fields = Array.from(new FormData(form));
      tab.setItem(KEY + "-letters", JSON.stringify({ receipt: receipt, fields: fields }));
    } catch (e) { /* storage is full, but the button on this page still works */ }
  }

  // A browser treats a link to the current URL as a reload, which would restore this page. Drop
  // its history state, so that the link opens the page afresh.
  function freshLink(link) {
    if (link.pathname !== window.location.pathname || link.hash || link.target) { return; }
    link.addEventListener("click", function () {
      window.history.replaceState(null, "", window.location.pathname);
    });
  }

  function start() {
    each("a[href]", freshLink);
    each("textarea[data-count]", countWhileTyping);
    each("textarea.story", grow);
    each("[data-copy]", copyButton);
    each("[data-print]", printButton);
    each("[data-step]", function (act) {
      act.addEventListener("click", function () { markDone(act); });
    });
    var page = document.body.dataset.draft, form = document.getElementById("page-form");
    var tab = storage();
    if (!page || !tab) { return; }
    if (page === "signed" || page === "receipt") { forgetFields(tab); }
    if (page === "receipt") {
      restoreLetters(tab);
    } else if (page === "resume") {
      var state = window.history.state;
      var copy = state && state.draft && tab.getItem(KEY + state.draft);
      if (copy) { resubmit(copy); }
    } else if (form) {
      keepDraft(page, form, tab);
    }
  }

  start();
})();
