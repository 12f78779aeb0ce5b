import { type HostileServer, startHostileServer } from './hostile-server.ts';
import { RealSide } from './real-side.ts';
import { type RoundResult, runRound } from './round.ts';
import { PASSWORD } from './setting.ts';

// Innocent clients beside hostile ones, in front of real servers beside hostile ones: rounds of it.

export class NeighbourFuzz {
  readonly #real: RealSide;
  readonly #hostile: readonly HostileServer[];
  readonly #seed: number;
  rounds = 0;
  requests = 0;
  answered = 0;
  largestBytes = 0;

  constructor(real: RealSide, hostile: readonly HostileServer[], seed: number) {
    this.#real = real;
    this.#hostile = hostile;
    this.#seed = seed;
  }

  static async start(seed: number): Promise<NeighbourFuzz> {
    const hostile: HostileServer[] = [];
    for (const redis of [true, true, false]) hostile.push(await startHostileServer(redis));
    return new NeighbourFuzz(await RealSide.start(PASSWORD), hostile, seed);
  }

  /** @param clients hostile ones */
  async round(clients: number): Promise<RoundResult> {
    // The first round has the seed itself: `--seed S --rounds 1` runs a later one again.
    const seed = (this.#seed + Math.imul(this.rounds, 0x2545f491)) >>> 0;
    const result = await runRound({
      real: this.#real,
      hostile: this.#hostile,
      seed,
      round: this.rounds++,
      clients,
    });
    this.requests += result.requests;
    this.answered += result.answered;
    this.largestBytes = Math.max(this.largestBytes, result.largestBytes);
    return result;
  }

  async stop(): Promise<void> {
    await this.#real.stop();
    for (const server of this.#hostile) await server.stop();
  }
}
