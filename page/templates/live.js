(() => {
'use strict';
const $ = id => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const root = document.documentElement;
const form = $('controls'), list = $('texts'), tip = $('tip'), menu = $('menu');
const byId = new Map();
root.classList.add('scripted');

{% include "basics.js" %}

// ---- the state, which the address holds: a text, what is changed in it, how it is shown

const boxes = [...form.querySelectorAll('textarea')];
const checks = [...form.querySelectorAll('[name=method]')];
const field = name => form.elements.namedItem(name);
const FIRST = {split: Object.keys(data.splits)[0], id: 0};
const TEXT_KEYS = data.text_names; // 'text', or 'premise' and 'hypothesis'

let state;

const write = () => {
  const found = new URLSearchParams();
  if (state.texts) TEXT_KEYS.forEach((key, i) => found.set(key, state.texts[i]));
  else { found.set('split', state.split); found.set('id', state.id); }
  for (const [key, to] of state.edits) found.append('edit', to ? `${key}:${to}` : key);
  if (state.methods.join() !== data.fast_methods.join()) state.methods.forEach(name => found.append('method', name));
  if (state.scale) found.set('scale', state.scale);
  return `#${found}`;
};

const read = hash => {
  const given = new URLSearchParams(hash.slice(1)), id = Number(given.get('id'));
  const methods = given.getAll('method').filter(name => name in data.methods);
  const by = given.get('split') in data.splits && id >= 0 && id < data.splits[given.get('split')]
    ? {split: given.get('split'), id: Math.floor(id)} : FIRST;
  const edits = given.getAll('edit').map(edit => /^(\d{1,9}\.\d{1,9})(?::([^]*))?$/.exec(edit)).filter(Boolean);
  return {
    ...(TEXT_KEYS.every(key => given.has(key)) ? {texts: TEXT_KEYS.map(key => given.get(key))} : by),
    edits: new Map(edits.map(([, key, to]) => [key, to ?? ''])),
    methods: methods.length ? methods : data.fast_methods,
    scale: given.get('scale') === 'row' ? 'row' : '',
  };
};

const fill = () => {
  if (state.texts) boxes.forEach((box, i) => { if (box.value !== state.texts[i]) box.value = state.texts[i]; });
  if (state.split) field('split').value = state.split;
  field('id').value = state.split ? state.id : '';
  checks.forEach(check => { check.checked = state.methods.includes(check.value); });
  field('scale').value = state.scale;
};

// A step can be taken back with the browser's button.  What is typed is one step.
let typing = false, timer;
const keep = push => { history[push ? 'pushState' : 'replaceState'](null, '', write()); };
const settle = () => {
  if (timer === undefined) return;
  clearTimeout(timer);
  timer = undefined;
  keep(false);
};
const step = changes => {
  settle();
  state = {...state, ...changes};
  typing = false;
  keep(true);
  fill();
  ask();
};

const typed = () => {
  state = {...state, split: undefined, id: undefined, texts: boxes.map(box => box.value), edits: new Map()};
  field('id').value = '';
  if (!typing) keep(true);
  typing = true;
  clearTimeout(timer);
  timer = setTimeout(settle, 250); // browsers refuse more addresses than some hundred a minute
  ask();
};

// ---- questions: one at a time, and always the newest

const post = async (where, question) => {
  const response = await fetch(where, {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(question)});
  const found = await response.json().catch(() => ({error: `the server answered with status ${response.status}`}));
  return response.ok ? found : {error: found.error ?? 'the server refused', busy: [429, 503].includes(response.status)};
};

// Characters of a line of words: a column's width less the methods' names
const room = () => {
  const narrow = innerWidth <= 760, columns = state.edits.size && !narrow ? 2 : 1;
  const page = Math.min(innerWidth - (narrow ? 28 : 48), columns === 2 ? 1592 : 1132);
  const names = narrow ? 136 : 150 + 6.5 * Math.max(...state.methods.map(name => name.length));
  const chars = ((page - 32 * (columns - 1)) / columns - names) / 8.6;
  return Math.max(20, Math.min(100, Math.floor(chars)));
};

const question = methods => {
  if (state.texts?.some(text => !text.trim())) return null;
  const edits = [...state.edits].map(([key, to]) => {
    const [text, word] = key.split('.').map(Number);
    return {text, word, to};
  });
  return {...(state.texts ? {texts: state.texts} : {split: state.split, id: state.id}),
    edits, methods, html: true, width: room()};
};

// Rows that are slow to compute come in a second answer, below the others.
const stages = () => {
  const fast = state.methods.filter(name => data.fast_methods.includes(name));
  const slow = state.methods.filter(name => !data.fast_methods.includes(name));
  return fast.length && slow.length ? [fast, [...fast, ...slow]] : [state.methods];
};

let wanted = 0, running = false;
const ask = async () => {
  wanted += 1;
  if (running) return;
  running = true;
  try {
    for (let done = 0; done !== wanted;) {
      done = wanted;
      const all = stages();
      for (const [stage, methods] of all.entries()) {
        const last = stage === all.length - 1;
        const found = await answered(question(methods));
        if (done !== wanted) break;
        show(found, last);
        if (!found || found.error) break;
      }
    }
  } finally { running = false; }
};

const answered = async asked => {
  if (!asked) return null;
  const start = performance.now(), late = setTimeout(() => say('asking …'), 400);
  const found = await post('api/explain', asked).catch(() => ({error: 'the server does not answer; is serve.py running?'}));
  clearTimeout(late);
  return {...found, milliseconds: performance.now() - start};
};

// ---- answers

let shown, nearestOpen = true;
const say = (text, failed = false) => {
  $('said').textContent = text;
  $('said').classList.toggle('failed', failed);
};

// What the predictors say of a record: one label, or that of each
const predicted = record => {
  const label = part => data.labels[part.label], {softmax, dknn, soft} = record;
  const said = [['DkNN', dknn], ['soft DkNN', soft], ['softmax', softmax]].filter(([, part]) => part);
  return new Set(said.map(([, part]) => part.label)).size === 1 ? label(said[0][1])
    : said.map(([name, part]) => `${name}: ${label(part)}`).join(', ');
};

const summary = records => {
  const said = records.map(predicted);
  return said.length === 1 || said[0] === said[1] ? `${said[0]}${said.length > 1 ? ', as before' : ''}` : `${said[0]} → ${said[1]}`;
};

// So that the steps can be told apart in the browser's history
const titled = records => {
  const words = records?.at(-1).words.map(own => own.join(' ')).join(' / ') ?? '';
  document.title = words ? `${words.length > 60 ? `${words.slice(0, 60)}…` : words} (${predicted(records.at(-1))})` : data.title;
};

const show = (answer, last) => {
  hideTip();
  if (answer?.error) {
    say(answer.error, true);
    if (answer.busy) setTimeout(ask, 1000);
    return;
  }
  shown = answer;
  list.style.minHeight = last ? '' : `${list.offsetHeight}px`; // nothing jumps in between
  $('download').disabled = !answer;
  list.innerHTML = answer ? answer.html : ''; // escaped by the server, as on the static page
  byId.clear();
  for (const [id, fact] of Object.entries(answer?.facts ?? {})) byId.set(id, fact);
  data.training = answer?.training ?? [];
  if (answer && state.split) answer.records[0].words.forEach((words, i) => { boxes[i].value = words.join(' '); });
  byRow = false;
  rescale(state.scale === 'row');
  for (const details of list.querySelectorAll('.neighbors')) details.open = nearestOpen && answer.records.length === 1;
  drawStrip();
  titled(answer?.records);
  say(answer ? `${summary(answer.records)} · answered in ${Math.round(answer.milliseconds)} ms` : 'Type a text, or take one of the data set.');
};

list.addEventListener('click', event => {
  const details = event.target.closest('.neighbors > summary')?.parentNode;
  if (details && shown.records.length === 1) nearestOpen = !details.open;
});

$('download').addEventListener('click', () => {
  const lines = shown.records.map(record => `${JSON.stringify(record)}\n`).join('');
  const link = element('a');
  link.href = URL.createObjectURL(new Blob([lines], {type: 'application/jsonl'}));
  link.download = 'interpretations.jsonl';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
});

{% include "words.js" %}

{% include "strip.js" %}

// ---- the form

const changed = () => {
  hideTip();
  if (field('scale').value === state.scale) return;
  state.scale = field('scale').value;
  keep(false);
  rescale(state.scale === 'row');
};

boxes.forEach(box => box.addEventListener('input', typed));
field('scale').addEventListener('change', changed);
const take = (split, id) => {
  const n = data.splits[split];
  if (n) step({texts: undefined, split, id: ((id % n) + n) % n, edits: new Map()});
};
field('split').addEventListener('change', () => take(field('split').value, 0));
field('id').addEventListener('change', () => {
  const id = Number.parseInt(field('id').value, 10);
  if (id >= 0) take(field('split').value, Math.min(id, data.splits[field('split').value] - 1));
});
for (const button of form.querySelectorAll('[data-step]')) {
  button.addEventListener('click', () => {
    const split = field('split').value, by = button.dataset.step;
    take(split, by === 'random' ? Math.floor(Math.random() * data.splits[split]) : (state.split === split ? state.id + Number(by) : 0));
  });
}
checks.forEach(check => check.addEventListener('change', () => {
  const methods = checks.filter(other => other.checked).map(other => other.value);
  const fast = data.fast_methods;
  step({methods: fast.length === methods.length && fast.every(name => methods.includes(name)) ? fast : methods.length ? methods : fast});
}));
form.addEventListener('submit', event => event.preventDefault());

{% include "scale.js" %}

{% include "nearest.js" %}

{% include "theme.js" %}

const follow = () => {
  clearTimeout(timer);
  timer = undefined;
  typing = false;
  state = read(location.hash);
  fill();
  ask();
};
let width = innerWidth;
addEventListener('resize', () => { if (innerWidth !== width) { width = innerWidth; ask(); } });
addEventListener('popstate', follow);
theme(remembered() ?? undefined);
follow();
})();
