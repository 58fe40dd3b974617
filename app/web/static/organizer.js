/* Organizers’ pages: leaving does not lose what was typed but not saved. Without this script the
   other language always opens in a new tab. */
"use strict";

(function () {
  var leaving = false;

  function changed(field) {
    if (field.hasAttribute("data-passing")) { return false; }
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
  // Update the count of members who fit a condition with every choice: request the page that the
  // form would lead to without this script, and take its count.
  function post(form, button, action, then) {
    var request = new XMLHttpRequest(), data = new URLSearchParams(new FormData(form));
    if (button) { data.set(button[0], button[1]); }
    request.open("POST", action);
    request.responseType = "document";
    request.onload = function () { if (request.response) { then(request.response); } };
    request.send(data);
  }

  function replacePart(id, page) {
    var here = document.getElementById(id), there = page.getElementById(id);
    if (here && there) { here.replaceWith(document.adoptNode(there)); }
  }

  document.querySelectorAll("[data-look]").forEach(function (part) {
    var form = part.closest("form");
    part.addEventListener("change", function () {
      post(form, null, form.action + "?look=1", function (page) { replacePart(part.dataset.look, page); });
    });
  });
  // A progress page ends with the result, and its title then names that.
  var result = document.querySelector(".worked ~ h1");
  if (result) { document.title = result.textContent + document.title.slice(document.title.lastIndexOf(" · ")); }
  document.querySelectorAll("[data-without-script]").forEach(function (e) { e.hidden = true; });

  // Move an item up or down without loading a new page.
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
        replacePart("order", page);
        movable(fresh);
        var again = document.querySelector("#" + CSS.escape(item) + " button[value=" + way + "]") ||
          document.querySelector("#" + CSS.escape(item) + " button[name=way]");
        if (again) { again.focus(); }
      });
    });
  }
  document.querySelectorAll("[data-order]").forEach(movable);

  // Passkeys: the browser gets the form's options, and its response goes into the form.
  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    var keys = window.PublicKeyCredential;
    if (!keys || !keys.parseCreationOptionsFromJSON) { return; }
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      var options = JSON.parse(form.dataset.passkey), failed = form.querySelector("[data-failed]");
      event.preventDefault();
      failed.hidden = true;
      (options.user
        ? navigator.credentials.create({ publicKey: keys.parseCreationOptionsFromJSON(options) })
        : navigator.credentials.get({ publicKey: keys.parseRequestOptionsFromJSON(options) })
      ).then(function (made) {
        form.elements.credential.value = JSON.stringify(made.toJSON());
        form.submit();
      }).catch(function () { failed.hidden = false; });
    });
  });
  // Close open menus on a click elsewhere and on Escape.
  document.addEventListener("click", function (event) { closeMenus(event.target); });
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") { closeMenus(null); } });
  function closeMenus(target) {
    document.querySelectorAll(".menu details[open]").forEach(function (menu) {
      if (!menu.contains(target)) { menu.open = false; }
    });
  }
  // The server closes a connection that sends more than any form accepts, so check the size first.
  function isTooLarge(form) {
    var field = form.querySelector("input[data-largest]");
    if (!field || !Array.prototype.some.call(field.files, function (file) { return file.size > field.dataset.largest; })) { return false; }
    field.setCustomValidity(field.dataset.tooLarge);
    field.reportValidity();
    field.addEventListener("change", function () { field.setCustomValidity(""); }, { once: true });
    return true;
  }
  document.addEventListener("submit", function (event) {
    if (isTooLarge(event.target)) { event.preventDefault(); } else { leaving = true; }
  });
  window.addEventListener("pageshow", function () { leaving = false; });
  window.addEventListener("beforeunload", function (event) {
    if (!leaving && unsaved()) { event.preventDefault(); }
  });
})();
