// Makes what is shown equal to what was just made, in place: nodes stay, and with them what is
// selected, focused, scrolled or under the pointer.

/** Children with a key are found again wherever they stand. */
const keyOf = (node) => node.dataset?.key ?? null;

function sameKind(shown, fresh) {
  return shown.nodeName === fresh.nodeName && keyOf(shown) === keyOf(fresh);
}

function patchAttributes(shown, fresh) {
  for (const { name } of [...shown.attributes]) {
    if (name !== 'style' && !fresh.hasAttribute(name)) shown.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    // The page's policy takes styles from scripts only by their properties.
    if (name !== 'style' && shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  if (shown.style.cssText !== fresh.style.cssText) shown.style.cssText = fresh.style.cssText;
}

/** @param fresh its children are used up; with data-keep, `shown` stays as it is */
export function patch(shown, fresh) {
  if (fresh.dataset?.keep !== undefined) return;
  if (shown.nodeType === Node.TEXT_NODE) {
    if (shown.nodeValue !== fresh.nodeValue) shown.nodeValue = fresh.nodeValue;
    return;
  }
  patchAttributes(shown, fresh);
  patchChildren(shown, [...fresh.childNodes]);
}

/** @param wanted nodes that nobody shows yet */
export function patchChildren(parent, wanted) {
  const keyed = new Map();
  for (const node of parent.childNodes) if (keyOf(node) !== null) keyed.set(keyOf(node), node);
  let at = parent.firstChild;
  for (const fresh of wanted) {
    const key = keyOf(fresh);
    const known = key === null ? null : (keyed.get(key) ?? null);
    if (known !== null && known !== at && sameKind(known, fresh)) parent.insertBefore(known, at);
    if (known !== null && sameKind(known, fresh)) {
      patch(known, fresh);
      at = known.nextSibling;
    } else if (at !== null && sameKind(at, fresh)) {
      patch(at, fresh);
      at = at.nextSibling;
    } else {
      parent.insertBefore(fresh, at);
    }
  }
  while (at !== null) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}
