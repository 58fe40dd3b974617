/* Computes the proof of work that this site asks for: a number that, appended to the form's nonce,
   gives a SHA-256 with the required leading zero bits. It runs in short slices while the letters
   are being read, to keep the page responsive, and at full speed once the button is pressed. */
"use strict";

(function begin(restored) {
  // A page that site.js restores in place does not load its scripts.
  if (!restored) { document.addEventListener("restored", begin); }
  var field = document.getElementById("proof");
  var words = document.getElementById("proof-words");
  if (!field || !words || !field.form) { return; }
  var form = field.form;
  var bits = Number(words.dataset.bits);
  var nonce = form.elements.namedItem("token").value.split(".")[0];
  // A longer nonce would need a second SHA-256 block; ours has 30 characters.
  if (field.value || nonce.length > 39 || !/^[\w-]+$/.test(nonce)) { return; }

  document.getElementById("proof-without").hidden = true;

  // SHA-256's constants: the first 32 fractional bits of the square and cube roots of primes.
  var K = new Int32Array(64);
  var START = new Int32Array(8);
  (function () {
    var n = 2, i = 0;
    function fraction(x) { return ((x - Math.floor(x)) * 4294967296) | 0; }
    for (; i < 64; n += 1) {
      var prime = true;
      for (var d = 2; d * d <= n; d += 1) { if (n % d === 0) { prime = false; break; } }
      if (!prime) { continue; }
      if (i < 8) { START[i] = fraction(Math.sqrt(n)); }
      K[i] = fraction(Math.cbrt(n));
      i += 1;
    }
  })();
  var W = new Int32Array(64);
  var bytes = new Uint8Array(64);
  var view = new DataView(bytes.buffer);

  // The first 32 bits of the SHA-256 of nonce:number; the rest is never checked.
  function firstBits(number) {
    var text = nonce + ":" + number, length = text.length, i;
    bytes.fill(0);
    for (i = 0; i < length; i += 1) { bytes[i] = text.charCodeAt(i); }
    bytes[length] = 0x80;
    view.setUint32(60, length * 8);
    for (i = 0; i < 16; i += 1) { W[i] = view.getInt32(i * 4); }
    for (i = 16; i < 64; i += 1) {
      var x = W[i - 15], y = W[i - 2];
      W[i] = (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + W[i - 7] +
        (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)) + W[i - 16];
    }
    var a = START[0], b = START[1], c = START[2], d = START[3];
    var e = START[4], f = START[5], g = START[6], h = START[7];
    for (i = 0; i < 64; i += 1) {
      var one = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) +
        ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      var two = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) +
        ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    return (START[0] + a) >>> 0;
  }

  var number = 0, pressed = null, announced = -1, expected = Math.pow(2, bits);

  function announce() {
    // The probability of success by now, in quarters, because screen readers read it aloud.
    var share = Math.floor(4 * (1 - Math.exp(-number / expected))) * 25;
    if (!pressed || share === announced) { return; }
    announced = share;
    words.hidden = false;
    words.textContent = words.dataset.busy.replace("0", String(share));
  }

  function search() {
    var until = Date.now() + (pressed ? 40 : 8);
    do {
      for (var i = 0; i < 64; i += 1, number += 1) {
        if (firstBits(number) >>> (32 - bits) === 0) { found(); return; }
      }
    } while (Date.now() < until);
    announce();
    window.setTimeout(search, pressed ? 0 : 12);
  }

  function found() {
    field.value = String(number);
    words.hidden = true;
    if (pressed) { form.requestSubmit(pressed); }
  }

  form.addEventListener("submit", function (event) {
    var button = event.submitter;
    if (field.value || (button && button.hasAttribute("formaction"))) { return; }
    if (!button || !form.requestSubmit) { return; }
    event.preventDefault();
    pressed = button;
    announce();
  });
  window.setTimeout(search, 300);
})();
