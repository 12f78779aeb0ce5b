import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DENIED_COMMAND, DENIED_KEY } from '../../../../src/acl/judge/verdict.ts';
import { ACL_LOG_LENGTH, ACL_LOG_OBJECT_BYTES } from '../../../../src/limits.ts';
import { AclLog } from '../../../../src/proxy/redis/access/acl-log.ts';

const MIB = 1024 * 1024;
const denied = { reason: DENIED_KEY, inMulti: false, object: 'k', user: 'u' };

/** Bytes of strings and of what they are made of, when nothing is left to be collected. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('the ACL log', () => {
  test('counts what is alike as one entry, with the client of the last', () => {
    const log = new AclLog();
    log.add(denied, 'id=1');
    log.add({ ...denied, reason: DENIED_COMMAND }, 'id=2');
    log.add(denied, 'id=3');
    assert.deepEqual(
      log.entries.map(({ reason, count, client }) => [reason, count, client]),
      [
        [DENIED_KEY, 2, 'id=3'],
        [DENIED_COMMAND, 1, 'id=2'],
      ],
    );
  });

  test('keeps so many entries, the newest', () => {
    const log = new AclLog();
    for (let i = 0; i <= ACL_LOG_LENGTH; i++) log.add({ ...denied, object: `k${i}` }, '');
    assert.equal(log.entries.length, ACL_LOG_LENGTH);
    assert.equal(log.entries[0].object, `k${ACL_LOG_LENGTH}`);
    assert.equal(log.entries.at(-1)?.object, 'k1');
  });

  test('keeps of a long key, and of a long name, the beginning and no more', () => {
    const log = new AclLog();
    const long = Buffer.alloc(MIB, 'x');
    const before = bytesInUse();
    for (let i = 0; i < 32; i++) {
      long.write(String(i).padStart(4, '0'));
      log.add({ ...denied, object: long.toString('latin1'), user: long.toString('latin1') }, '');
    }
    const kept = bytesInUse() - before;
    assert.equal(log.entries.length, 32);
    assert.equal(log.entries[0].object, `0031${'x'.repeat(ACL_LOG_OBJECT_BYTES - 4)}`);
    assert.equal(log.entries[0].user, log.entries[0].object);
    assert.ok(kept < 8 * MIB, `${kept} bytes are kept`);
  });
});
