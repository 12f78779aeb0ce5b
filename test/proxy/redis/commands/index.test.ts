import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KNOWN_COMMANDS, SUBCOMMANDS } from '../../../../src/protocol/redis/table/commands.ts';
import { LOCAL_COMMANDS } from '../../../../src/proxy/redis/commands/index.ts';

test('each row that says so has a function here, and each function its row', () => {
  const rows = [...KNOWN_COMMANDS, ...SUBCOMMANDS.values()];
  const local = rows.filter(({ handling }) => handling === 'local').map(({ name }) => name);
  assert.deepEqual(Object.keys(LOCAL_COMMANDS).sort(), local.sort());
});
