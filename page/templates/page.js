(() => {
'use strict';
const $ = id => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const root = document.documentElement;
const form = $('controls'), list = $('texts'), tip = $('tip');
const texts = [...list.children].map((article, order) => Object.assign(
  data.facts[order], {article, order}));
const byId = new Map(texts.map(t => [t.article.id, t]));
root.classList.add('scripted');

const element = (tag, text, className) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
};
const minus = value => String(value).replace('-', '−');
const count = n => n.toLocaleString('en-US');

// ---- filters, sorting, search; the state is kept in the address

const isWrong = (t, who) => t.gold !== null && t[who] !== null && t[who] !== t.gold;
const PREDICTORS = ['dknn', 'soft', 'softmax'];
const predicting = t => PREDICTORS.filter(who => t[who] !== null);
const WRONG = {
  ...Object.fromEntries(PREDICTORS.map(who => [who, t => isWrong(t, who)])),
  any: t => predicting(t).some(who => isWrong(t, who)),
  all: t => predicting(t).length > 0 && predicting(t).every(who => isWrong(t, who)),
};
const METHODS = {
  top: t => t.differ,
  opposed: t => t.rank !== null && t.rank < 0,
};
const FILTERS = {
  q: (t, value) => t.text.toLowerCase().includes(value.toLowerCase()),
  wrong: (t, value) => WRONG[value](t),
  gold: (t, value) => t.gold === Number(value),
  predicted: (t, value) => (t.dknn ?? t.softmax) === Number(value),
  methods: (t, value) => METHODS[value](t),
  credibility: (t, value) => t.credibility !== null && t.credibility < Number(value),
  bar: (t, value) => bars.get(value)?.texts.has(t.order) ?? true,
  disagree: t => new Set(predicting(t).map(who => t[who])).size > 1,
};

const readForm = () => {
  const state = new URLSearchParams();
  for (const [key, value] of new FormData(form)) {
    if (value !== '' && !(key === 'credibility' && Number(value) === 1)) state.set(key, value);
  }
  return state;
};

const fillForm = state => {
  form.reset();
  for (const [key, value] of state) {
    const field = form.elements.namedItem(key);
    if (!field || field.type === 'range' && !(Number(value) >= 0)) continue;
    if (field.type === 'checkbox') field.checked = value === '1';
    else field.value = value;
    if (field.tagName === 'SELECT' && field.selectedIndex < 0) field.value = '';
  }
};

let sorting = '';
const sort = choice => {
  if (choice === sorting) return;
  sorting = choice;
  const key = choice.replace('-', '') || 'order', sign = choice.startsWith('-') ? -1 : 1;
  const compare = (a, b) => (a[key] === null) - (b[key] === null)
    || sign * (a[key] - b[key]) || a.order - b.order;
  list.append(...[...texts].sort(compare).map(t => t.article));
};

const apply = () => {
  const state = readForm();
  const active = [...state].filter(([key]) => key in FILTERS);
  let shown = 0;
  for (const t of texts) {
    const fits = active.every(([key, value]) => FILTERS[key](t, value));
    t.article.hidden = !fits;
    shown += fits;
  }
  sort(state.get('sort') ?? '');
  rescale(state.get('scale') === 'row');
  sayChosen(state.get('bar'));
  const all = texts.length;
  $('count').textContent = shown === all ? `${count(all)} texts` : `${count(shown)} of ${count(all)} texts`;
  $('none').hidden = shown > 0;
  $('credibility-value').textContent = state.has('credibility') ? `< ${state.get('credibility')}` : 'any';
  return state;
};

const changed = () => {
  hideTip();
  const state = apply().toString();
  const address = location.href.split('#')[0];
  try { history.replaceState(null, '', state ? `${address}#${state}` : address); } catch { /* the page works without it */ }
};

const follow = () => {
  const hash = location.hash.slice(1), linked = byId.get(hash);
  if (!linked) {
    fillForm(new URLSearchParams(hash));
    apply();
    return;
  }
  linked.article.hidden = false;
  $('none').hidden = true;
  const show = () => linked.article.scrollIntoView({block: 'start'});
  show();
  requestAnimationFrame(show); // again: the heights above it are known now
};

// ---- colour scale: one for each method on the whole page, or by row

let byRow = false;

// Both levels of a word come from Python: its class, and a letter of its row.
const rescale = wanted => {
  if (wanted === byRow) return;
  byRow = wanted;
  $('scale-page').hidden = byRow;
  $('scale-row').hidden = !byRow;
  for (const row of list.querySelectorAll('tr[data-own]')) {
    [...row.cells].slice(1).forEach((cell, i) => {
      cell.pageClass ??= cell.className;
      const unknown = cell.classList.contains('u') ? ' u' : '';
      cell.className = byRow ? data.levels[row.dataset.own[i]] + unknown : cell.pageClass;
    });
  }
};

document.addEventListener('keydown', event => {
  if (event.key.toLowerCase() !== 's' || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest?.('input, select, textarea')) return;
  const field = form.elements.namedItem('scale');
  field.value = field.value ? '' : 'row';
  changed();
});

{% include "bars.js" %}

// ---- the value of a word, by pointer or keyboard

const hideTip = () => { tip.hidden = true; };

const describe = cell => {
  const unknown = cell.classList.contains('u') ? ', unknown word' : '';
  const method = cell.parentNode.cells[0].textContent;
  return `${method} ${minus(cell.dataset.v)}${unknown}`;
};

const showTip = cell => {
  tip.replaceChildren(element('bdi', cell.textContent), ` · ${describe(cell)}`);
  tip.hidden = false;
  const box = cell.getBoundingClientRect();
  const left = Math.min(box.left, innerWidth - tip.offsetWidth - 6);
  const below = box.bottom + 6 + tip.offsetHeight < innerHeight;
  tip.style.left = `${Math.max(6, left)}px`;
  tip.style.top = `${below ? box.bottom + 6 : box.top - tip.offsetHeight - 6}px`;
};

const cellOf = event => event.target.closest?.('td[data-v]');

const focus = cell => {
  const stop = cell.closest('article').querySelector('td[tabindex="0"]');
  if (stop) stop.tabIndex = -1;
  cell.tabIndex = 0;
  cell.setAttribute('aria-label', `${cell.textContent}, ${describe(cell)}`);
  cell.focus();
};

const rowOf = cell => [...cell.parentNode.cells].filter(other => other.dataset.v);

const neighbour = (cell, key) => {
  const rows = [...cell.closest('article').querySelectorAll('tr')].filter(row => row.querySelector('td[data-v]'));
  const row = cell.parentNode, cells = rowOf(cell), column = cells.indexOf(cell);
  const same = rows.filter(other => other.dataset.m === row.dataset.m).flatMap(other => [...other.cells].slice(1));
  const vertical = step => {
    const other = rows[rows.indexOf(row) + step];
    return other && other.cells[Math.min(column + 1, other.cells.length - 1)];
  };
  const moves = {
    ArrowRight: () => same[same.indexOf(cell) + 1],
    ArrowLeft: () => same[same.indexOf(cell) - 1],
    ArrowDown: () => vertical(1),
    ArrowUp: () => vertical(-1),
    Home: () => cells[0],
    End: () => cells.at(-1),
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

// ---- nearest training texts, built when opened

const ranked = votes => votes.map((n, label) => [n, label])
  .filter(([n]) => n > 0).sort((a, b) => b[0] - a[0]);

const percent = share => share < 0.0001 ? '< 0.01 %' : `${(100 * share).toFixed(share < 0.01 ? 2 : share < 0.1 ? 1 : 0)} %`;

const layerView = (layer, own) => {
  const box = element('section'), bar = element('div', undefined, 'votes'), nearest = element('ol');
  const votes = ranked(layer.votes);
  for (const [n, label] of votes) {
    const part = element('i', undefined, label === own ? 'own' : '');
    part.style.flex = n;
    bar.append(part);
  }
  for (const [index, label, distance, text, share, row] of layer.nearest) {
    const item = element('li');
    data.training[text].forEach((sentence, i) => {
      if (i) item.append(' / ');
      item.append(element('bdi', sentence));
    });
    item.append(' ', element('span',
      `${data.labels[label]}, distance ${distance.toPrecision(3)}${share > 0 ? `, ${percent(share)} of the evidence` : ''}, training text ${index}${row ? `, ${row}` : ''}`));
    nearest.append(item);
  }
  const title = element('h3', layer.layer);
  if (layer.weight !== undefined) title.append(element('span', layer.weight > 0 ? ` soft weight ${layer.weight.toPrecision(2)}` : ' no say in the soft vote'));
  box.append(title, bar, element('p', votes.map(([n, label]) => `${n} ${data.labels[label]}`).join(' · '), 'count'), nearest);
  return box;
};

const labelView = classes => {
  const table = element('table', undefined, 'labels');
  const columns = ['softmax probability', 'conformity', 'p-value', 'soft conformity', 'soft p-value'].slice(0, classes.length)
    .map((name, i) => [name, classes[i]]).filter(([, values]) => values.length);
  const head = table.createTHead().insertRow();
  head.append(element('th', 'label'), ...columns.map(([name]) => element('th', name)));
  const body = table.createTBody();
  data.labels.forEach((name, label) => {
    const row = body.insertRow();
    row.append(element('th', name), ...columns.map(([, values]) => element('td', values[label].toFixed(3))));
  });
  return table;
};

document.addEventListener('toggle', event => {
  const details = event.target;
  if (!details.matches('.neighbors') || !details.open || details.childElementCount > 1) return;
  const t = byId.get(details.closest('article').id);
  const layers = element('div', undefined, 'layers');
  layers.append(...t.layers.map(layer => layerView(layer, t.dknn)));
  details.append(layers, labelView(t.classes));
}, true);

// ---- light and dark

const remembered = value => {
  try { return value ? localStorage.setItem('theme', value) : localStorage.getItem('theme'); } catch { return null; }
};
const theme = name => {
  if (name) root.dataset.theme = name;
  const dark = (name ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  $('theme').setAttribute('aria-pressed', dark);
  return dark;
};
$('theme').addEventListener('click', () => {
  const name = theme(root.dataset.theme) ? 'light' : 'dark';
  theme(name);
  remembered(name);
});

form.addEventListener('input', changed);
form.addEventListener('reset', () => setTimeout(changed));
form.addEventListener('submit', event => event.preventDefault());
addEventListener('hashchange', follow);
theme(remembered() ?? undefined);
follow();
})();
