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
