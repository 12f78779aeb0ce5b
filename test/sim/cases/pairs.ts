import { CONNECTION_STATES } from './case.ts';

/** How often each fault met each state of a client and of a server connection. */
export class Pairs {
  readonly counts: Map<string, number> = new Map();

  static key(fault: string, client: string, connection: string): string {
    return `${fault} × ${client} × ${connection}`;
  }

  of(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.counts.set(key, this.of(key) + 1);
  }

  merge(other: Pairs): void {
    for (const [key, count] of other.counts) this.counts.set(key, this.of(key) + count);
  }

  /** Columns for people; a row per fault and client state, a column per connection state. */
  table(): string[] {
    return aligned(this.#counted((fault, client) => `${fault} × ${client}`));
  }

  /** The same with a row per fault. */
  summary(): string[] {
    return aligned(this.#counted((fault) => fault));
  }

  /** For a page. @param by what rows and columns are about */
  markdown(by: (fault: string, client: string) => string): string {
    const rows = this.#counted(by);
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
    const [head] = rows;
    const rule = head.map((_, i) => (i === 0 ? '---' : '--:'));
    return [line(head), line(rule), ...rows.slice(1).map(line), ''].join('\n');
  }

  /** The head, and a row for each name. */
  #counted(by: (fault: string, client: string) => string): string[][] {
    const rows = new Map<string, Map<string, number>>();
    for (const [key, count] of this.counts) {
      const [fault, client, connection] = key.split(' × ');
      const name = by(fault, client);
      const row = rows.get(name) ?? new Map<string, number>();
      rows.set(name, row);
      row.set(connection, (row.get(connection) ?? 0) + count);
    }
    const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
    const cells = (row: ReadonlyMap<string, number>): string[] => {
      return CONNECTION_STATES.map((state) => String(row.get(state) ?? '-'));
    };
    return [['', ...CONNECTION_STATES], ...sorted.map(([name, row]) => [name, ...cells(row)])];
  }
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, ...cells]) => {
    return `${name.padEnd(width)} ${cells.map((cell) => cell.padStart(12)).join('')}`;
  });
}
