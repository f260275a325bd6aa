(() => {
'use strict';
const $ = id => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const root = document.documentElement;
const form = $('controls'), list = $('texts'), tip = $('tip');
const texts = [...list.children].map((article, order) => ({...data.facts[order], article, order}));
root.classList.add('scripted');

// ---- filters and order

const count = n => n.toLocaleString('en-US');
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

// ---- the value of a word, by pointer or keyboard

const hideTip = () => { tip.hidden = true; };
const cellOf = event => event.target.closest?.('td[data-v]');
const describe = cell => `${cell.parentNode.cells[0].textContent} ${cell.dataset.v.replace('-', '−')}`
  + (cell.classList.contains('u') ? ', unknown word' : '');

const showTip = cell => {
  tip.replaceChildren(Object.assign(document.createElement('bdi'), {textContent: cell.textContent}), ` · ${describe(cell)}`);
  tip.hidden = false;
  const box = cell.getBoundingClientRect();
  const below = box.bottom + 6 + tip.offsetHeight < innerHeight;
  tip.style.left = `${Math.max(6, Math.min(box.left, innerWidth - tip.offsetWidth - 6))}px`;
  tip.style.top = `${below ? box.bottom + 6 : box.top - tip.offsetHeight - 6}px`;
};

const focus = cell => {
  for (const stop of cell.closest('article').querySelectorAll('td[tabindex="0"]')) stop.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
};

const neighbour = (cell, key) => {
  const rows = [...cell.closest('article').querySelectorAll('tr[data-own]')];
  const row = cell.parentNode;
  const same = rows.filter(other => other.dataset.m === row.dataset.m).flatMap(other => [...other.cells].slice(1));
  const vertical = step => {
    const other = rows[rows.indexOf(row) + step];
    return other && other.cells[Math.min(cell.cellIndex, other.cells.length - 1)];
  };
  const moves = {
    ArrowRight: () => same[same.indexOf(cell) + 1],
    ArrowLeft: () => same[same.indexOf(cell) - 1],
    ArrowDown: () => vertical(1),
    ArrowUp: () => vertical(-1),
  };
  return moves[key] && (moves[key]() ?? cell);
};

document.addEventListener('mouseover', event => {
  const cell = cellOf(event);
  if (cell) showTip(cell); else hideTip();
});
document.addEventListener('focusin', event => {
  const cell = cellOf(event);
  if (!cell) return hideTip();
  cell.setAttribute('aria-label', `${cell.textContent}, ${describe(cell)}`);
  showTip(cell);
});
document.addEventListener('click', event => { const cell = cellOf(event); if (cell) focus(cell); });
document.addEventListener('scroll', hideTip, {capture: true, passive: true});
document.addEventListener('keydown', event => {
  if (event.key === 'Escape') return hideTip();
  const cell = cellOf(event);
  const next = cell && !event.ctrlKey && !event.altKey && !event.metaKey && neighbour(cell, event.key);
  if (!next) return;
  event.preventDefault();
  focus(next);
});

// ---- light and dark

const theme = name => {
  if (name) root.dataset.theme = name;
  const dark = (name ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  $('theme').setAttribute('aria-pressed', dark);
  return dark;
};
$('theme').addEventListener('click', () => theme(theme(root.dataset.theme) ? 'light' : 'dark'));

form.addEventListener('input', apply);
form.addEventListener('reset', () => setTimeout(apply));
form.addEventListener('submit', event => event.preventDefault());
theme();
apply();
})();
