import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { FAULTS } from './faults.ts';
import { type Row, runScenario } from './scenario.ts';
import { table } from './table.ts';
import { ringwayTarget } from './targets.ts';

// Real servers that fail under load. Every request must have exactly one answer: the right value,
// or one error; what was acknowledged must be on the servers.

/** Many times what it takes where nobody else works, and a fraction of what is waited for it. */
const RECOVERY_MS = 15_000;
const MEMORY = 150 * (1 << 20);
const skip = process.platform === 'linux' ? false : 'needs /proc';

describe('faults under load', { skip }, () => {
  const rows: Row[] = [];
  after(() => console.log(`\n${table(rows)}\n`));

  for (const fault of FAULTS) {
    test(fault.name, async () => {
      const row = await runScenario(fault, ringwayTarget);
      rows.push(row);
      assert.deepEqual(row.complaints, []);
      assert.deepEqual(row.audit, []);
      assert.deepEqual([row.wrong, row.doubled, row.lost], [0, 0, 0]);
      assert.equal(row.right + row.errors, row.sent);
      assert.ok(row.right > row.sent / 4, `${row.right} of ${row.sent} were right`);
      assert.ok(row.recoveryMs < RECOVERY_MS, `recovered after ${row.recoveryMs} ms`);
      assert.ok(row.rssPeak - row.rssBefore < MEMORY, `RSS ${row.rssBefore} to ${row.rssPeak}`);
    });
  }
});
