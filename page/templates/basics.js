const element = (tag, text, className) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
};
const minus = value => String(value).replace('-', '−');
const count = n => n.toLocaleString('en-US');
