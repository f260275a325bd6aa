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

{% include "basics.js" %}

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

{% include "scale.js" %}

{% include "bars.js" %}

{% include "words.js" %}

{% include "nearest.js" %}

{% include "theme.js" %}

form.addEventListener('input', changed);
form.addEventListener('reset', () => setTimeout(changed));
form.addEventListener('submit', event => event.preventDefault());
addEventListener('hashchange', follow);
theme(remembered() ?? undefined);
follow();
})();
