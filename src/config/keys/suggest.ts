/** The number of inserted, removed or replaced characters between two words. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** The known word closest to a mistyped one, or null when none is close. */
export function nearest(word: string, known: Iterable<string>): string | null {
  // Long rubbish is not a typo, and the distance is quadratic.
  if (word.length > 64) return null;
  const folded = word.toLowerCase().replaceAll('-', '_');
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(folded, candidate);
    const tie = best !== null && distance === bestDistance;
    const better = tie && commonStart(folded, candidate) > commonStart(folded, best!);
    if (distance < bestDistance || better) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
