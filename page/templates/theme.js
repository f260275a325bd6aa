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
