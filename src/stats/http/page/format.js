// Numbers as people read them, and elements.

/** An element with a class, text or children. All text comes in as text, never as markup. */
export function el(name, className = '', ...children) {
  const element = document.createElement(name);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

export function count(n) {
  if (n < 1000) return String(Math.round(n));
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)} k`;
  return n < 1e9 ? `${(n / 1e6).toFixed(n < 1e8 ? 1 : 0)} M` : `${(n / 1e9).toFixed(1)} G`;
}

export function micros(n) {
  if (n === 0) return '–';
  if (n < 1000) return `${Math.round(n)} µs`;
  return n < 1e6 ? `${(n / 1e3).toFixed(n < 1e4 ? 2 : 1)} ms` : `${(n / 1e6).toFixed(2)} s`;
}

export const microsOnAxis = (n) => (n === 0 ? '0' : micros(n).replace(/\.0+ /, ' '));

/** A number of things, by their name. */
export function several(n, what) {
  return `${count(n)} ${what}${n === 1 ? '' : 's'}`;
}

export function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}

export function duration(seconds) {
  const s = Math.floor(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  const hours = Math.floor(s / 3600);
  if (hours < 48) return `${hours} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export const last = (values) => values[values.length - 1] ?? 0;
export const sum = (items, pick) => items.reduce((total, item) => total + pick(item), 0);

export const FORMATS = { count, micros };
