/* The letters' editor: a live preview for one recipient, buttons that insert a field or a passage,
   and undo. The page works without it. */
"use strict";

(function () {
  var area = document.getElementById("words"), form = document.getElementById("editor");
  if (!area || !form) { return; }
  document.querySelectorAll("[data-with-script]").forEach(function (e) { e.hidden = false; });
  var cursor = document.querySelector("[data-cursor]");
  area.addEventListener("blur", function () { if (cursor) { cursor.value = area.selectionStart; } });

  // Insert as if typed, so that the browser's own undo includes it.
  function type(text, start, end) {
    area.focus();
    area.setSelectionRange(start, end);
    if (!document.execCommand || !document.execCommand("insertText", false, text)) {
      area.setRangeText(text, start, end, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  document.querySelectorAll("[data-insert]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      type(button.dataset.insert, area.selectionStart, area.selectionEnd);
    });
  });
  document.querySelector("[data-undo]").addEventListener("click", function () {
    area.focus();
    document.execCommand("undo");
  });

  // Request the form's own page, to take a part of it. Trusted Types forbid parsing a string as
  // HTML, but a request for a document does the parsing.
  function requestPage(query, then, fail) {
    var request = new XMLHttpRequest();
    request.open("POST", form.getAttribute("action") + query);
    request.responseType = "document";
    request.onload = function () { if (request.response) { then(request.response); } else { fail(); } };
    request.onerror = fail;
    request.send(new URLSearchParams(new FormData(form)));
    return request;
  }

  // Refresh the letter shortly after the last keystroke; an unanswered request is aborted.
  var making = document.getElementById("making"), unmade = document.getElementById("unmade");
  var timer = 0, slow = 0, running = null;

  function finished(ok) {
    window.clearTimeout(slow);
    making.hidden = true;
    unmade.hidden = ok;
  }
  function show() {
    if (running) { running.abort(); }
    window.clearTimeout(slow);
    slow = window.setTimeout(function () { making.hidden = false; }, 250);
    running = requestPage("?show=part", function (page) {
      var here = document.getElementById("shown"), there = page.getElementById("shown");
      if (!there) { finished(false); return; }
      var sheet = here.querySelector(".peek"), top = sheet ? sheet.scrollTop : 0;
      var inside = here.contains(document.activeElement) && document.activeElement.id;
      here.replaceWith(document.adoptNode(there));
      sheet = there.querySelector(".peek");
      if (sheet) { sheet.scrollTop = top; }
      if (inside) { document.getElementById(inside).focus(); }
      finished(true);
    }, function () { finished(false); });
  }
  form.addEventListener("input", function (event) {
    if (event.target.closest("#only-some, #note")) { return; }
    if (event.target.id === "to") { form.elements.find.value = ""; }
    window.clearTimeout(timer);
    timer = window.setTimeout(show, 350);
  });

  form.addEventListener("click", function (event) {
    var link = event.target.closest("[data-line]"), button = event.target.closest("[data-put]");
    if (link) {
      event.preventDefault();
      var lines = area.value.split("\n"), number = Number(link.dataset.line) - 1;
      var start = lines.slice(0, number).join("\n").length + (number ? 1 : 0);
      area.focus();
      area.setSelectionRange(start, start + (lines[number] || "").length);
      area.scrollTop = area.scrollHeight * start / (area.value.length || 1) - area.clientHeight / 3;
    } else if (button && !button.dataset.done) {
      // The server returns the text with the passage; insert only the part that differs.
      event.preventDefault();
      var submit = function () { button.dataset.done = "1"; button.click(); };
      requestPage("?put=1", function (page) {
        var words = page.getElementById("words");
        if (!words || page.querySelector(".summary")) {
          submit();
          return;
        }
        var before = area.value, after = words.value, start = 0, end = 0;
        while (start < before.length && before[start] === after[start]) { start += 1; }
        while (end < before.length - start &&
          before[before.length - 1 - end] === after[after.length - 1 - end]) { end += 1; }
        document.getElementById("passage").value = "";
        type(after.slice(start, after.length - end), start, before.length - end);
        area.scrollTop = area.scrollHeight * start / after.length - area.clientHeight / 3;
      }, submit);
    }
  });
})();
