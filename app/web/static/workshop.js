/* The letters' editor: a field's button puts it where the cursor was. The page works without it. */
"use strict";

(function () {
  var area = document.getElementById("words");
  if (!area) { return; }
  document.querySelectorAll("[data-with-script]").forEach(function (e) { e.hidden = false; });
  var cursor = document.querySelector("[data-cursor]");
  area.addEventListener("blur", function () { if (cursor) { cursor.value = area.selectionStart; } });
  document.querySelectorAll("[data-insert]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      var start = area.selectionStart, end = area.selectionEnd, text = button.dataset.insert;
      area.focus();
      // Keeps the browser's own undo where it can.
      if (!document.execCommand || !document.execCommand("insertText", false, text)) {
        area.setRangeText(text, start, end, "end");
        area.dispatchEvent(new Event("input", { bubbles: true }));
      }
    });
  });
})();
