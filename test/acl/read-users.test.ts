import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { describeUser } from '../../src/acl/describe.ts';
import { AFTER_ALL_KEYS, NO_HASH, NO_SUCH_PASSWORD } from '../../src/acl/mistakes.ts';
import { linesOfFile, readUsers } from '../../src/acl/read-users.ts';
import type { User } from '../../src/acl/user.ts';

function read(text: string, closeScripts = false): { users: User[]; mistakes: string[] } {
  const mistakes: string[] = [];
  const lines = linesOfFile(Buffer.from(text), (mistake) => mistakes.push(mistake));
  return { users: readUsers(lines, closeScripts), mistakes };
}

const HASH = '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b';

describe('lines of users', () => {
  test('are those of ACL SAVE, with comments and empty lines between', () => {
    const { users, mistakes } = read(`# ours\n\nuser a on >secret ~x &y +get\r\n  user b off\n`);
    assert.deepEqual(mistakes, []);
    assert.deepEqual(users.map(describeUser), [
      `user a on #${HASH} ~x resetchannels &y -@all +get`,
      'user b off resetchannels -@all',
    ]);
  });

  test('may end with any letter', () => {
    // The last byte of each is 0xa0, which JavaScript takes for a blank.
    const { users, mistakes } = read(`user à on >pà ~clé:à\r\nuser b &canal:à\t\n`);
    assert.deepEqual(mistakes, []);
    const [a, b] = users.map((user) => Buffer.from(describeUser(user), 'latin1').toString());
    const hash = createHash('sha256').update('pà').digest('hex');
    assert.equal(a, `user à on #${hash} ~clé:à resetchannels -@all`);
    assert.equal(b, 'user b off resetchannels &canal:à -@all');
  });

  test('that are wrong are told with their number, in Redis words, without a password', () => {
    const { mistakes } = read(
      [
        'usr a on',
        'user a on +nope',
        'user b on ~* ~x',
        'user c #abc',
        'user d <secret',
        'user e (~a +get',
        'user f on',
        'user f on',
        'user g >secret -select|1',
        'user h %~x',
        'user i on oops',
      ].join('\n'),
    );
    const wrong = (line: number, op: string, why: string): string =>
      `line ${line}: Error in ACL SETUSER modifier '${op}': ${why}`;
    const unknown = 'Unknown command or category name in ACL';
    assert.deepEqual(mistakes, [
      'line 1: the line does not begin with "user"; expected "user NAME RULES"',
      wrong(2, '+nope', unknown),
      wrong(3, '~x', AFTER_ALL_KEYS),
      wrong(4, '#...', NO_HASH),
      wrong(5, '<...', NO_SUCH_PASSWORD),
      "line 6: Unmatched parenthesis in acl selector starting at '(~a'.",
      'line 8: the user f is there twice; expected each once',
      wrong(9, '-select|1', unknown),
      wrong(10, '%~x', 'Syntax error'),
      wrong(11, 'oops', 'Syntax error'),
    ]);
  });

  test('let nobody run scripts beside other rules who was not allowed to by name', () => {
    const scripts = (rules: string): number => {
      const [user] = read(`user a on ${rules}`, true).users;
      return user.root.allowed.filter((_, id) => SCRIPT_IDS.has(id)).reduce((a, b) => a + b, 0);
    };
    const [full] = read('user a on +@scripting').users;
    const SCRIPT_IDS = new Set([...full.root.allowed].flatMap((bit, id) => (bit ? [id] : [])));
    assert.equal(scripts('~* &* +@all'), SCRIPT_IDS.size);
    assert.equal(scripts('~a* &* +@all'), 0);
    assert.equal(scripts('~* +@all'), 0);
    assert.equal(scripts('~a* +@all +@scripting'), SCRIPT_IDS.size);
    assert.equal(scripts('~a* +@scripting +@all'), SCRIPT_IDS.size);
    assert.equal(scripts('~a* +@all +evalsha'), 1);
    assert.equal(scripts('~a* +@scripting -@scripting +@all'), 0);
  });
});
