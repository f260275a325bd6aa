(() => {
'use strict';
const $ = id => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const root = document.documentElement;
const form = $('controls'), list = $('texts'), tip = $('tip');
const texts = [...list.children].map((article, order) => ({...data.facts[order], article, order}));
root.classList.add('scripted');

{% include "basics.js" %}

// ---- filters and order

let sorting = '', scale = 'run';

const sort = choice => {
  if (choice === sorting) return;
  sorting = choice;
  const key = choice || 'order';
  list.append(...[...texts].sort((a, b) => a[key] - b[key]).map(t => t.article));
};

// Both levels of a word come from Python: its class, and a letter of its row.
const rescale = choice => {
  if (choice === scale) return;
  scale = choice;
  $('scale-note').textContent = choice === 'run'
    ? 'Full colour is one value for each run: the 99th percentile of its absolute values over the texts shown.'
    : 'Full colour is the largest absolute value of each row.';
  for (const row of list.querySelectorAll('tr[data-own]')) {
    [...row.cells].slice(1).forEach((cell, i) => {
      cell.runClass ??= cell.className;
      const unknown = cell.classList.contains('u') ? ' u' : '';
      cell.className = choice === 'run' ? cell.runClass : data.levels[row.dataset.own[i]] + unknown;
    });
  }
};

const apply = () => {
  const wanted = new FormData(form), words = wanted.get('q').toLowerCase(), who = wanted.get('who');
  let shown = 0;
  for (const t of texts) {
    const fits = t.text.toLowerCase().includes(words) && (!who || t.who === who);
    t.article.hidden = !fits;
    shown += fits;
  }
  sort(wanted.get('sort'));
  rescale(wanted.get('scale'));
  $('count').textContent = shown === texts.length ? `${count(shown)} texts` : `${count(shown)} of ${count(texts.length)} texts`;
  $('none').hidden = shown > 0;
  hideTip();
};

{% include "words.js" %}

{% include "theme.js" %}

form.addEventListener('input', apply);
form.addEventListener('reset', () => setTimeout(apply));
form.addEventListener('submit', event => event.preventDefault());
theme(remembered() ?? undefined);
apply();
})();
