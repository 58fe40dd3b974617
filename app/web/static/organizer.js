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
  // Who is chosen is counted again with each choice. The page that would come without this script
  // is asked for, and its count put in place of the one that is here.
  function post(form, button, action, then) {
    var request = new XMLHttpRequest(), data = new URLSearchParams(new FormData(form));
    if (button) { data.set(button[0], button[1]); }
    request.open("POST", action);
    request.responseType = "document";
    request.onload = function () { if (request.response) { then(request.response); } };
    request.send(data);
  }

  function instead(id, page) {
    var here = document.getElementById(id), there = page.getElementById(id);
    if (here && there) { here.replaceWith(document.adoptNode(there)); }
  }

  document.querySelectorAll("[data-look]").forEach(function (part) {
    var form = part.closest("form");
    part.addEventListener("change", function () {
      post(form, null, form.action + "?look=1", function (page) { instead(part.dataset.look, page); });
    });
  });
  document.querySelectorAll("[data-without-script]").forEach(function (e) { e.hidden = true; });

  // A part that moves up or down takes its new place without a new page.
  function movable(list) {
    list.addEventListener("click", function (event) {
      var button = event.target.closest("button[name=way]");
      if (!button || !button.form) { return; }
      event.preventDefault();
      var item = button.closest("li").id, way = button.value;
      post(button.form, ["way", way], button.formAction, function (page) {
        var there = page.getElementById(list.id);
        if (!there || !page.getElementById(item)) { window.location.reload(); return; }
        var fresh = document.adoptNode(there);
        list.replaceWith(fresh);
        instead("order", page);
        movable(fresh);
        var again = document.querySelector("#" + CSS.escape(item) + " button[value=" + way + "]") ||
          document.querySelector("#" + CSS.escape(item) + " button[name=way]");
        if (again) { again.focus(); }
      });
    });
  }
  document.querySelectorAll("[data-order]").forEach(movable);

  document.addEventListener("submit", function () { leaving = true; });
  window.addEventListener("pageshow", function () { leaving = false; });
  window.addEventListener("beforeunload", function (event) {
    if (!leaving && unsaved()) { event.preventDefault(); }
  });
})();
