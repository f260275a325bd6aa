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
