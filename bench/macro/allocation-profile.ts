import type { HeapProfiler } from 'node:inspector';

type Node = Pick<HeapProfiler.SamplingHeapProfileNode, 'selfSize'> & {
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children: readonly Node[];
};

export type Owner = 'ringway' | 'Node' | 'measuring';

/** What one function allocated itself, in calls from one function of ringway. */
export interface Allocation {
  readonly owner: Owner;
  /** The function and its file. */
  readonly name: string;
  /** The nearest function of ringway that called it; empty when Node calls, or ringway's own. */
  readonly caller: string;
  readonly bytes: number;
}

interface Place {
  readonly owner: Owner;
  readonly caller: string;
}

/**
 * Adds a sampled call tree up by function, the largest first. Built-in functions such as push have no
 * file: what they allocate belongs to who called them.
 */
export function allocationsOf(head: Node, source: string): Allocation[] {
  const found = new Map<string, Allocation>();
  const visit = (node: Node, above: Place): void => {
    const { functionName, url } = node.callFrame;
    const owner = url === '' ? above.owner : ownerOf(url, source);
    const name = `${functionName || '(anonymous)'} ${fileName(url, source)}`.trim();
    if (node.selfSize > 0) {
      const caller = owner === 'ringway' && url !== '' ? '' : above.caller;
      const key = keyOf({ owner, name, caller });
      const bytes = (found.get(key)?.bytes ?? 0) + node.selfSize;
      found.set(key, { owner, name, caller, bytes });
    }
    const isOwn = owner === 'ringway' && url !== '';
    const below = { owner, caller: isOwn ? name : above.caller };
    for (const child of node.children) visit(child, below);
  };
  visit(head, { owner: 'Node', caller: '' });
  return [...found.values()].sort((a, b) => b.bytes - a.bytes);
}

/** Whether the tree shows any function of `source`: where none is, another program was sampled. */
export function hasCalls(head: Node, source: string): boolean {
  return head.callFrame.url.startsWith(source) || head.children.some((it) => hasCalls(it, source));
}

export function bytesOf(allocations: readonly Allocation[], owner: Owner): number {
  return allocations.reduce((sum, it) => sum + (it.owner === owner ? it.bytes : 0), 0);
}

/**
 * What is left of `list` when `others` are taken off, function by function. Both are samples: where
 * less is found than in `others`, there is less than nothing, so that the sum stays right.
 */
export function without(list: readonly Allocation[], others: readonly Allocation[]): Allocation[] {
  const left = new Map(list.map((it) => [keyOf(it), it]));
  for (const it of others) {
    const bytes = (left.get(keyOf(it))?.bytes ?? 0) - it.bytes;
    left.set(keyOf(it), { ...it, bytes });
  }
  return [...left.values()].sort((a, b) => b.bytes - a.bytes);
}

function keyOf({ owner, name, caller }: Omit<Allocation, 'bytes'>): string {
  return `${owner} ${name} ${caller}`;
}

/** @param source the folder of ringway's compiled source, as a URL that ends in a slash */
function ownerOf(url: string, source: string): Owner {
  if (url.startsWith(source) || url.includes('/node_modules/')) return 'ringway';
  if (url === 'node:inspector' || !url.startsWith('node:')) return 'measuring';
  return 'Node';
}

function fileName(url: string, source: string): string {
  return url.startsWith(source) ? url.slice(source.length).replace(/\.js$/, '.ts') : url;
}
