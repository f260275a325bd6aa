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
