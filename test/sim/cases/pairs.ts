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

  /** Lines for people: a row per fault and client state, a column per connection state. */
  table(): string[] {
    const columns = [...new Set([...this.counts.keys()].map((key) => key.split(' × ')[2]))].sort();
    const rows = new Map<string, Map<string, number>>();
    for (const [key, count] of this.counts) {
      const [fault, client, connection] = key.split(' × ');
      const name = `${fault} × ${client}`;
      const row = rows.get(name) ?? new Map<string, number>();
      rows.set(name, row);
      row.set(connection, count);
    }
    const width = Math.max(...[...rows.keys()].map((name) => name.length), 0);
    const head = `${' '.repeat(width)}  ${columns.map((name) => name.padStart(10)).join(' ')}`;
    const lines = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return [
      head,
      ...lines.map(([name, row]) => {
        const cells = columns.map((column) => String(row.get(column) ?? '-').padStart(10));
        return `${name.padEnd(width)}  ${cells.join(' ')}`;
      }),
    ];
  }
}
