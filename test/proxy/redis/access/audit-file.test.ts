import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Engine } from '../../../../src/proxy/engine/engine.ts';
import type { Pool } from '../../../../src/proxy/pool/pool.ts';
import { AuditFile, auditWritten } from '../../../../src/proxy/redis/access/audit-file.ts';
import { AUDIT_LOST, poolCounters } from '../../../../src/stats/counters.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-audit-file-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file of a pool of its own, which is written when the test says so. */
class Audit {
  readonly log: string[] = [];
  readonly counters = poolCounters();
  /** Bytes of lines that wait. */
  kept = 0;
  readonly #engine: Engine;
  readonly #file: AuditFile;

  constructor(path: string) {
    const engine = {
      deadlines: { arm: () => {} },
      budget: { count: (bytes: number) => (this.kept += bytes) },
      log: { level: 11, write: (_level: number, line: string) => void this.log.push(line) },
    };
    this.#engine = engine as unknown as Engine;
    const pool = { engine, config: { name: 'p' }, counters: this.counters } as unknown as Pool;
    this.#file = new AuditFile(pool, { path, size: 0, kept: 0 });
  }

  get lost(): number {
    return this.counters[AUDIT_LOST];
  }

  /** Adds lines with these numbers, and writes. */
  async write(from: number, to: number): Promise<void> {
    for (let i = from; i < to; i++)
      this.#file.add(JSON.stringify({ line: i, more: 'x'.repeat(80) }));
    this.#file.flush();
    await auditWritten(this.#engine);
    assert.equal(this.kept, 0);
  }
}

/** What stands in a pipe now. */
function drain(descriptor: number): string {
  const room = Buffer.alloc(1 << 20);
  for (let length = 0; ; ) {
    try {
      const count = readSync(descriptor, room, length, room.length - length, null);
      length += count;
      if (count === 0) return room.toString('utf8', 0, length);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      return room.toString('utf8', 0, length);
    }
  }
}

function pipe(name: string): string {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
}

function numbersIn(text: string): (number | string)[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    try {
      const { line: number, lost } = JSON.parse(line) as { line?: number; lost?: number };
      return number ?? `lost ${lost}`;
    } catch {
      return 'torn';
    }
  });
}

describe('an audit log', () => {
  const cases: readonly (readonly [what: string, code: string, make: () => string])[] = [
    ['that is a folder', 'EISDIR', () => mkdtempSync(join(folder, 'dir-'))],
    ['on a disk that is full', 'ENOSPC', () => '/dev/full'],
    ['that is a pipe without a reader', 'ENXIO', () => pipe('unread')],
    ['in a folder that is gone', 'ENOENT', () => join(folder, 'none', 'a.log')],
  ];
  for (const [what, code, make] of cases) {
    test(`${what} loses its lines, counts and tells them, and holds up nothing`, async () => {
      const audit = new Audit(make());
      await audit.write(0, 50);
      assert.equal(audit.lost, 50);
      assert.match(audit.log.join(), new RegExp(`pool p: the audit log: Error: ${code}`));
    });
  }

  test('that has room again tells how many lines are missing', async () => {
    const path = join(folder, 'later');
    mkdirSync(path);
    const audit = new Audit(path);
    await audit.write(0, 3);
    rmSync(path, { recursive: true });
    await audit.write(3, 5);
    assert.deepEqual(numbersIn(readFileSync(path, 'utf8')), [3, 4, 'lost 3']);
  });

  test('that is a slow reader’s pipe tears one line at most, which the next does not touch', async () => {
    const path = pipe('slow');
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const audit = new Audit(path);
    await audit.write(0, 2000); // more than a pipe holds
    assert.match(audit.log.join(), /EAGAIN/);
    const first = numbersIn(drain(reader));
    assert.equal(first.pop(), 'torn');
    assert.equal(first.length + audit.lost, 2000);
    assert.deepEqual(
      first,
      Array.from({ length: first.length }, (_, i) => i),
    );
    const { lost } = audit;
    await audit.write(2000, 2003);
    const second = drain(reader);
    assert.ok(second.startsWith('\n'), 'what is torn ends before the next line');
    assert.deepEqual(numbersIn(second), [2000, 2001, 2002, `lost ${lost}`]);
    closeSync(reader);
  });

  test('that another has moved away begins with a whole line', async () => {
    const path = join(folder, 'moved');
    writeFileSync(path, '');
    const audit = new Audit(path);
    await audit.write(0, 2);
    rmSync(path);
    await audit.write(2, 3);
    assert.deepEqual(numbersIn(readFileSync(path, 'utf8')), [2]);
  });
});
