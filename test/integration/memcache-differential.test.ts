import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DIFFERENTIAL_CASES } from '../memcache/differential-cases.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { type RealServer, startMemcached } from '../support/real-servers.ts';
import { startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';

// Four memcached servers behind ringway answer every request as one memcached alone does, whole and
// cut in two at every byte.

const AT_ONCE = 64;
let used = 0;

/** A prefix for the keys of one run; all have the same length. */
function freshPrefix(): string {
  return `k${String(++used).padStart(7, '0')}_`;
}

/** Puts the keys of a case in place of K1, K2 ... and B1, B2 ... */
function withKeys(template: string, prefix: string): string {
  return template
    .replace(/\bK(\d)/g, (_, digit) => prefix + digit)
    .replace(/\bB(\d)/g, (_, digit) => Buffer.from(prefix + digit).toString('base64'));
}

/** The reply with the keys as in the template, and without what depends on the server and time. */
function normalized(reply: string, prefix: string): string {
  let text = reply.replaceAll(prefix, 'K');
  for (let digit = 0; digit < 10; digit++) {
    text = text.replaceAll(Buffer.from(prefix + digit).toString('base64'), `B${digit}`);
  }
  return text
    .replace(/^(VALUE \S+ \d+ \d+) \d+\r$/gm, '$1 cas\r')
    .replace(/ c\d+(?=[ \r])/g, ' cas')
    .replace(/ t\d+(?=[ \r])/g, ' ttl')
    .replace(/ l\d+(?=[ \r])/g, ' last')
    .replace(/ (exp|la|cas)=-?\d+/g, ' $1=n');
}

interface Answer {
  readonly reply: string;
  readonly closed: boolean;
}

/** Sends a case in pieces cut at `cut`. */
async function run(port: number, template: string, cut: number): Promise<Answer> {
  const prefix = freshPrefix();
  const request = Buffer.from(withKeys(template, prefix), 'latin1');
  const client = await RawClient.open(port);
  try {
    if (cut > 0) await client.sendPieces([request.subarray(0, cut)]);
    const reply = await client.ask(request.subarray(cut));
    return { reply: normalized(reply, prefix), closed: client.ended };
  } finally {
    client.close();
  }
}

/** Length of a case's request: the same for every prefix. */
function lengthOf(template: string): number {
  return withKeys(template, 'k0000000_').length;
}

async function inParallel<T>(jobs: readonly T[], work: (job: T) => Promise<void>): Promise<void> {
  const queue = [...jobs];
  const worker = async (): Promise<void> => {
    for (let job = queue.pop(); job !== undefined; job = queue.pop()) await work(job);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

describe('one memcached and ringway before four answer alike', () => {
  let alone: RealServer;
  let servers: RealServer[] = [];
  const expected = new Map<string, Answer>();

  before(async () => {
    [alone, ...servers] = await Promise.all(Array.from({ length: 5 }, () => startMemcached()));
    await inParallel(DIFFERENTIAL_CASES, async (each) => {
      expected.set(each, await run(alone.port, each, 0));
    });
  });
  after(() => Promise.all([alone, ...servers].map((server) => server?.stop())));

  const open = (variant: (typeof VARIANTS)[number]): Promise<TestRingway> =>
    startInProcess(
      {
        redis: false,
        timeout: 8000,
        servers: servers.map(({ port }, i) => `127.0.0.1:${port}:1 mc${i + 1}`),
      },
      variant,
    );

  for (const variant of VARIANTS) {
    test(`${DIFFERENTIAL_CASES.length} requests, ${variant.label}`, async () => {
      const ringway = await open(variant);
      const wrong: object[] = [];
      await inParallel(DIFFERENTIAL_CASES, async (request) => {
        const got = await run(ringway.port, request, 0);
        const want = expected.get(request);
        if (JSON.stringify(got) !== JSON.stringify(want)) wrong.push({ request, got, want });
      });
      await ringway.stop();
      assert.deepEqual(wrong, []);
    });

    // Every cut is tried by one codec or another; each codec takes its share of them.
    const share = VARIANTS.indexOf(variant);
    test(`cut in two at every ${VARIANTS.length}th byte, ${variant.label}`, async () => {
      const ringway = await open(variant);
      const jobs = DIFFERENTIAL_CASES.flatMap((request, i) =>
        Array.from({ length: lengthOf(request) - 1 }, (_, at) => ({ request, cut: at + 1 })).filter(
          ({ cut }) => (cut + i) % VARIANTS.length === share,
        ),
      );
      const wrong: object[] = [];
      await inParallel(jobs, async ({ request, cut }) => {
        const got = await run(ringway.port, request, cut);
        const want = expected.get(request);
        if (JSON.stringify(got) !== JSON.stringify(want)) wrong.push({ request, cut, got, want });
      });
      await ringway.stop();
      assert.deepEqual(wrong, []);
    });
  }
});
