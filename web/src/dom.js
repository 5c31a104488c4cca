// Making elements. Text goes in as text: nothing here, or anywhere in the page, parses HTML.

export const $ = (id) => document.getElementById(id);

/** An element with attributes (`on…` are listeners, `null` and `false` leave one out) and children. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...real(children));
  return node;
}

/** Puts children in place of what `node` holds; like `el`, it leaves out what is not there. */
export const fill = (node, ...children) => node.replaceChildren(...real(children));

const real = (children) => children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== '');
