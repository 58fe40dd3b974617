// Keeps an embedded counter current. It sets no cookie and sends nothing about the visitor.
"use strict";
setInterval(function () {
  if (document.hidden) return;
  fetch(document.body.dataset.from).then(function (response) {
    return response.json();
  }).then(function (counts) {
    document.querySelectorAll("[data-count]").forEach(function (place) {
      if (place.localName === "meter") place.value = counts[place.dataset.count];
      else place.textContent = counts[place.dataset.count].toLocaleString("en-US");
    });
  }).catch(function () {});
}, 25000);
