import { Bench } from 'tinybench';
import { median, ratioSpread, type Spread, spread } from '../statistics.ts';

/** One thing to measure, once per codec. */
export interface Case {
  readonly name: string;
  /** Items that one call of a task handles: frames, keys, words. */
  readonly items: number;
  /** Bytes that one call of a task handles. */
  readonly bytes: number;
  readonly tasks: readonly Task[];
}

/** One contestant's part of a case. */
export interface Task {
  /** The codec, or whatever else is measured beside them. */
  readonly codec: string;
  /** Sets the arena up; not measured. */
  readonly before: () => void;
  readonly run: () => void;
}

/** What one codec took for one case. */
export interface Measurement {
  readonly name: string;
  readonly codec: string;
  /** Median of the rounds' medians. */
  readonly nsPerItem: number;
  /** tinybench's margin of error in percent, the median of the rounds. */
  readonly rme: number;
  readonly mbPerSecond: number;
  /** Time of JavaScript divided by this codec's, round by round: above 1 is faster than JavaScript. */
  readonly ratio: Spread;
}

export interface Effort {
  readonly rounds: number;
  readonly timeMs: number;
  readonly warmupMs: number;
}

/** What one contestant took, a value per round. */
export interface Rounds {
  readonly codec: string;
  readonly nsPerItem: readonly number[];
  /** tinybench's margin of error in percent. */
  readonly rme: readonly number[];
}

/**
 * Measures a case: in each round every contestant once, in turning order, so that a slow phase of
 * the machine meets all of them.
 */
export async function measureRounds(it: Case, effort: Effort): Promise<Rounds[]> {
  const found = it.tasks.map(({ codec }) => ({
    codec,
    nsPerItem: [] as number[],
    rme: [] as number[],
  }));
  for (let round = 0; round < effort.rounds; round++) {
    const bench = new Bench({
      time: effort.timeMs,
      iterations: 16,
      warmup: round === 0,
      warmupTime: effort.warmupMs,
      warmupIterations: 64,
      throws: true,
    });
    for (let i = 0; i < it.tasks.length; i++) {
      const { codec, before, run } = it.tasks[(i + round) % it.tasks.length];
      bench.add(codec, run, { beforeAll: before });
    }
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result.state !== 'completed') throw new Error(`${it.name} ${name}: ${result.state}`);
      const of = found.find(({ codec }) => codec === name);
      of?.nsPerItem.push((result.latency.p50 * 1e6) / it.items);
      of?.rme.push(result.latency.rme);
    }
  }
  return found;
}

/** The rounds of a case, summed up, beside the first contestant. */
export async function measure(it: Case, effort: Effort): Promise<Measurement[]> {
  const rounds = await measureRounds(it, effort);
  return rounds.map(({ codec, nsPerItem: list, rme }) => {
    const nsPerItem = spread(list).median;
    return {
      name: it.name,
      codec,
      nsPerItem,
      rme: median(rme),
      mbPerSecond: (it.bytes / it.items / nsPerItem) * 1e3,
      ratio: ratioSpread(rounds[0].nsPerItem, list),
    };
  });
}
