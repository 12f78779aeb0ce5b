// Every request of the suite that ringway answers otherwise than a server, and why. The suite fails
// for a difference that is not here and for a line here that is none; docs/commands.md shows it.

export interface Difference {
  /** The request, or its first words; keys with @. */
  readonly request: string;
  /** Only with so many servers; absent = with any number. */
  readonly servers?: 1 | 4;
  readonly reason: string;
}

const OWN = 'It is about the connection to ringway, which answers for itself.';
const NEWER = 'Redis 7.0 does not have it; ringway answers as later versions do.';

export const DIFFERENCES: readonly Difference[] = [
  { request: 'TIME', reason: "The proxy's own clock." },
  {
    request: 'HELLO',
    reason: `${OWN} The id is that of ringway; the version is the lowest of the servers'.`,
  },
  { request: 'INFO replication', reason: 'It is about ringway; `INFO @server` asks a server.' },
  {
    request: 'ACL HELP',
    reason: 'Users stand in the configuration: what would change them is not offered.',
  },
  { request: 'ACL GENPASS', reason: 'A new password each time.' },
  { request: 'CLIENT ID', reason: OWN },
  { request: 'CLIENT INFO', reason: OWN },
  { request: 'CLIENT LIST', reason: OWN },
  { request: 'CLIENT SETINFO', reason: NEWER },
  {
    request: 'CLIENT NO-TOUCH',
    reason: 'Redis 7.0 does not have it; `ON` is refused, as it would be about other clients too.',
  },
  {
    request: 'CONFIG GET requirepass',
    reason: 'Only the parameters that clients and benchmarks look at are shown.',
  },
  {
    request: 'SCAN 0 COUNT 1000',
    servers: 4,
    reason: 'The servers are visited one after the other; the cursor says where to go on.',
  },
  { request: 'RANDOMKEY', reason: 'Any key may come.' },
  {
    request: 'AUTH secret',
    reason: 'Without a configured password, the words are those of nutcracker.',
  },
];
