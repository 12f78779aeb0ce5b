// docs/command-line.md and docs/errors.md, made of the program's own texts.

import { ERROR_CODES, type ErrorCode } from '../../src/errors.ts';
import * as memcacheReplies from '../../src/protocol/memcache/replies.ts';
import * as redisReplies from '../../src/protocol/redis/replies/replies.ts';
import { usageText } from '../../src/usage.ts';

const CODES: Readonly<Record<ErrorCode, string>> = {
  RINGWAY_CODEC: 'the codec that was asked for cannot run here',
  RINGWAY_CONFIG: 'mistakes in a configuration: a `ConfigError`, which has them all in `problems`',
  RINGWAY_CONFIG_FILE: 'a configuration file cannot be opened or read',
  RINGWAY_INTERNAL: 'ringway itself is wrong: please report it',
  RINGWAY_LIMIT: 'more than a bound of ringway allows',
  RINGWAY_LISTEN: 'an address cannot be listened on',
  RINGWAY_PROTOCOL: 'another process, or the admin socket, says what it must not',
  RINGWAY_STARTUP: 'something else that a start needs cannot be had',
  RINGWAY_USAGE: 'words or options that mean nothing',
};

/** What brings a reply that is in no server's words, by its name in the code. */
const WHEN: Readonly<Record<string, string>> = {
  CHANNEL_TOO_LONG: 'a channel or pattern beyond that length',
  KEY_TOO_LONG: 'a key beyond that length',
  NOT_SUBSCRIBED: 'no server has confirmed a `SUBSCRIBE` within the time of `timeout`',
  NO_TOUCH: '`CLIENT NO-TOUCH ON`',
  PATTERNS_TOO_LONG: 'a `CONFIG GET` beyond that length',
  PROTECTED_MODE: '`protected_mode`, and the client is on another machine',
  REPLY_TOO_LARGE: 'a reply that ringway has to keep whole is larger than `client_output_limit`',
  TOO_MANY_ARGUMENTS: 'more words than the request may have where ringway itself reads them',
  TOO_MANY_CLIENTS: '`client_connections`, `--max-connections` or the limit on open files; closed',
  TOO_MANY_LANES: 'more pairs of database and RESP version are in use than a pool may have',
  TOO_MANY_SUBSCRIPTIONS: '`max_subscriptions`',
  UNFINISHED: '`request_read_timeout` in the middle of a request; closed',
  WORKERS_SILENT: 'with `--workers`: another worker did not say what it knows in time',
  FLUSH_REFUSED: '`flush_all` without `flush_all: true`',
};

/** The text of docs/command-line.md. @param helps of the commands, by name */
export function commandLinePage(helps: ReadonlyMap<string, string>): string {
  const block = (text: string): string => `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
  const commands = [...helps].map(([name, help]) => `## ringway ${name}\n\n${block(help)}`);
  return `# Command line

What \`--help\` prints, of the program and of its commands. Made of the program by \`npm run generate\`. What the options are good for is in
[operations.md](operations.md); how they differ from nutcracker's in [migration.md](migration.md#the-command-line).

## ringway

${block(usageText())}

${commands.join('\n\n')}
`;
}

function rowsOf(module: object, isError: (text: string) => boolean): string {
  return Object.entries(module)
    .flatMap(([name, value]): string[] => {
      if (!Buffer.isBuffer(value)) return [];
      const text = value.toString().trimEnd();
      return isError(text) ? [`| \`${text.replaceAll('|', '\\|')}\` | ${WHEN[name] ?? ''} |`] : [];
    })
    .sort()
    .join('\n');
}

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const codes = ERROR_CODES.map((code) => `| \`${code}\` | ${CODES[code]} |`);
  return `# Errors

Made of the code by \`npm run generate\`. What to do about trouble is in [troubleshooting.md](troubleshooting.md).

## Codes

What an embedder finds in \`code\` of a \`RingwayError\`. Codes are stable. The command line prints the message, and exits with 1.

| code | what it is |
|---|---|
${codes.join('\n')}

## Replies of Redis pools

Errors with a fixed text that ringway gives itself; where the right column is empty, the words are Redis's own and mean what they mean
there. Others name what they are about: a command that is not known, not supported or not permitted, two keys on
different servers (\`-CROSSSERVER\`: [what keeps them together](clients.md#keys-that-belong-together)), a bound of
[reliability.md](reliability.md#limits), a server that [cannot be had](reliability.md#what-a-failure-looks-like-to-a-client).

| reply | when |
|---|---|
${rowsOf(redisReplies, (text) => text.startsWith('-'))}

## Replies of memcached pools

| reply | when |
|---|---|
${rowsOf(memcacheReplies, (text) => /^(CLIENT_|SERVER_)?ERROR/.test(text))}
`;
}
