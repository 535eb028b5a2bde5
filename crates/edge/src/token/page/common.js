'use strict';
// What both pages share: the proof of work, talking to the endpoint, going on, and the language.
// SHA-256 is our own: crypto.subtle is missing where there is no TLS. Its constants are the fractional parts of the cube and
// square roots of the first primes (FIPS 180-4, sections 4.2.2 and 5.3.3).
const main = document.querySelector('main');
const roots = power => {
  const words = [];
  for (let n = 2; words.length < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (prime) words.push((Math.pow(n, power) % 1) * 4294967296 | 0);
  }
  return words;
};
const K = Int32Array.from(roots(1 / 3));
const START = Int32Array.from(roots(1 / 2).slice(0, 8));
const W = new Int32Array(64);
function compress(hash) {
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    W[i] = W[i - 16] + W[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
      ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10);
  }
  let a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4], f = hash[5], g = hash[6], h = hash[7];
  for (let i = 0; i < 64; i++) {
    const t = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (g ^ e & (f ^ g)) + K[i] + W[i] | 0;
    const u = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ c & (a ^ b)) | 0;
    h = g; g = f; f = e; e = d + t | 0; d = c; c = b; b = a; a = t + u | 0;
  }
  hash[0] += a; hash[1] += b; hash[2] += c; hash[3] += d; hash[4] += e; hash[5] += f; hash[6] += g; hash[7] += h;
}
function digest(text) {
  const blocks = (text.length + 8 >> 6) + 1, bytes = new DataView(new ArrayBuffer(blocks * 64)), hash = START.slice();
  for (let i = 0; i < text.length; i++) bytes.setUint8(i, text.charCodeAt(i));
  bytes.setUint8(text.length, 128);
  bytes.setUint32(blocks * 64 - 4, text.length * 8);
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 16; i++) W[i] = bytes.getInt32(block * 64 + i * 4);
    compress(hash);
  }
  return hash;
}
// Looks for the number that proves the work, in slices, so that the page stays alive. `given` is told when it is found.
function work(task, bits, progress) {
  const prefix = digest(task), hash = new Int32Array(8), expected = Math.pow(2, bits);
  let number = 0;
  return new Promise(resolve => {
    const slice = () => {
      const end = performance.now() + (document.hidden ? 200 : 14);
      while (performance.now() < end) {
        for (let i = 0; i < 256; i++, number++) {
          W.set(prefix);
          W[8] = 0; W[9] = number; W[10] = 1 << 31; W.fill(0, 11, 15); W[15] = 320;
          hash.set(START);
          compress(hash);
          if (hash[0] >>> 32 - bits === 0) return resolve(number);
        }
      }
      if (progress) progress(1 - Math.exp(-number / expected));
      setTimeout(slice);
    };
    slice();
  });
}
async function post(fields) {
  const body = new URLSearchParams(fields);
  const response = await fetch(main.dataset.endpoint, { method: 'POST', body, credentials: 'same-origin', cache: 'no-store' });
  return response.json();
}
function say(id, bad) {
  const status = document.getElementById('status');
  const words = id && document.getElementById('say-' + id);
  status.className = bad ? 'bad' : '';
  status.replaceChildren(...(words ? words.content.cloneNode(true).childNodes : []));
}
// Asks for the original page again; not for ever, should the answer not be remembered.
function goOn() {
  let recent = [];
  try {
    const now = Date.now();
    recent = JSON.parse(sessionStorage.getItem('sekisho') || '[]').filter(at => now - at < 60000);
    sessionStorage.setItem('sekisho', JSON.stringify([...recent, now]));
  } catch { /* without storage there is nothing to count with */ }
  if (!navigator.cookieEnabled || recent.length > 4) return say('stuck', true);
  if (main.dataset.method === 'GET') return location.reload();
  say('again');
  document.getElementById('again').hidden = false;
}
document.getElementById('again').onclick = () => location.reload();
const titles = () => document.title = document.querySelector('h1 .' + document.documentElement.lang).textContent;
document.getElementById('language').onclick = () => {
  document.documentElement.lang = document.documentElement.lang === 'ja' ? 'en' : 'ja';
  titles();
};
titles();
