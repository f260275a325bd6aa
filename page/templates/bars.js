// ---- bars of all texts at a glance; each leaves only its texts

const bars = new Map(Object.entries(data.bars).map(([key, bar]) => [key, {said: bar.said, texts: new Set(bar.texts)}]));
const barNodes = [...document.querySelectorAll('[data-bar]')];
for (const node of barNodes) {
  node.setAttribute('role', 'button');
  node.setAttribute('tabindex', node.parentNode.querySelector('[data-bar]') === node ? 0 : -1);
}

const glance = document.querySelector('.corpus');
if (glance && innerWidth < 760) glance.open = false; // the texts are not far below

const choose = key => {
  const field = form.elements.namedItem('bar');
  field.value = field.value === key ? '' : key;
  changed();
};

// Said beside the bars and beside the other filters, each with a way back.
const sayChosen = key => {
  const bar = bars.get(key);
  for (const node of barNodes) node.setAttribute('aria-pressed', node.dataset.bar === key);
  root.classList.toggle('barred', Boolean(bar));
  for (const line of document.querySelectorAll('.chosen')) {
    line.hidden = !bar;
    if (!bar) { line.replaceChildren(); continue; }
    const back = element('button', 'Show all texts');
    back.type = 'button';
    back.addEventListener('click', () => {
      barNodes.find(node => node.dataset.bar === key).focus({preventScroll: true});
      choose(key);
    });
    line.replaceChildren('Only ', element('bdi', bar.said), '. ', back);
  }
};

const BAR_STEPS = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1};
const barOf = event => event.target.closest?.('[data-bar]');
document.addEventListener('click', event => { const node = barOf(event); if (node) choose(node.dataset.bar); });
document.addEventListener('keydown', event => {
  const node = barOf(event);
  if (!node || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === 'Enter' || event.key === ' ') choose(node.dataset.bar);
  else if (event.key in BAR_STEPS) {
    const all = [...node.parentNode.querySelectorAll('[data-bar]')];
    const next = all[all.indexOf(node) + BAR_STEPS[event.key]];
    if (next) {
      node.setAttribute('tabindex', -1);
      next.setAttribute('tabindex', 0);
      next.focus();
    }
  } else return;
  event.preventDefault();
});
