// ---- the words, each of which can be left out or replaced

// The place of a coloured word of the text before changes.  Of a pair the second text is always scored.
const keyOf = cell => {
  const same = [...cell.closest('article').querySelectorAll(`tr[data-m="${cell.parentNode.dataset.m}"]`)].flatMap(row => [...row.cells].slice(1));
  const every = shown.records[0].words.flatMap((words, side) => words.map((word, i) => [`${side}.${i}`, word]));
  return every.at(same.indexOf(cell) - same.length);
};

const openAt = cell => {
  if (cell.closest('article').id !== 'before') return;
  const [key, word] = keyOf(cell);
  hideTip();
  openMenu(cell, key, word);
};

document.addEventListener('click', event => { const cell = cellOf(event); if (cell) openAt(cell); });
document.addEventListener('keydown', event => {
  const cell = cellOf(event);
  if (!cell || event.key !== 'Enter') return;
  event.preventDefault();
  openAt(cell);
});

const placeOf = node => [...$('edit').querySelectorAll('[data-word]')].indexOf(node);

const wordButton = (key, word) => {
  const button = element('button', undefined, '');
  button.type = 'button';
  button.dataset.word = key;
  const to = state.edits.get(key);
  if (to === undefined) button.textContent = word;
  else if (to) {
    button.className = 'new';
    button.append(element('s', word), ' → ', element('bdi', to));
  } else {
    button.className = 'out';
    button.textContent = word;
    button.setAttribute('aria-label', `${word}, left out`);
  }
  button.addEventListener('click', () => openMenu(button, key, word));
  return button;
};

const drawStrip = () => {
  const focused = placeOf(document.activeElement);
  const words = shown?.records[0].words ?? [];
  const strips = words.map((text, side) => {
    const strip = element('div', undefined, 'strip');
    strip.append(element('span', words.length > 1 ? data.text_names[side] : 'words', 'part'),
      ...text.map((word, i) => wordButton(`${side}.${i}`, word)));
    return strip;
  });
  if (strips.length) strips.push(actions());
  $('edit').replaceChildren(...strips);
  if (focused >= 0) $('edit').querySelectorAll('[data-word]')[focused]?.focus();
};

const actions = () => {
  const line = element('div', undefined, 'acts');
  if (!state.edits.size) {
    line.append('Choose a word to leave it out, or to try another in its place.');
    return line;
  }
  const button = (text, act) => {
    const node = element('button', text);
    node.type = 'button';
    node.addEventListener('click', act);
    return node;
  };
  line.append(button('Undo all changes', () => step({edits: new Map()})), button('Go on with the changed text', () => {
    step({split: undefined, id: undefined, texts: shown.records.at(-1).words.map(words => words.join(' ')), edits: new Map()});
  }));
  return line;
};

const change = (key, to) => {
  menu.hidePopover();
  $('edit').querySelector(`[data-word="${key}"]`)?.focus();
  const edits = new Map(state.edits);
  if (to === undefined) edits.delete(key); else edits.set(key, to);
  step({edits});
};

const choice = (text, act, className) => {
  const button = element('button', text, className);
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
};

let menuFor = '', menuAt;
const placeMenu = () => {
  if (!menu.matches(':popover-open') || !menuAt.isConnected) return;
  const box = menuAt.getBoundingClientRect(), {offsetHeight: height, offsetWidth: width} = menu;
  const below = box.bottom + 6 + height < innerHeight || box.top < height + 12;
  menu.style.left = `${Math.max(6, Math.min(box.left, innerWidth - width - 8))}px`;
  menu.style.top = `${below ? box.bottom + 6 : box.top - height - 6}px`;
};
const openMenu = (button, key, word) => {
  menuFor = key;
  const top = element('div', undefined, 'choices'), near = element('div', undefined, 'choices');
  const own = element('form'), input = element('input');
  const note = element('p', 'nearest words in the network’s embedding');
  if (state.edits.get(key) !== '') top.append(choice('Leave out', () => change(key, ''), 'leave'));
  if (state.edits.has(key)) top.append(choice('Put back', () => change(key), 'back'));
  input.setAttribute('aria-label', 'another word');
  input.placeholder = 'another word';
  input.maxLength = 200;
  own.append(input, element('button', 'Try'));
  own.addEventListener('submit', event => {
    event.preventDefault();
    if (input.value.trim()) change(key, input.value.trim());
  });
  menu.replaceChildren(top, note, near, own);
  menu.showPopover();
  menuAt = button;
  placeMenu();
  top.querySelector('button').focus();
  post('api/similar', {word}).then(found => {
    if (menuFor !== key || found.error) return;
    if (!found.words.length) note.textContent = 'The network does not know this word: nothing is near.';
    near.append(...found.words.map(other => {
      const node = choice(other.word, () => change(key, other.word), 'similar');
      node.title = `cosine ${other.cosine.toFixed(2)}`;
      return node;
    }));
    placeMenu();
  }).catch(() => {});
};
addEventListener('scroll', placeMenu, {capture: true, passive: true});
