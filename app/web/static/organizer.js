/* Organizers’ pages: what was typed and not saved is not lost by leaving. Without this script
   the other language always opens beside the page. */
"use strict";

(function () {
  var leaving = false;

  function changed(field) {
    if (field.type === "checkbox" || field.type === "radio") {
      return field.checked !== field.defaultChecked;
    }
    if (field.options) {
      var before = Array.prototype.filter.call(field.options, function (o) { return o.defaultSelected; });
      return field.value !== (before[0] || field.options[0] || {}).value;
    }
    return field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue;
  }

  function unsaved() {
    return Array.prototype.some.call(document.querySelectorAll("form[method=post]"), function (form) {
      return Array.prototype.some.call(form.elements, changed);
    });
  }

  var link = document.querySelector("a.language[target]");
  if (link && !link.hasAttribute("data-typed")) {
    link.addEventListener("click", function () {
      if (unsaved()) { link.target = "_blank"; } else { link.removeAttribute("target"); }
    });
  }
  document.addEventListener("submit", function () { leaving = true; });
  window.addEventListener("pageshow", function () { leaving = false; });
  window.addEventListener("beforeunload", function (event) {
    if (!leaving && unsaved()) { event.preventDefault(); }
  });
})();
