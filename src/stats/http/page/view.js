// What somebody wants to see, as it stands in the address behind #.

const SORTS = new Set(['state', 'name', 'requests', 'errors', 'p99']);

/**
 * @param hash `#pool-NAME`, or fields as in `#filter=cache&sort=p99&open=NAME&open=OTHER`
 * @returns open: names of pools that are shown with all they have; null = as many as make sense
 */
export function readView(hash) {
  if (hash.startsWith('#pool-')) {
    let name = hash.slice('#pool-'.length);
    try {
      name = decodeURIComponent(name);
    } catch {
      // As it was typed.
    }
    return { filter: '', sort: 'state', open: new Set([name]) };
  }
  const fields = new URLSearchParams(hash.slice(1));
  const sort = fields.get('sort') ?? '';
  return {
    filter: (fields.get('filter') ?? '').toLowerCase(),
    sort: SORTS.has(sort) ? sort : 'state',
    open: fields.has('open') ? new Set(fields.getAll('open').filter((name) => name !== '')) : null,
  };
}

/** @returns the hash of a view; empty for the usual one */
export function writeView({ filter, sort, open }) {
  if (filter === '' && sort === 'state' && open?.size === 1) {
    return `#pool-${encodeURIComponent([...open][0])}`;
  }
  const fields = new URLSearchParams();
  if (filter !== '') fields.set('filter', filter);
  if (sort !== 'state') fields.set('sort', sort);
  if (open !== null) for (const name of open.size === 0 ? [''] : open) fields.append('open', name);
  const text = fields.toString();
  return text === '' ? '' : `#${text}`;
}
